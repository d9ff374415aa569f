"""`tm complete`: complete a task, if asked only when its criteria are met."""

from __future__ import annotations

from tm.cli.spec import CHANGING, ID, Command, Option
from tm.errors import CriteriaNotMet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tm.app import Session


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Complete the task and confirm it on stderr; a refusal explains itself there."""
    from tm.cli.after import deliver
    from tm.cli.say import confirm
    from tm.cli.texts import maybe
    from tm.service.completion import complete

    work = session.work(values)
    try:
        task_id = complete(
            work,
            values["id"],
            validate=values["validate"],
            force=values["force"],
            summary=maybe(values["summary"]),
            actual_hours=values["actual_hours"],
        )
    except CriteriaNotMet as refused:
        from tm.cli.offers import with_offers  # only a refusal asks the plugins

        raise with_offers(session, refused) from None
    confirm(work, f"{task_id} completed.")
    return deliver(session, work, values)


COMMAND = Command(
    name="complete",
    help="Complete a task; --validate only if every criterion is met (exit 5 if not).",
    panel="Daily",
    run=run,
    arguments=(ID,),
    options=(
        Option(flag="--validate", kind="flag", help="Refuse unless every criterion is met."),
        Option(flag="--force", kind="flag", help="Complete in spite of unmet criteria; who did is recorded."),
        Option(flag="--actual-hours", kind="float", metavar="HOURS", help="Hours it took, such as 0.5."),
        Option(flag="--summary", metavar="TEXT", help="What was achieved; @FILE or - reads it."),
        *CHANGING,
    ),
)
