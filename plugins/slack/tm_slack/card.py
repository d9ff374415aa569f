"""The card of a task: how it is now, painted over and over in one message. Pure."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tm_slack.parts import (
    FALLBACK_LIMIT,
    context,
    fields,
    footer,
    header,
    links_of,
    met_of,
    name_of,
    paragraph,
    plan_of,
    rating_of,
    title_of,
)
from tm_slack.text import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Event, Link, People, Task

_LOOKS: Mapping[str, tuple[str, str, str]] = {
    "pending": ("⚪", "Pending", "#8D8D8D"),
    "in_progress": ("🔵", "In progress", "#439FE0"),
    "blocked": ("🚫", "Blocked", "#DAA038"),
    "completed": ("✅", "Completed", "#2EB886"),
    "cancelled": ("⚫", "Cancelled", "#8D8D8D"),
    "deleted": ("🗑", "Deleted", "#8D8D8D"),
}
URGENT = "#A30200"


def card(
    event: Event, task: Task | None, *, people: People, links: tuple[Link, ...], url: str | None, is_urgent: bool
) -> dict[str, Any]:
    """The JSON of the card: the task as it is now; one that is gone, as the event last saw it."""
    shown: Any = task or event.task
    emoji, status, color = _LOOKS["deleted" if task is None else task.status]
    about = {
        "Status": f"{emoji} {status}",
        "Assignee": name_of(shown.assignee, people),
        **plan_of(priority=shown.priority, deadline=shown.deadline),
        **(_judged(task) if task else {}),
    }
    is_open = task is not None and task.is_open
    details = [*fields(about), *(_long(task) if task else []), *links_of(links)]
    details.append(footer(event.task_id, actor="", url=url if task else None))
    return {
        "text": cut(f"{emoji} {status}: {title_of(shown.title)}", FALLBACK_LIMIT),
        "blocks": [header(title_of(shown.title)), *([context("🚨 *Urgent*")] if is_urgent and is_open else [])],
        "attachments": [{"color": URGENT if is_urgent and is_open else color, "blocks": details}],
    }


def likeness(message: Mapping[str, Any]) -> str:
    """What tells one look of a card from the next."""
    return sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()[:16]


def _judged(task: Task) -> dict[str, str]:
    if task.status != "completed":
        return {"Criteria": met_of(each.verdict for each in task.criteria)}
    return {"Quality": rating_of(task.feedback_quality), "Timeliness": rating_of(task.feedback_timeliness)}


def _long(task: Task) -> list[dict[str, Any]]:
    if task.status == "blocked":
        return paragraph("Reason", task.blocked_reason or "")
    return paragraph("Summary", task.completion_summary or "") if task.status == "completed" else []
