"""`tm context`: append shared context to a task."""

from __future__ import annotations

from tm.cli.spec import CHANGING, ID, Command, Option
from tm.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tm.app import Session


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Append the text and confirm it on stderr."""
    from tm.cli.after import deliver
    from tm.cli.say import confirm
    from tm.cli.texts import text_of
    from tm.service.editing import context

    if values["shared"] is None:
        raise UsageError('Say what to share. Example: tm context 7f3a0c11 --shared "staging is at v12"')
    work = session.work(values)
    task_id = context(work, values["id"], text_of(values["shared"]))
    confirm(work, f"{task_id} context added.")
    return deliver(session, work, values)


COMMAND = Command(
    name="context",
    help="Append context that everyone working on a task should know.",
    panel="Daily",
    run=run,
    arguments=(ID,),
    options=(Option(flag="--shared", metavar="TEXT", help="The text; @FILE or - reads it."), *CHANGING),
)
