"""Tells a Slack channel, through an incoming webhook, what happens to tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tm
from tm_slack.notices import notice_for, why
from tm_slack.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Event, Finding, Hub

__all__ = ["Settings", "check", "explain", "on_blocked", "on_complete", "on_create", "on_event", "on_progress"]


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
    """Tell of a task that became urgent, and of the rating of a completed one."""
    _tell(event, hub)


@tm.hookimpl
def check(hub: Hub) -> Iterator[Finding]:
    """Whether Slack knows the webhook, and whether a notice of unknown fate waits for a person."""
    from tm_slack.checkup import findings

    yield from findings(hub)


def _tell(event: Event, hub: Hub) -> None:
    notice = notice_for(event, hub.settings)
    if notice is not None:
        from tm_slack.sending import send  # the SDK is dear to import, and most events are not told

        send(notice, event, hub)


@tm.hookimpl
def explain(event: Event, hub: Hub) -> list[str]:
    """Which notice the event is worth under these settings and by which rule, for `tm explain`."""
    return why(event, hub.settings)
