"""Keeps tasks and Jira issues in step, both ways, with nothing lost on either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tm
from tm_jira.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Event, Finding, Hub

__all__ = ["Settings", "check", "explain", "on_event", "pull"]


@tm.hookimpl
def on_event(event: Event, hub: Hub) -> None:
    """Bring a task and its issue together, or make a task of an issue that has none.

    Every event means the same here: look at both sides as they are now.
    """
    if hub.dry_run:
        return
    if event.task_id is None:
        from tm_jira.waking import look_at  # the package is dear to import, and most events need none of it

        look_at(event, hub)
    else:
        from tm_jira.sync import sync

        sync(event, hub, tasks=hub.tasks)


@tm.hookimpl
def pull(hub: Hub) -> None:
    """Look for issues that changed since the last look, and wake their tasks."""
    from tm_jira.looking import pull as look

    look(hub)


@tm.hookimpl
def explain(event: Event, hub: Hub) -> list[str]:
    """Which project a task goes to and what its issue is told, for `tm explain`."""
    from tm_jira.explaining import sentences

    return list(sentences(event, hub))


@tm.hookimpl
def check(hub: Hub) -> Iterator[Finding]:
    """Whether Jira knows us, every project takes issues, and every status and priority is known there."""
    from tm_jira.checkup import findings

    yield from findings(hub)
