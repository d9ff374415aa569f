"""`tm show`: one task with everything about it."""

from __future__ import annotations

from tm.cli.spec import FORMAT, ID, Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tm.app import Session


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Print the task on stdout."""
    from tm.store.tasks import Tasks

    database = session.database
    task_id = Tasks(database).resolve(values["id"])
    if values["format"] == "json":
        from tm.cli.say import out
        from tm.store.listing import Listing

        out(Listing(database).show_json(task_id))
    else:
        from tm.cli.card import show

        show(session, task_id)
    session.nudge()
    return 0


COMMAND = Command(name="show", help="Show one task.", panel="Daily", run=run, arguments=(ID,), options=(FORMAT,))
