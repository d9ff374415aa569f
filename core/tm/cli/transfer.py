"""`tm import` and `tm export`."""

from __future__ import annotations

from tm.cli.spec import Command

IMPORT = Command(name="import", help="Import tasks.", run=lambda _session, _values: 0)
EXPORT = Command(name="export", help="Export tasks.", run=lambda _session, _values: 0)
