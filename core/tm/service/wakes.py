"""Owing a plugin a look at a task, or at an object outside that has none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.clock import instant
from tm.events import SYNC_REQUESTED, Event, Snapshot, snapshot
from tm.service.work import event_id
from tm.store.events import Events
from tm.store.outbox import Outbox
from tm.store.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.store.protocol import Database

_NOTHING = Snapshot(title="", status="pending", priority="medium")


def wake(database: Database, plugin: str, *, task_id: str | None, data: Mapping[str, str], at: str) -> None:
    """Owe a plugin one `sync.requested`, inside the caller's transaction; of an object outside for no task.

    Nothing changes while the last one of the same line waits to be looked at, or when the task is gone.
    """
    outbox = Outbox(database)
    task = Tasks(database).find(task_id) if task_id else None
    line = task_id or f"outside:{data['outside']}"
    if (task_id and task is None) or outbox.is_woken(plugin, line=line):
        return
    event = Event(
        id=event_id(instant(at).timestamp()), type=SYNC_REQUESTED, task_id=task_id, revision=0, origin="tm",
        actor=plugin, at=at, task=snapshot(task) if task else _NOTHING, data=data,
    )  # fmt: skip
    seq = Events(database).record(event, private_to=plugin, fanned_out_at=at)
    outbox.owe(plugin, event_seq=seq, line=line, at=at, judged=True)
