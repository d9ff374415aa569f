"""`tm feedback`: rate a completed task."""

from __future__ import annotations

from tm.cli.spec import CHANGING, ID, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tm.app import Session


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Store the rating and confirm it on stderr."""
    from tm.cli.after import deliver
    from tm.cli.say import confirm
    from tm.cli.texts import maybe
    from tm.service.completion import feedback

    work = session.work(values)
    task_id = feedback(
        work,
        values["id"],
        quality=values["quality"],
        timeliness=values["timeliness"],
        note=maybe(values["note"]),
    )
    confirm(work, f"{task_id} rated.")
    return deliver(session, work, values)


COMMAND = Command(
    name="feedback",
    help="Rate a completed task from 1 to 5.",
    panel="Daily",
    run=run,
    arguments=(ID,),
    options=(
        Option(flag="--quality", kind="int", metavar="1-5", help="3 meets expectations, 5 is exceptional."),
        Option(flag="--timeliness", kind="int", metavar="1-5", help="3 is on time, 5 well ahead."),
        Option(flag="--note", metavar="TEXT", help="At most 500 characters; @FILE or - reads it."),
        *CHANGING,
    ),
)
