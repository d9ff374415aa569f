"""Drawing the consequences of dependencies: who waits, who is freed."""

from __future__ import annotations

from tm import events, model
from tm.errors import Refused
from tm.store.dependencies import Dependencies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tm.model import Task
    from tm.service.work import Work


def depend(work: Work, task_id: str, refs: Sequence[str]) -> tuple[str, ...]:
    """Make a task depend on exactly these; returns the ids that are still open.

    Raises Refused for a cycle, NotFound for an unknown id.
    """
    dependencies = Dependencies(work.database)
    dependencies.clear(task_id)
    for ref in refs:
        target = work.tasks.resolve(ref, exact=work.exact)
        if target == task_id:
            raise Refused(f"Task {task_id} cannot wait for itself.")
        if dependencies.reaches(target, task_id):
            raise Refused(f"Task {task_id} cannot wait for {target}: {target} already waits for {task_id}.")
        dependencies.add(task_id, target)
    return tuple(dependencies.open_of(task_id))


def waiting(task: Task, open_ids: Sequence[str]) -> Task:
    """The task as its open dependencies make it: blocked while there are some."""
    if not open_ids:
        return task
    blocked = task if task.status == model.BLOCKED else task.moved_to(model.BLOCKED)
    return blocked.with_(waits=True, blocked_reason=f"waits for {', '.join(open_ids)}")


def free_dependents(work: Work, task_id: str, *, caused_by: str) -> None:
    """Unblock every task that waited only for this one, each as an event of its own."""
    for waiter in Dependencies(work.database).waiting_for(task_id):
        _look_again(work, waiter, caused_by=caused_by)


def forget(work: Work, task_id: str, *, caused_by: str) -> None:
    """Take a deleted task out of every dependency; what waited only for it is freed."""
    dependencies = Dependencies(work.database)
    waiters = dependencies.waiting_for(task_id)
    dependencies.forget(task_id)
    dependencies.clear(task_id)
    for waiter in waiters:
        _look_again(work, waiter, caused_by=caused_by)


def _look_again(work: Work, waiter: str, *, caused_by: str) -> None:
    task = work.tasks.find(waiter)
    left = Dependencies(work.database).open_of(waiter)
    if task is None:
        return
    if left:
        waits = waiting(task, left)
        if waits != task:
            work.keep(task, waits, events.UPDATED, caused_by=caused_by)
    else:
        freed = task.moved_to(task.blocked_from or model.PENDING)
        work.remarks.append(f"Task {waiter} is free now: {task.title}")
        work.keep(task, freed, events.UNBLOCKED, data={"note": "dependencies finished"}, caused_by=caused_by)
