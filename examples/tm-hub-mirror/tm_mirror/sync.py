"""One task and its file brought together: look at both, plan, move what must move, keep what was agreed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import tm
from tm_mirror.folder import File, Folder, opened
from tm_mirror.looking import FIRST, GONE, KIND, linked_files
from tm_mirror.plan import Conflict, Pull, plan, settle
from tm_mirror.record import FIELDS, fields_of, fields_said, written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Event, Hub, Task


def sync(task_id: str, hub: Hub, *, quiet: bool = False) -> None:
    """Bring a task and its file together, whichever of the two has changed.

    What it does depends on the two sides as they are now, so that doing it twice does it once. With `quiet`
    no plugin is told of what changes in the task.
    """
    folder = opened(hub)
    task = hub.tasks.find(task_id)
    if task is None:
        _remove(task_id, folder)
        return
    link = next(iter(hub.links.mine(task_id, kind=KIND)), None)
    file = folder.read((link and link.key) or f"{task_id}.json")
    if link and file is None:
        file = folder.find(task_id)
    if link and file is None:
        _agree(task_id, link.key or "", hub, base=link.base, state=GONE)
        return
    # a file of that name without a link is our own, written before a crash: what it says is the base
    file = file or File(f"{task_id}.json")
    said = fields_said(file.record)
    base = json.loads(link.base) if link and link.base else {**dict.fromkeys(FIELDS), **said}
    task = _merge(task, base, {**base, **said}, hub=hub, name=file.name, quiet=quiet)
    if fields_of(task) != {**base, **said} or "id" not in file.record:
        folder.write(file, written(file.record, task))
    _agree(task_id, file.name, hub, base=json.dumps(fields_of(task)), state=None)
