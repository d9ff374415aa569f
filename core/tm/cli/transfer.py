"""`tm export` and `tm import`: tasks, or the whole store, as JSON."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tm.cli.after import deliver
from tm.cli.bar import watched
from tm.cli.listing import write_json
from tm.cli.say import remark, say
from tm.cli.spec import Argument, Command, Option
from tm.errors import StoreError, UsageError
from tm.handover import is_ci
from tm.service.bulk import add_all, restore_all
from tm.service.drafts import Rules
from tm.service.entries import WHOLE_STORE, Source
from tm.store.transfer import dump, tasks
from tm.times import zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    from tm.app import Session
    from tm.service.work import Work


def run_export(session: Session, values: Mapping[str, Any]) -> int:
    """Print every task, or with `--all` everything the store holds."""
    if values["all"] and values["format"] == "json":
        raise UsageError("--all is JSON Lines, one row a line; leave --format out.")
    with _writing():
        if values["all"]:
            sys.stdout.writelines(dump(session.database))
        else:
            write_json(tasks(session.database), is_array=values["format"] != "jsonl")
    return 0


@contextmanager
def _writing() -> Iterator[None]:
    """UTF-8 whatever the locale, and a sentence when the disk is full: half a copy must not pass for a whole one."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the buffer still holds has nowhere to go
        raise StoreError(f"The export could not be written to its end: {error.strerror}.") from error


def run_import(session: Session, values: Mapping[str, Any]) -> int:
    """Store the tasks of a file, or a whole export, and say on stderr how many."""
    name, started = values["file"], session.clock.monotonic()
    work = session.work({}, quiet=not values["notify"])
    with _opened(name) as file, watched(file, size=_size(file)) as readable:
        try:
            found = _take(session, work, Source(readable), values=values)
        except UsageError as error:
            raise UsageError(f"Nothing was imported. {'stdin' if name == '-' else name}: {error}") from None
    if values["dry_run"]:
        say(f"No mistakes: {found} would be imported. Nothing was stored.")
        return 0
    say(f"Imported {found} in {session.clock.monotonic() - started:.1f} s.")
    remark(work)
    if values["notify"]:
        return deliver(session, work, {})
    session.nudge()
    return 0


def _take(session: Session, work: Work, source: Source, *, values: Mapping[str, Any]) -> str:
    if source.kind == WHOLE_STORE:
        if values["notify"]:
            raise UsageError("--notify is for tasks; a whole export brings what is still owed with it.")
        counts = restore_all(work, source, dry_run=values["dry_run"])
        return f"{_count(counts['task'], 'task')} and {_count(counts['event'], 'event')}"
    rules = Rules(
        now=session.clock.now(),
        zone=zone(session.core.timezone),
        team=session.core.team,
        automated=is_ci(session.environ),
    )
    return _count(add_all(work, source, rules, dry_run=values["dry_run"]), "task")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        if not hasattr(sys.stdin, "buffer"):
            raise UsageError("stdin is closed; pipe something into it, or name a file.")
        yield sys.stdin.buffer
        return
    try:
        file = open(name, "rb")  # noqa: PTH123, SIM115 - closed below; the block's own errors are not about the file
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} cannot be read: {getattr(error, 'strerror', error)}.") from None
    with file:
        yield file


def _size(file: BinaryIO) -> int | None:
    try:
        return os.fstat(file.fileno()).st_size or None
    except OSError:
        return None


EXPORT = Command(
    name="export",
    help="Print every task as JSON with its progress and context; with --all everything the store holds.",
    panel="Tasks",
    run=run_export,
    options=(
        Option(
            flag="--all",
            kind="flag",
            help="The whole store without loss, for tm import into an empty one: history, links, what is still owed.",
        ),
        Option(
            flag="--format",
            choices=("json", "jsonl"),
            metavar="FORMAT",
            help="json (one array; the default) or jsonl (one object a line).",
        ),
    ),
)
IMPORT = Command(
    name="import",
    help="Add the tasks of a file (JSON, JSON Lines or CSV), or fill an empty store from tm export --all.",
    panel="Tasks",
    run=run_import,
    arguments=(Argument(name="file", help="The file; - reads stdin."),),
    options=(
        Option(flag="--notify", kind="flag", help="Tell the plugins of each task; they are not told otherwise."),
        Option(flag="--dry-run", kind="flag", help="Look for mistakes only; store nothing."),
    ),
    epilog="Fields are those of tm add and of tm export; only title is required. All tasks are stored, or none.",
)
