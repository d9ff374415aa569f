"""What a `when` expression may ask of an event, and whether it matches."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tm.expressions import MET, judge, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tm.events import Event
    from tm.expressions import Expression


_FACTS: Mapping[str, Callable[[Event], object]] = {
    "event": lambda event: event.name,
    "status": lambda event: event.task.status,
    "priority": lambda event: event.task.priority,
    "assignee": lambda event: event.task.assignee,
    "team": lambda event: event.task.team,
    "label": lambda event: tuple(event.task.labels),
    "origin": lambda event: event.origin,
    "actor": lambda event: event.actor,
}


def facts(event: Event) -> Mapping[str, object]:
    """The names a `when` may use, with what they are for this event."""
    return {name: read(event) for name, read in _FACTS.items()}


def matches(when: str, event: Event) -> bool:
    """Whether a checked `when` expression is certainly true of the event; unknown is no match."""
    expression, names = _parsed(when)
    return judge(expression, {name: _FACTS[name](event) for name in names if name in _FACTS}) == MET


@lru_cache(1000)  # settings hold a few, and every event is asked about all of them
def _parsed(when: str) -> tuple[Expression, tuple[str, ...]]:
    expression = parse(when)
    return expression, expression.names
