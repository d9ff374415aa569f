"""`python -m benchmarks [NAME…] [--quick]`: measure an installed `tm`, print ratios and their goals."""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
from importlib import import_module

from benchmarks.figures import heading
from benchmarks.installed import install

SECTIONS = {
    "verbs": "hot verbs over an interpreter that does nothing",
    "scale": "the same commands in a small and a large store",
    "trouble": "a hot verb while the endpoint is slow, hangs or refuses",
    "deliveries": "deliveries a second over a bare loop of the same client",
    "slack": "Slack with a token: messages a second over a bare loop, an urgent one in a crowd",
    "jira": "Jira: planning, a pass over thousands of tasks, bringing them in, over bare loops",
    "commits": "commit to request, changes over the raw disk, many writers",
    "bulk": "import, and a list of everything",
    "start": "help",
    "githooks": "a git commit with hooks",
}


def main() -> None:
    """Install the wheel, run the sections asked for (all, if none is named)."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure an installed tm. Goals are printed, never enforced: the exit code is 0.",
        epilog="; ".join(f"{name}: {what}" for name, what in SECTIONS.items()),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller stores")
    parser.add_argument("--as-installed", action="store_true", help="do not build the wheel anew")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in SECTIONS]:
        parser.error(f"there is no section {unknown[0]!r}; choose from {', '.join(SECTIONS)}")
    if not asked.as_installed:
        install()
    _say_where()
    for name in asked.names or SECTIONS:
        import_module(f"benchmarks.{name}").run(is_quick=asked.quick)


def _say_where() -> None:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    heading(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, "
        f"{platform.system()} {platform.machine()}, load {load}"
    )


if __name__ == "__main__":
    main()
