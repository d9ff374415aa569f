"""Mirrors tasks to JSON files, one each, and brings back what people change in the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tm
from tm_mirror import adopt, checkup, looking, sync
from tm_mirror.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Event, Finding, Hub

__all__ = ["Settings", "check", "on_event", "pull"]


@tm.hookimpl
def on_event(event: Event, hub: Hub) -> None:
    """Bring a task and its file together, or make a task of a file that has none.

    Every event means the same here: look at both sides as they are now. What was in the folder at the first
    look is brought in quietly, so that a full folder does not flood other plugins.
    """
    tasks = hub.tasks.quietly() if event.data.get("hint") == looking.FIRST_LOOK else hub.tasks
    if event.task_id is None:
        adopt.adopt(event, hub, tasks=tasks)
    else:
        sync.sync(event.task_id, hub, tasks=tasks)


@tm.hookimpl
def pull(hub: Hub) -> None:
    """Look for files that changed since the last look, and wake their tasks."""
    looking.pull(hub)


@tm.hookimpl
def check(hub: Hub) -> Iterator[Finding]:
    """Find what keeps tasks and files apart: a folder or file that cannot be used, a file that is gone."""
    yield from checkup.findings(hub)
