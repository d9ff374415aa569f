"""One task for a reader: fields, verdicts, links and the two logs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tm.cli.say import out, plain, rows
from tm.store.listing import Listing

if TYPE_CHECKING:
    from tm.app import Session

_MARKS = {"met": "✓", "unmet": "✗", "unknown": "?"}
_APART = ("criteria", "measurements", "links", "progress", "context", "depends_on", "labels")


def show(session: Session, task_id: str) -> None:
    """Print the task: name and value, then everything that is a list."""
    task = json.loads(Listing(session.database).show_json(task_id))
    fields = [
        (name.replace("_", " "), value) for name, value in task.items() if name not in _APART and value is not None
    ]
    joined = [(name.replace("_", " "), ", ".join(task[name])) for name in ("labels", "depends_on") if task[name]]
    rows(("field", "value"), [*fields, *joined, *_measured(task)])
    for line in _lines(task):
        out(plain(line))


def _measured(task: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f"measured {name}", str(value)) for name, value in task["measurements"].items()]


def _lines(task: dict[str, Any]) -> list[str]:
    criteria = [
        f"{_MARKS[each['verdict']]} {number}. {each['criterion']}"
        + (f"  ({each['measurable']})" if each["measurable"] and each["measurable"] != each["criterion"] else "")
        for number, each in enumerate(task["criteria"], start=1)
    ]
    links = [
        "→ " + " ".join(str(each[name]) for name in ("kind", "key", "title", "url", "detail") if each[name])
        for each in task["links"]
    ]
    progress = [f"{each['at'][:16]}  {each['actor']}: {each['note']}" for each in task["progress"]]
    context = [f"{each['at'][:16]}  {each['actor']} shared: {each['text'].strip()}" for each in task["context"]]
    return [*criteria, *links, *progress, *context]
