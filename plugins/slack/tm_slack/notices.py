"""Which notice, if any, an event is worth: the words of `events`, and what became urgent. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from tm import matches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tm import Event

Word = Literal["created", "progress", "blocked", "completed", "urgent"]
Notice = Literal["created", "progress", "blocked", "completed", "urgent", "rated"]
NOTICES: tuple[Notice, ...] = get_args(Notice)

_OWN: Mapping[str, Notice] = {
    "task.created": "created",
    "task.progressed": "progress",
    "task.noted": "progress",
    "task.blocked": "blocked",
    "task.completed": "completed",
    "task.rated": "rated",
}
_OVER = ("completed", "cancelled")
_FOLDED = ("status", "priority", "assignee", "team", "labels")


def notice_for(event: Event, words: Sequence[str], *, urgent: str) -> Notice | None:
    """The one notice the event is worth where these words are told, or None; `urgent` is the expression.

    A task that is created urgent is told as urgent. A rating follows up on a told completion.
    """
    own = _OWN.get(event.type)
    is_told = own in words or (own == "rated" and "completed" in words)
    is_urgent = "urgent" in words and became(urgent, event)
    if is_urgent and (own == "created" or not is_told):
        return "urgent"
    return own if is_told else None


def type_of(notice: Notice) -> str:
    """The type of event that a notice tells of; an urgent one is shown as a creation's."""
    return next((kind for kind, own in _OWN.items() if own == notice), "task.created")


def became(expression: str, event: Event) -> bool:
    """Whether this very event made an open task match: it does now and did not before."""
    if event.task.status in _OVER or not matches(expression, event):
        return False
    old = {name: event.changes[name][0] for name in _FOLDED if name in event.changes}
    before = event.with_(type="", task=event.task.with_(**old))
    return event.type == "task.created" or not matches(expression, before)
