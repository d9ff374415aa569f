"""The rarer changes: update, assign, unblock, reopen, cancel, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm.cli.after import deliver
from tm.cli.say import confirm, remark
from tm.cli.spec import CHANGING, ID, Argument, Command, Option
from tm.cli.templates import deadline_of
from tm.cli.texts import maybe, repaired
from tm.criteria import from_expression, from_json
from tm.errors import UsageError
from tm.model import STATUSES
from tm.service import editing, lifecycle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session

NONE = "none"
_CLEARABLE = ("description", "assignee", "team", "deadline")


def run_update(session: Session, values: Mapping[str, Any]) -> int:
    """Change fields; `--status` moves between pending and in_progress."""
    work = session.work(values)
    fields = _fields(session, values)
    depends_on = None if not values["depends_on"] else tuple(each for each in values["depends_on"] if each != NONE)
    labels = {"add_labels": values["label"], "remove_labels": values["remove_label"]}
    if values["status"]:
        if fields or depends_on is not None or any(labels.values()):
            raise UsageError(f"Change the status alone: tm update {values['id'][:60]} --status {values['status']}")
        task_id = lifecycle.move(work, values["id"], status=values["status"])
    elif fields or depends_on is not None or any(labels.values()):
        task_id = editing.update(work, values["id"], fields, depends_on=depends_on, **labels)
    else:
        raise UsageError('Say what to change. Example: tm update 7f3a0c11 --title "A better title"')
    if work.recorded or work.is_repeat:
        confirm(work, f"{task_id} updated.")
    else:
        remark(work)
    return deliver(session, work, values)


def _fields(session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    typed = {name: maybe(values[name]) for name in ("title", "description", "assignee", "team", "deadline")}
    fields: dict[str, Any] = {name: value for name, value in typed.items() if value is not None}
    for name in _CLEARABLE:
        if fields.get(name) == NONE:
            fields[name] = None
    if fields.get("deadline"):
        fields["deadline"] = deadline_of(session, fields["deadline"])
    for name in ("priority", "estimated_hours", "actual_hours"):
        if values[name] is not None:
            fields[name] = values[name]
    criteria = from_json(maybe(values["criteria"]) or "") if values["criteria"] is not None else ()
    criteria += tuple(from_expression(each) for each in values["criterion"])
    if criteria or values["criteria"] is not None:
        fields["criteria"] = criteria
    return fields


def run_assign(session: Session, values: Mapping[str, Any]) -> int:
    """Give a task to somebody, or to nobody."""
    who = repaired(values["who"])
    work = session.work(values)
    task_id = editing.update(work, values["id"], {"assignee": None if who == NONE else who})
    confirm(work, f"{task_id} assigned to {'nobody' if who == NONE else who}.")
    return deliver(session, work, values)


def run_unblock(session: Session, values: Mapping[str, Any]) -> int:
    """Send a blocked task back to where it came from."""
    work = session.work(values)
    task_id = lifecycle.unblock(work, values["id"], note=maybe(values["note"]))
    confirm(work, f"{task_id} unblocked.")
    return deliver(session, work, values)


def run_reopen(session: Session, values: Mapping[str, Any]) -> int:
    """Take a finished task up again."""
    work = session.work(values)
    task_id = lifecycle.reopen(work, values["id"], reason=maybe(values["reason"]))
    confirm(work, f"{task_id} reopened.")
    return deliver(session, work, values)


def run_cancel(session: Session, values: Mapping[str, Any]) -> int:
    """Give a task up."""
    work = session.work(values)
    task_id = lifecycle.cancel(work, values["id"], reason=maybe(values["reason"]))
    confirm(work, f"{task_id} cancelled.")
    return deliver(session, work, values)


def run_delete(session: Session, values: Mapping[str, Any]) -> int:
    """Delete a task for good."""
    work = session.work(values)
    task_id = editing.delete(work, values["id"], purge=values["purge"])
    confirm(work, f"{task_id} {'purged: every text of it is gone' if values['purge'] else 'deleted'}.")
    return deliver(session, work, values)


_REASON = Option(flag="--reason", metavar="TEXT", help="Why; @FILE or - reads it.")

UPDATE = Command(
    name="update",
    help="Change fields of a task; 'none' empties one.",
    run=run_update,
    panel="Tasks",
    arguments=(ID,),
    options=(
        Option(flag="--title", metavar="TEXT", help="Another title."),
        Option(flag="--description", metavar="TEXT", help="Another description; @FILE or - reads it."),
        Option(
            flag="--priority",
            choices=("low", "medium", "high", "critical"),
            metavar="PRIORITY",
            help="low, medium, high or critical.",
        ),
        Option(flag="--assignee", metavar="WHO", help="Who works on it."),
        Option(flag="--team", metavar="TEAM", help="Which team."),
        Option(flag="--label", many=True, metavar="LABEL", help="Add a label; several times."),
        Option(flag="--remove-label", many=True, metavar="LABEL", help="Take a label off; several times."),
        Option(flag="--deadline", metavar="WHEN", help="2026-12-24, tomorrow, friday, +3d."),
        Option(flag="--estimated-hours", kind="float", metavar="HOURS", help="Hours it should take."),
        Option(flag="--actual-hours", kind="float", metavar="HOURS", help="Hours it took."),
        Option(
            flag="--depends-on",
            many=True,
            metavar="ID",
            help="All tasks it waits for, replacing the old ones.",
        ),
        Option(flag="--criterion", many=True, metavar="EXPR", help="All its criteria, replacing the old ones."),
        Option(flag="--criteria", metavar="JSON", help="The same as JSON; [] removes all. @FILE or -."),
        Option(
            flag="--status",
            choices=STATUSES,
            metavar="STATUS",
            help="in_progress starts it, pending puts it back; the other moves have verbs of their own.",
        ),
        *CHANGING,
    ),
)
ASSIGN = Command(
    name="assign",
    help="Give a task to somebody ('none': to nobody).",
    run=run_assign,
    panel="Daily",
    arguments=(ID, Argument(name="who", help="E-mail or name.")),
    options=CHANGING,
)
UNBLOCK = Command(
    name="unblock",
    help="Send a blocked task back to the status it came from.",
    run=run_unblock,
    panel="Daily",
    arguments=(ID,),
    options=(Option(flag="--note", metavar="TEXT", help="What helped; @FILE or - reads it."), *CHANGING),
)
REOPEN = Command(
    name="reopen",
    help="Take a completed or cancelled task up again.",
    run=run_reopen,
    panel="Tasks",
    arguments=(ID,),
    options=(_REASON, *CHANGING),
)
CANCEL = Command(
    name="cancel",
    help="Give a task up.",
    run=run_cancel,
    panel="Tasks",
    arguments=(ID,),
    options=(_REASON, *CHANGING),
)
DELETE = Command(
    name="delete",
    help="Delete a task; its id is never used again.",
    run=run_delete,
    panel="Tasks",
    arguments=(ID,),
    options=(
        Option(flag="--purge", kind="flag", help="Also empty every text of it in the history."),
        *CHANGING,
    ),
)
