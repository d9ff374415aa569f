"""`tm list`: tasks by status, person, team, label, priority, deadline or text."""

from __future__ import annotations

from tm.cli.spec import FORMATS, Command, Option
from tm.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from tm.app import Session

HEADS = ("task", "status", "priority", "assignee", "deadline", "title")


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Print the matching tasks on stdout, as they come out of the store."""
    from tm.store.listing import Listing

    listing, sort, limit = Listing(session.database), values["sort"] or "-created", values["limit"]
    filters = _filters(session, values)
    if values["format"] in ("json", "jsonl"):
        write_json(listing.json(filters, sort=sort, limit=limit), is_array=values["format"] == "json")
    else:
        from tm.cli.say import rows

        rows(HEADS, listing.cells(filters, sort=sort, limit=limit), nothing="No tasks.")
    session.nudge()
    return 0


def write_json(objects: Iterable[str], *, is_array: bool) -> None:
    """A JSON array, one object a line, or just the lines."""
    import sys

    write, between = sys.stdout.write, "["
    if sys.stdout.isatty():
        from tm.cli.say import harmless

        objects = map(harmless, objects)
    if not is_array:
        for text in objects:
            write(text + "\n")
        return
    for text in objects:
        write(between + text)
        between = ",\n"
    write("[]\n" if between == "[" else "]\n")


def _filters(session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    names = ("status", "assignee", "team", "priority", "label")
    filters = {name: values[name] for name in names if values[name] is not None}
    if values["completed"]:
        if values["status"] not in (None, "completed"):
            raise UsageError(f"--completed and --status {values['status']} exclude each other. Give one of them.")
        filters["status"] = "completed"
    if values["mine"]:
        filters["assignee"] = session.actor
    if values["text"] is not None:
        from tm.store.listing import match

        filters["text"] = match(values["text"])
    if values["due"] is not None:
        filters["due"] = _due(session, values["due"])
    return filters


def _due(session: Session, text: str) -> str:
    from tm.cli.templates import deadline_of
    from tm.clock import stamp

    return stamp(session.clock.now()) if text == "overdue" else deadline_of(session, text)


COMMAND = Command(
    name="list",
    help="List tasks, newest first.",
    panel="Daily",
    run=run,
    options=(
        Option(
            flag="--status", choices=("pending", "in_progress", "blocked", "completed", "cancelled"),
            metavar="STATUS", help="pending, in_progress, blocked, completed or cancelled.",
        ),
        Option(flag="--completed", kind="flag", help="The same as --status completed."),
        Option(flag="--assignee", metavar="WHO", help="Tasks of this person."),
        Option(flag="--mine", kind="flag", help="My tasks: those assigned to TM_ACTOR or git's user.email."),
        Option(flag="--team", metavar="TEAM", help="Tasks of this team."),
        Option(flag="--label", metavar="LABEL", help="Tasks with this label."),
        Option(
            flag="--priority", choices=("low", "medium", "high", "critical"), metavar="PRIORITY",
            help="Tasks of this priority.",
        ),
        Option(flag="--due", metavar="WHEN", help="Open tasks due until then: overdue, today, friday, 2026-12-24."),
        Option(flag="--text", metavar="WORDS", help="Tasks whose title or description has these words."),
        Option(flag="--sort", metavar="FIELD", help="created updated priority deadline title status; - reverses."),
        Option(flag="--limit", kind="int", metavar="N", help="At most so many."),
        FORMATS,
    ),
)  # fmt: skip
