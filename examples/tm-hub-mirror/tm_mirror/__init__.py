"""Mirrors tasks to JSON files, one each, and brings back what people change in the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tm
from tm_mirror import checkup, looking
from tm_mirror.settings import Settings
from tm_mirror.sync import adopt, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Event, Finding, Hub

__all__ = ["Settings", "check", "on_event", "pull"]


@tm.hookimpl
def on_event(event: Event, hub: Hub) -> None:
    """Bring a task and its file together; make a task of a file that has none.

    Every event means the same here, `sync.requested` included: look at both sides as they are now. So an old
    or repeated event does no harm.
    """
    if event.task_id is None:
        adopt(event, hub)
    else:
        sync(event.task_id, hub)


@tm.hookimpl
def pull(hub: Hub) -> None:
    """Look for files that changed since the last look, and wake their tasks."""
    looking.pull(hub)


@tm.hookimpl
def check(hub: Hub) -> Iterator[Finding]:
    """What keeps tasks and files apart: a folder or file that cannot be used, a file that is gone."""
    yield from checkup.findings(hub)
