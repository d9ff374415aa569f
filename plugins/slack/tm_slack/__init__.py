"""Tells Slack, through an incoming webhook or as a bot, what happens to tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tm
from tm_slack.routes import sends_for, why
from tm_slack.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Event, Finding, Hub

__all__ = ["Settings", "check", "explain", "on_blocked", "on_complete", "on_create", "on_event", "on_progress"]

WAKE = "sync.requested"


@tm.hookimpl
def on_create(event: Event, hub: Hub) -> None:
    """Tell of a new task, as urgent if it is."""
    _tell(event, hub)


@tm.hookimpl
def on_progress(event: Event, hub: Hub) -> None:
    """Tell of progress."""
    _tell(event, hub)


@tm.hookimpl
def on_blocked(event: Event, hub: Hub) -> None:
    """Tell of a blocked task and why."""
    _tell(event, hub)


@tm.hookimpl
def on_complete(event: Event, hub: Hub) -> None:
    """Tell of a completed task."""
    _tell(event, hub)


@tm.hookimpl
def on_event(event: Event, hub: Hub) -> None:
    """Tell of a task that became urgent and of a rating; bring cards up to date; send what was gathered."""
    if event.type == WAKE:
        from tm_slack.gathered import Gathering

        if not hub.dry_run:
            from tm_slack.later import tell_gathered, tell_in_line

            gathering = Gathering.of(event)
            if gathering is not None:
                tell_gathered(event, gathering, hub)
            elif event.task_id:
                tell_in_line(event, hub)
        return
    _tell(event, hub)


@tm.hookimpl
def check(hub: Hub) -> Iterator[Finding]:
    """Whether Slack knows us, every channel takes messages, and what waits for a person."""
    from tm_slack.checkup import findings

    yield from findings(hub)


def _tell(event: Event, hub: Hub) -> None:
    sends = sends_for(event, hub.settings, hub.people)
    if hub.settings.has_cards or sends:
        from tm_slack.telling import tell  # the SDK is dear to import, and most events are not told

        tell(event, hub, sends)


@tm.hookimpl
def explain(event: Event, hub: Hub) -> list[str]:
    """Which notices the event is worth under these settings, by which rules, for `tm explain`."""
    return list(why(event, hub.settings, hub.people))
