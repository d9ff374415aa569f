"""What a `when` expression may ask of an event, and whether it matches."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tm.expressions import MET, judge, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.events import Event


_parsed = lru_cache(1000)(parse)  # settings hold a few, and every event is asked about all of them


def facts(event: Event) -> Mapping[str, object]:
    """The names a `when` may use, with what they are for this event."""
    task = event.task
    return {
        "event": event.name,
        "status": task.status,
        "priority": task.priority,
        "assignee": task.assignee,
        "team": task.team,
        "label": tuple(task.labels),
        "origin": event.origin,
        "actor": event.actor,
    }


def matches(when: str, event: Event) -> bool:
    """Whether a checked `when` expression is certainly true of the event; unknown is no match."""
    return judge(_parsed(when), facts(event)) == MET
