"""`tm plugins …`: the plugins and their states."""

from __future__ import annotations

from tm.cli.spec import Command

COMMANDS: tuple[Command, ...] = ()
