"""A file that nobody has linked yet: a new task, or the file of a task under a new name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tm
from tm.sync import Agreed
from tm_mirror.folder import opened
from tm_mirror.links import first_link, keep, link_of, linked_files
from tm_mirror.record import fields_of, fields_said

if TYPE_CHECKING:
    from tm import Event, Hub, HubTasks
    from tm_mirror.folder import File, Folder


def adopt(event: Event, hub: Hub, *, tasks: HubTasks) -> None:
    """Find or make the task of the file in `event.data["outside"]`, link the two, and wake the task.

    What the file says is brought in when the task's own turn comes, in line with its other deliveries.
    """
    folder = opened(hub)
    file = folder.read(event.data["outside"])
    if file is None:
        return
    task_id = _owner(file, folder, hub) or _added(file, hub, tasks=tasks)
    hub.wake(task_id, event.data["hint"])


def _owner(file: File, folder: Folder, hub: Hub) -> str | None:
    link = linked_files(hub).get(file.name)
    if link is not None:
        return str(link.task_id)
    carried = file.record.get("id")
    task = hub.tasks.find(carried) if isinstance(carried, str) else None
    if task is None:
        return None
    link = link_of(task.id, hub)
    if link is not None and folder.read(str(link.key)) is not None:
        raise tm.PermanentFailure(
            f"{file.name} carries the id of task {task.id}, whose file is {link.key}. "
            "Delete one of them, or take the id out to make another task of it."
        )
    return task.id


def _added(file: File, hub: Hub, *, tasks: HubTasks) -> str:
    said = {name: value for name, value in fields_said(file.record).items() if value is not None}
    said.pop("status", None)
    fields = {"title": file.name.removesuffix(".json"), **said}
    try:
        task = tasks.add(link=first_link(file.name, hub), **fields)
    except tm.UsageError as wrong:
        raise tm.PermanentFailure(f"{file.name}: {wrong} Mend the file, and it is read again.") from None
    keep(task.id, file.name, hub, base={field: Agreed(each, each) for field, each in fields_of(task).items()})
    return task.id
