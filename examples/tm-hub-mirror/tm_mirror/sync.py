"""One task and its file brought together: look at both, plan, move what must move, keep what was agreed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import tm
from tm.sync import Agreed, Conflict, Pull, Rule, agreed_from, plan
from tm_mirror.folder import File, opened
from tm_mirror.links import keep, link_of, mark_gone
from tm_mirror.record import EMPTY, FIELDS, fields_of, fields_said, written

if TYPE_CHECKING:
    from tm import Hub, HubTasks, Link, Task
    from tm.sync import Step
    from tm_mirror.folder import Folder
    from tm_mirror.settings import Settings

_POLICIES: dict[str, Any] = {"park": "park", "tm": "ours", "file": "theirs"}


def sync(task_id: str, hub: Hub, *, tasks: HubTasks) -> None:
    """Bring a task and its file together, whichever of the two has changed.

    It goes by both sides as they are now: doing it twice does it once, and an event that comes late cannot
    bring back what was true when it happened. `tasks` is `hub.tasks`, or its quiet form.
    """
    folder = opened(hub)
    task = tasks.find(task_id)
    if task is None:
        _remove(task_id, folder)
        return
    link = link_of(task_id, hub)
    file = _file_of(task_id, link, folder)
    if file is None:
        mark_gone(task_id, hub)
        return
    said = fields_said(file.record)
    # without a link, a file of that name is our own, written before a crash: what it says is the base
    base = agreed_from(link.base) if link else {field: Agreed(each, each) for field, each in (EMPTY | said).items()}
    theirs = EMPTY | {field: each.theirs for field, each in base.items()} | said
    steps = plan(base, fields_of(task), theirs, rules=rules(hub.settings), keep=hub.conflicts.decided(task_id))
    hub.conflicts.lose(task_id, steps, place=file.name)
    task = _merged(task, file.name, steps, tasks=tasks)
    parked = {step.field: step.theirs for step in steps if isinstance(step, Conflict)}
    record = fields_of(task) | parked
    if record != theirs or file.record.get("id") != task_id:
        folder.write(file, written(file.record, task, kept=parked))
    agreed = {field: Agreed(fields_of(task)[field], record[field]) for field in FIELDS if field not in parked}
    with hub.together():
        hub.conflicts.record(task_id, steps, place=file.name)
        keep(task_id, file.name, hub, base={**base, **agreed})


def rules(settings: Settings) -> dict[str, Rule]:
    """How each field is kept in step: labels by element, every other one as a whole."""
    policy = _POLICIES[settings.conflict]
    return {field: Rule(policy=policy, is_set=field == "labels") for field in FIELDS}


def _file_of(task_id: str, link: Link | None, folder: Folder) -> File | None:
    """The task's file as it is, or as it is to become; None for one that was there and is not now."""
    name = f"{task_id}.json"
    if link is None:
        return folder.read(name) or File(name)
    return folder.read(str(link.key)) or folder.find(task_id)


def _remove(task_id: str, folder: Folder) -> None:
    file = folder.find(task_id)
    if file is not None:
        folder.remove(file)


def _merged(task: Task, name: str, steps: list[Step], *, tasks: HubTasks) -> Task:
    """The task after it got what the file has to give."""
    pulled = {step.field: step.value for step in steps if isinstance(step, Pull)}
    try:
        return _taken(task, pulled, name, tasks=tasks) if pulled else task
    except tm.RevisionConflict as moved_on:
        raise tm.RetryLater(str(moved_on), after=timedelta(seconds=1)) from None
    except tm.UsageError as wrong:
        raise tm.PermanentFailure(f"{name}: {wrong} Mend the file, and it is read again.") from None


def _taken(task: Task, pulled: dict[str, Any], name: str, *, tasks: HubTasks) -> Task:
    status = pulled.pop("status", task.status)
    if pulled:
        task = tasks.update(task.id, revision=task.revision, **pulled)
    return tasks.bring(task.id, status, reason=f"{name} says so", revision=task.revision)
