"""Adding a task, changing its fields, appending context, deleting."""

from __future__ import annotations

import os

from tm import events, model
from tm.clock import instant, stamp
from tm.errors import Refused, StoreError, UsageError
from tm.model import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tm.service.work import Work
    from tm.store.links import Link

FIELDS = (
    "title", "description", "priority", "assignee", "team", "labels", "deadline", "estimated_hours", "actual_hours",
    "criteria",
)  # fmt: skip
CLEARABLE = ("description", "assignee", "team", "deadline", "estimated_hours", "actual_hours")


def add(work: Work, fields: Mapping[str, Any], *, depends_on: Sequence[str] = (), link: Link | None = None) -> str:
    """Add a task and return its id.

    `fields` are those of FIELDS; `title` is required, `deadline` an aware stamp, `criteria` a tuple of
    Criterion. Open dependencies make the task blocked until they are finished. With `link` the task is tied
    to that outside object in the same transaction; if one is tied to it already, that task's id comes back
    and nothing is added. An empty `outside_id` stands for the task's own id.
    """
    checked = check(fields)
    if "title" not in checked:
        raise UsageError('A task needs a title. Example: tm add "Ship the parser"')
    waits_for = tuple(depends_on)

    def change() -> str:
        if link and (tied := Links(work.database).of_same_object(link)):
            return tied[0].task_id
        task = Task(id=_fresh_id(work), created_at=work.now, **checked)
        data: dict[str, Any] = {}
        if waits_for:
            from tm.service.dependencies import depend, waiting
            from tm.store.dependencies import Dependencies

            task = waiting(task, depend(work, task.id, waits_for))
            data = {"waits_for": Dependencies(work.database).of(task.id)}
        work.keep(None, task, events.CREATED, data=data)
        _remark_on_deadline(work, task)
        if link:
            own = {"task_id": task.id, "outside_id": link.outside_id or task.id}
            Links(work.database).save(link.with_(**own), at=work.now)
        return task.id

    if link:
        from tm.store.links import Links  # only plugins tie tasks
    return work.once("add", (work.asked(checked), waits_for, link), change)


def update(
    work: Work,
    ref: str,
    fields: Mapping[str, Any],
    *,
    depends_on: Sequence[str] | None = None,
    add_labels: Sequence[str] = (),
    remove_labels: Sequence[str] = (),
) -> str:
    """Change fields of a task; None empties one that may be empty. Returns the task's id.

    `depends_on` replaces all dependencies. Nothing is recorded when nothing differs.
    """
    checked = check(fields)
    labels = (tuple(add_labels), tuple(remove_labels))

    def change() -> str:
        task = work.get(ref)
        changed = _relabelled(task.with_(**checked), add=labels[0], remove=labels[1])
        if "criteria" in checked:
            from tm.service.measuring import judge_again

            changed = judge_again(work, changed)
        data: dict[str, Any] = {}
        if depends_on is not None:
            changed, data = _depending(work, changed, depends_on)
        _keep_update(work, task, changed, data=data)
        if changed.deadline != task.deadline:
            _remark_on_deadline(work, changed)
        return task.id

    arguments = (ref, work.asked(checked), labels, depends_on)
    return work.once("update", arguments, change)


def _remark_on_deadline(work: Work, task: Task) -> None:
    if task.deadline and task.deadline < work.now:
        work.remarks.append(f"The deadline of task {task.id}, {task.deadline[:16]}Z, is past already.")


def _keep_update(work: Work, task: Task, changed: Task, *, data: Mapping[str, Any]) -> None:
    if changed == task and not data:
        work.remarks.append(f"Task {task.id} already is like that; nothing was changed.")
    elif changed.status == task.status:
        work.keep(task, changed, events.UPDATED, data=data)
    else:
        kind = events.BLOCKED if changed.status == model.BLOCKED else events.UNBLOCKED
        work.keep(task, changed, events.UPDATED, data=data, then=((kind, ("status", "blocked_reason")),))


def _depending(work: Work, task: Task, refs: Sequence[str]) -> tuple[Task, dict[str, Any]]:
    from tm.service.dependencies import depend, waiting
    from tm.store.dependencies import Dependencies

    dependencies = Dependencies(work.database)
    was = dependencies.of(task.id)
    open_ids = depend(work, task.id, refs)
    ids = dependencies.of(task.id)
    data = {"waits_for": ids} if ids != was else {}
    if task.waits and not open_ids:
        return task.moved_to(task.blocked_from or model.PENDING), data
    is_free = task.is_open and (task.waits or task.status != model.BLOCKED)
    return waiting(task, open_ids) if is_free else task, data


