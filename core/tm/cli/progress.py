"""`tm progress`: note progress on a task."""

from __future__ import annotations

from tm.cli.spec import CHANGING, ID, Argument, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tm.app import Session


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Note progress and confirm it on stderr."""
    from tm.cli.after import deliver
    from tm.cli.say import confirm
    from tm.cli.texts import text_of
    from tm.service.lifecycle import progress

    work = session.work(values)
    task_id = progress(work, values["id"], text_of(values["text"]), percent=values["percent"])
    confirm(work, f"{task_id} progress noted.")
    return deliver(session, work, values)


COMMAND = Command(
    name="progress",
    help="Note progress on a task; the first note starts it.",
    panel="Daily",
    run=run,
    arguments=(ID, Argument(name="text", help="What was done; @FILE or - reads it from a file or stdin.")),
    options=(Option(flag="--percent", kind="int", metavar="0-100", help="How far the task is."), *CHANGING),
)
