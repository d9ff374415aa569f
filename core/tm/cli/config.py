"""`tm config …`: check, show and trust what the hub is told."""

from __future__ import annotations

from tm.cli.spec import Command

COMMANDS: tuple[Command, ...] = ()
