"""`tm mirror status` and `tm mirror pull`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

import tm
from tm_mirror import checkup, looking
from tm_mirror.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Hub

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Tasks as JSON files, both ways.")


@app.command()
def status() -> None:
    """Say how the folder is doing, and which files differ from their tasks."""
    with _hub(dry_run=True) as hub:
        for finding in checkup.findings(hub):
            typer.echo(f"{finding.level}\t{finding.message}")
        if hub.cursors.get():
            _show(looking.changes(Folder(hub.settings.path), hub)[0])


@app.command()
def pull(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be brought in.")] = False,
) -> None:
    """Bring in what changed in the folder, now instead of at the worker's next look."""
    with _hub(dry_run=dry_run) as hub:
        _show(looking.changes(Folder(hub.settings.path), hub)[0] if dry_run else looking.pull(hub))


def _show(found: list[looking.Change]) -> None:
    for change in found:
        typer.echo(f"{change.kind}\t{change.name}\t{change.task_id or ''}")


@contextmanager
def _hub(*, dry_run: bool) -> Iterator[Hub]:
    try:
        with tm.open_hub("mirror", dry_run=dry_run) as hub:
            yield hub
    except tm.RetryLater as later:
        raise tm.TmError(str(later)) from None
