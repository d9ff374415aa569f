"""`tm git …`."""

from __future__ import annotations

import typer

from tm_git import hook_commands, work_commands

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Commits and branches of tasks.")
app.registered_commands += [*hook_commands.app.registered_commands, *work_commands.app.registered_commands]
