"""`tm ci …`."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Measure what a pipeline wrote; judge tasks by it.")
