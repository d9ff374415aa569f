"""Which notice, if any, an event is worth: the words of `events`, routes, and what became urgent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tm import matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Event
    from tm_slack.settings import Settings

Word = Literal["created", "progress", "blocked", "completed", "urgent"]
Notice = Literal["created", "progress", "blocked", "completed", "urgent", "rated"]

_OWN: Mapping[str, Notice] = {
    "task.created": "created",
    "task.progressed": "progress",
    "task.blocked": "blocked",
    "task.completed": "completed",
    "task.rated": "rated",
}
_OVER = ("completed", "cancelled")
_FOLDED = ("status", "priority", "assignee", "team", "labels")


def notice_for(event: Event, settings: Settings) -> Notice | None:
    """The one notice the event is worth under these settings, or None.

    A task that is created urgent is told as urgent. A rating follows up on a told completion.
    """
    words = _words_for(event, settings)
    own = _OWN.get(event.type)
    is_told = own in words or (own == "rated" and "completed" in words)
    is_urgent = "urgent" in words and _became(settings.urgent, event)
    if is_urgent and (own == "created" or not is_told):
        return "urgent"
    return own if is_told else None


def why(event: Event, settings: Settings) -> list[str]:
    """Which rule decides, and what it comes to, in sentences."""
    route = next((n for n, each in enumerate(settings.routes, start=1) if matches(each.when, event)), None)
    words = ", ".join(_words_for(event, settings)) or "nothing"
    rule = f"Route {route} matches" if route else "No route matches, so `events` decides"
    notice = notice_for(event, settings)
    return [f"{rule}: {words} is told.", f"This is told as {notice}." if notice else "This is not told."]


def _words_for(event: Event, settings: Settings) -> tuple[Word, ...]:
    route = next((route for route in settings.routes if matches(route.when, event)), None)
    return route.events if route else settings.events


def _became(expression: str, event: Event) -> bool:
    """Whether this very event made an open task match: it does now and did not before."""
    if event.task.status in _OVER or not matches(expression, event):
        return False
    old = {name: event.changes[name][0] for name in _FOLDED if name in event.changes}
    before = event.with_(type="", task=event.task.with_(**old))
    return event.type == "task.created" or not matches(expression, before)
