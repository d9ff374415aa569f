"""Moving a task through its statuses: progress, block, unblock, cancel, reopen, move."""

from __future__ import annotations

from tm import events, model
from tm.errors import InvalidTransition, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tm.model import Task
    from tm.service.work import Work


_VERBS = {
    model.BLOCKED: 'tm block {} --reason "…"',
    model.COMPLETED: "tm complete {}",
    model.CANCELLED: "tm cancel {}",
}


def progress(work: Work, ref: str, note: str, *, percent: int | None = None, starts: bool = True) -> str:
    """Note progress; the first note starts a pending task, if it `starts`.

    On a blocked, completed or cancelled task the note is kept without changing anything else. `percent` is
    0 to 100. Returns the task's id.
    """
    note = model.text(note, of="progress note")
    if not note.strip():
        raise UsageError('A progress note needs words. Example: tm progress 7f3a0c11 "tests are green"')
    if percent is not None and not 0 <= percent <= 100:
        raise UsageError(f"--percent must be from 0 to 100, not {percent}.")
    data: dict[str, Any] = {"note": note} if percent is None else {"note": note, "percent": percent}

    def change() -> str:
        task = work.get(ref)
        if task.status == model.PENDING and starts:
            started = task.moved_to(model.IN_PROGRESS).with_(started_at=task.started_at or work.now)
            work.keep(task, started, events.PROGRESSED, data=data, then=((events.STARTED, ("status",)),))
        elif task.status == model.IN_PROGRESS:
            work.keep(task, task, events.PROGRESSED, data=data)
        else:
            work.keep(task, task, events.NOTED, data=data)
            work.remarks.append(f"Task {task.id} is {task.status}; the progress was kept as a note.")
        return task.id

    return work.once("progress", (ref, note, percent), change)


def block(work: Work, ref: str, *, reason: str) -> str:
    """Block a task for a reason. Blocking a blocked task replaces the reason. Returns the task's id."""
    reason = model.text(reason, of="reason").strip()
    if not reason:
        raise UsageError('Say why it is blocked. Example: tm block 7f3a0c11 --reason "waiting for the API key"')

    def change() -> str:
        task = work.get(ref)
        moved = task if task.status == model.BLOCKED else task.moved_to(model.BLOCKED)
        blocked = moved.with_(blocked_reason=reason, waits=False)
        work.keep(task, blocked, events.BLOCKED, data={"reason": reason})
        return task.id

    return work.once("block", (ref, reason), change)


def unblock(work: Work, ref: str, *, note: str | None = None) -> str:
    """Send a blocked task back to the status it came from. Returns its id."""
    data = {"note": model.text(note, of="note")} if note else {}

    def change() -> str:
        task = work.get(ref)
        if task.status != model.BLOCKED:
            raise InvalidTransition(f"Task {task.id} is {task.status}, not blocked; nothing was changed.")
        if task.waits:
            work.remarks.append(f"Task {task.id} goes on although it still {task.blocked_reason}.")
        work.keep(task, task.moved_to(task.blocked_from or model.PENDING), events.UNBLOCKED, data=data)
        return task.id

    return work.once("unblock", (ref, note), change)


def cancel(work: Work, ref: str, *, reason: str | None = None) -> str:
    """Give a task up; tasks that waited only for it are freed. Returns its id."""
    data = {"reason": model.text(reason, of="reason")} if reason else {}

    def change() -> str:
        from tm.service.dependencies import free_dependents

        task = work.get(ref)
        caused = work.keep(task, task.moved_to(model.CANCELLED), events.CANCELLED, data=data)
        free_dependents(work, task.id, caused_by=caused)
        return task.id

    return work.once("cancel", (ref, reason), change)


def reopen(work: Work, ref: str, *, reason: str | None = None) -> str:
    """Take a completed or cancelled task up again. Returns its id."""
    data = {"reason": model.text(reason, of="reason")} if reason else {}

    def change() -> str:
        task = work.get(ref)
        if task.is_open:
            raise InvalidTransition(f"Task {task.id} is {task.status}; only a completed or cancelled task reopens.")
        reopened = task.moved_to(model.IN_PROGRESS).with_(completed_at=None, started_at=task.started_at or work.now)
        work.keep(task, reopened, events.REOPENED, data=data)
        return task.id

    return work.once("reopen", (ref, reason), change)


def move(work: Work, ref: str, *, status: str) -> str:
    """Start a pending task, or put one in progress back to pending. Returns its id.

    Every other status has a use case of its own, because it needs a reason, a verdict or a summary.
    """
    if status in _VERBS:
        raise UsageError(f"A task becomes {status} by a verb of its own: {_VERBS[status].format(ref[:60])}")
    model.choice(status, of="status here", among=(model.PENDING, model.IN_PROGRESS))

    def change() -> str:
        task = work.get(ref)
        if task.status == model.BLOCKED:
            raise InvalidTransition(f"Task {task.id} is blocked. Unblock it first: tm unblock {task.id}")
        moved = task.moved_to(status)
        kind = events.STARTED if status == model.IN_PROGRESS else events.PAUSED
        work.keep(task, _stamped(moved, now=work.now), kind)
        return task.id

    return work.once("move", (ref, status), change)


def _stamped(task: Task, *, now: str) -> Task:
    if task.status == model.IN_PROGRESS:
        return task.with_(started_at=task.started_at or now, completed_at=None)
    return task