def _relabelled(task: Task, *, add: Sequence[str], remove: Sequence[str]) -> Task:
    if not add and not remove:
        return task
    kept = {label for label in task.labels if label not in remove}
    return task.with_(labels=tuple(sorted(kept | {model.name(label, of="label") for label in add})))


def context(work: Work, ref: str, text: str) -> str:
    """Append a piece of shared context; nothing already there is replaced. Returns the task's id."""
    text = model.text(text, of="context")
    if not text.strip():
        raise UsageError('Context needs words. Example: tm context 7f3a0c11 --shared "staging is at v12"')

    def change() -> str:
        task = work.get(ref)
        work.keep(task, task, events.CONTEXT_ADDED, data={"text": text})
        return task.id

    return work.once("context", (ref, text), change)


def delete(work: Work, ref: str, *, purge: bool = False) -> str:
    """Delete a task; owed deliveries still go and its id is never used again. Returns the id.

    `purge` also empties every text of it in the history and in dead letters. A task that is already
    deleted can still be purged by its full id.
    """

    def change() -> str:
        from tm.service.dependencies import forget
        from tm.store.links import Links
        from tm.store.tombstones import Tombstones

        tombstones = Tombstones(work.database)
        if purge and tombstones.has(ref):
            tombstones.purge(ref, at=work.now)
            return ref
        task = work.get(ref)
        tied = [each.identity() for each in Links(work.database).of_task(task.id)]
        caused = work.keep(task, task, events.DELETED, data={"purged": purge, "links": tied})
        forget(work, task.id, caused_by=caused)
        tombstones.bury(task.id, at=work.now)
        if purge:
            tombstones.purge(task.id, at=work.now)
        return task.id

    task_id = work.once("delete", (ref, purge), change)
    if purge:
        _scrub(work, task_id)
    return task_id


def _scrub(work: Work, task_id: str) -> None:
    try:
        work.database.scrub()
    except StoreError as error:
        raise StoreError(
            f"Task {task_id} is purged, but words of it are left in deleted parts of the store's files, which could "
            f"not be rewritten ({error.__cause__ or error}). Make room, then again: tm delete {task_id} --purge"
        ) from error


def check(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in their stored form. Raises UsageError for the first that is wrong."""
    unknown = next((name for name in fields if name not in FIELDS), None)
    if unknown is not None:
        raise UsageError(f"A task has no field {unknown!r} to set. Fields: {', '.join(FIELDS)}.")
    return {name: _checked(name, value) if value is not None else _emptied(name) for name, value in fields.items()}


def _checked(name: str, value: Any) -> Any:
    kind = _KINDS.get(name, str)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UsageError(f"The {name} of a task cannot be {type(value).__name__} {value!r:.60}.")
    return _CHECKS[name](value)


def _emptied(name: str) -> Any:
    if name not in CLEARABLE:
        raise UsageError(f"The {name} of a task cannot be empty.")
    return None


def _labels(value: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({model.name(each, of="label") for each in value}))


def _criteria(value: Any) -> Any:
    from tm.criteria import checked

    return checked(value)


def _deadline(value: str) -> str:
    try:
        is_stamp = stamp(instant(value)) == value
    except ValueError:
        is_stamp = False
    if not is_stamp:
        raise UsageError(f"The deadline {value[:60]!r} is no UTC stamp. Example: 2026-12-24T15:00:00.000000Z")
    return value


_NUMBER, _SEQUENCE = (int, float), (tuple, list)
_KINDS: dict[str, Any] = {
    "labels": _SEQUENCE, "criteria": _SEQUENCE, "estimated_hours": _NUMBER, "actual_hours": _NUMBER
}  # fmt: skip
_CHECKS: dict[str, Any] = {
    "title": model.title,
    "description": lambda value: model.text(value, of="description") or None,
    "priority": lambda value: model.choice(value, of="priority", among=model.PRIORITIES),
    "assignee": lambda value: model.name(value, of="assignee"),
    "team": lambda value: model.name(value, of="team"),
    "labels": _labels,
    "deadline": _deadline,
    "estimated_hours": lambda value: model.hours(value, of="--estimated-hours"),
    "actual_hours": lambda value: model.hours(value, of="--actual-hours"),
    "criteria": _criteria,
}


def _fresh_id(work: Work) -> str:
    for _ in range(100):
        task_id = os.urandom(4).hex()
        if not work.tasks.is_taken(task_id):
            return task_id
    raise Refused("No free task id was found in 100 tries; this store is full of tasks.")
