"""`tm add`: add a task and print its id."""

from __future__ import annotations

from tm.cli.spec import CHANGING, Argument, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tm.app import Session


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Add the task; its id is all that goes to stdout."""
    from tm.cli.after import deliver
    from tm.cli.say import out, remark
    from tm.service.editing import add

    fields = fields_of(session, values)
    work = session.work(values)
    out(add(work, fields, depends_on=values["depends_on"]))
    remark(work)
    return deliver(session, work, values)


def fields_of(session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    """The task's fields out of the options, a template under them."""
    from tm.cli.texts import maybe, repaired

    fields: dict[str, Any] = {}
    if values["template"]:
        from tm.cli.templates import fields_of_template

        fields = fields_of_template(session, values["template"])
    typed = {
        "title": repaired(values["title"]),
        "description": maybe(values["description"]),
        "priority": values["priority"],
        "assignee": values["assignee"],
        "team": values["team"],
        "labels": values["label"] or None,
        "estimated_hours": values["estimated_hours"],
    }
    fields |= {name: value for name, value in typed.items() if value is not None}
    if "team" not in fields and session.core.team:
        fields["team"] = session.core.team
    if values["deadline"]:
        from tm.cli.templates import deadline_of

        fields["deadline"] = deadline_of(session, values["deadline"])
    criteria = (*fields.get("criteria", ()), *_criteria(values))
    if criteria:
        fields["criteria"] = criteria
    return fields


def _criteria(values: Mapping[str, Any]) -> tuple[Any, ...]:
    criteria: tuple[Any, ...] = ()
    if values["criteria"] is not None:
        from tm.cli.texts import text_of
        from tm.criteria import from_json

        criteria = from_json(text_of(values["criteria"]))
    if values["criterion"]:
        from tm.criteria import from_expression

        criteria += tuple(from_expression(each) for each in values["criterion"])
    return criteria


COMMAND = Command(
    name="add",
    help="Add a task and print its id.",
    panel="Daily",
    run=run,
    arguments=(Argument(name="title", help="What is to be done, 1 to 500 characters."),),
    options=(
        Option(flag="--description", metavar="TEXT", help="More about it; @FILE or - reads it."),
        Option(
            flag="--priority", choices=("low", "medium", "high", "critical"), metavar="PRIORITY",
            help="low, medium (the default), high or critical.",
        ),
        Option(flag="--assignee", metavar="WHO", help="Who works on it."),
        Option(flag="--team", metavar="TEAM", help="Which team; TM_TEAM and `team` in tm.toml are the default."),
        Option(flag="--label", many=True, metavar="LABEL", help="A label; may be given several times."),
        Option(flag="--deadline", metavar="WHEN", help="2026-12-24, 2026-12-24T15:00, tomorrow, friday, +3d."),
        Option(flag="--estimated-hours", kind="float", metavar="HOURS", help="Hours it should take, such as 0.5."),
        Option(flag="--depends-on", many=True, metavar="ID", help="A task that must be finished first."),
        Option(
            flag="--criterion", many=True, metavar="EXPR",
            help="What must hold before completion, such as 'code_coverage >= 85'; several times.",
        ),
        Option(flag="--criteria", metavar="JSON", help='The same as JSON: [{"criterion", "measurable"}]; @FILE or -.'),
        Option(flag="--template", metavar="NAME", help="Start from [templates.NAME] of tm.toml."),
        *CHANGING,
    ),
)  # fmt: skip
