"""`tm block`: say that a task cannot go on, and why."""

from __future__ import annotations

from tm.cli.spec import CHANGING, ID, Command, Option
from tm.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tm.app import Session


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Block the task and confirm it on stderr."""
    from tm.cli.after import deliver
    from tm.cli.say import confirm
    from tm.cli.texts import text_of
    from tm.service.lifecycle import block

    if values["reason"] is None:
        raise UsageError('Say why it is blocked. Example: tm block 7f3a0c11 --reason "waiting for the API key"')
    work = session.work(values)
    task_id = block(work, values["id"], reason=text_of(values["reason"]))
    confirm(work, f"{task_id} blocked.")
    return deliver(session, work, values)


COMMAND = Command(
    name="block",
    help="Block a task, with the reason.",
    panel="Daily",
    run=run,
    arguments=(ID,),
    options=(Option(flag="--reason", metavar="TEXT", help="Why; @FILE or - reads it."), *CHANGING),
)
