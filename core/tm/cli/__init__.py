"""The `tm` command: parse, one call, print."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `tm` with this process's arguments and end the process."""
    from tm.cli.start import run

    run(sys.argv[1:])
