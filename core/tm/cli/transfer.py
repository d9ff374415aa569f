"""`tm export` and `tm import`: tasks, or the whole store, as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tm.cli.listing import write_json
from tm.cli.spec import Argument, Command, Option
from tm.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session


def run_export(session: Session, values: Mapping[str, Any]) -> int:
    """Print every task, or with `--all` everything the store holds."""
    from tm.store.transfer import dump, tasks

    if values["all"] and values["format"] == "json":
        raise UsageError("--all writes JSON Lines only; leave --format out.")
    if values["all"]:
        sys.stdout.writelines(dump(session.database))
    else:
        write_json(tasks(session.database), is_array=values["format"] != "jsonl")
    return 0


def run_import(session: Session, values: Mapping[str, Any]) -> int:
    """Store the tasks of a file, or a whole export."""
    raise UsageError("tm import is being written.")


EXPORT = Command(
    name="export",
    help="Print every task as JSON, with progress and context; --all prints the whole store for tm import.",
    panel="Tasks",
    run=run_export,
    options=(
        Option(
            flag="--all",
            kind="flag",
            help="Everything, without loss: history, links, deliveries still owed. For: tm import -",
        ),
        Option(
            flag="--format",
            choices=("json", "jsonl"),
            metavar="FORMAT",
            help="json (one array, the default) or jsonl (one object a line).",
        ),
    ),
)
IMPORT = Command(
    name="import",
    help="Add the tasks of a file: JSON, JSON Lines, CSV, or an export.",
    panel="Tasks",
    run=run_import,
    arguments=(Argument(name="file", help="The file; - reads stdin."),),
    options=(
        Option(flag="--notify", kind="flag", help="Tell the plugins of every task; without it they are not told."),
        Option(flag="--dry-run", kind="flag", help="Only look for mistakes; store nothing."),
    ),
)
