"""`tm doctor`."""

from __future__ import annotations

from tm.cli.spec import Command

COMMAND = Command(name="doctor", help="", run=lambda _session, _values: 0)
