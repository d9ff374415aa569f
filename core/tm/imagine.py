"""An event as it would look if it happened to a task now; nothing is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm import model
from tm.clock import stamp
from tm.errors import NotFound
from tm.events import BLOCKED, CANCELLED, COMPLETED, PAUSED, REOPENED, STARTED, UNBLOCKED, Event, snapshot
from tm.service.work import event_id
from tm.store.events import Events
from tm.store.tasks import Tasks

if TYPE_CHECKING:
    from tm.clock import Clock
    from tm.model import Task
    from tm.store.protocol import Database

_STATUS_AFTER = {
    STARTED: model.IN_PROGRESS,
    PAUSED: model.PENDING,
    BLOCKED: model.BLOCKED,
    COMPLETED: model.COMPLETED,
    REOPENED: model.IN_PROGRESS,
    CANCELLED: model.CANCELLED,
}


def imagined(database: Database, clock: Clock, *, kind: str, task_id: str, origin: str, actor: str) -> Event:
    """The event of this type, about a task as it is.

    What belongs to the type (a reason, a note) is taken from the last such event of the task, if there was one.
    Raises NotFound.
    """
    task = Tasks(database).find(task_id)
    if task is None:
        raise NotFound(f"There is no task {task_id!r}. See the ids: tm list")
    before = [each for each in Events(database).of_task(task_id) if each.type == kind]
    status = _STATUS_AFTER.get(kind) or (_status_before_block(task) if kind == UNBLOCKED else task.status)
    changes = {"status": (task.status, status)} if status != task.status else (before[-1].changes if before else {})
    return Event(
        id=event_id(clock.now().timestamp()),
        type=kind,
        task_id=task_id,
        revision=task.revision + 1,
        origin=origin,
        actor=actor,
        at=stamp(clock.now()),
        task=snapshot(task.with_(status=status)),
        changes=changes,
        data=before[-1].data if before else {},
    )


def _status_before_block(task: Task) -> str:
    return (task.blocked_from or model.PENDING) if task.status == model.BLOCKED else task.status
