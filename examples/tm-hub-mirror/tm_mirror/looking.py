"""Looking at the folder: which files changed since the last look, and which tasks that wakes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tm
from tm.sync import agreed_from
from tm_mirror.folder import opened
from tm_mirror.links import GONE, linked_files
from tm_mirror.record import fields_said

if TYPE_CHECKING:
    from tm import Hub
    from tm_mirror.folder import Folder

FIRST_LOOK = "first look"


@dataclass(frozen=True)
class Change:
    """A file that is `new`, `changed` or `gone`; `task_id` is None for a new one."""

    name: str
    kind: str
    task_id: str | None = None


def pull(hub: Hub) -> list[Change]:
    """Wake the task of every file that changed since the last look; a new file is woken by its name.

    The cursor moves last: a crash before that wakes some tasks once more, which changes nothing.
    """
    found, cursor = changes(opened(hub), hub)
    is_first = hub.cursors.get() is None
    for change in found:
        if change.task_id:
            hub.wake(change.task_id, change.kind)
        else:
            hub.wake_outside(change.name, FIRST_LOOK if is_first else change.kind)
    hub.cursors.set(cursor)
    return found


def changes(folder: Folder, hub: Hub) -> tuple[list[Change], str]:
    """What changed in the folder since the last look, and the cursor after it. Changes nothing itself."""
    states, links = folder.states(), linked_files(hub)
    before = json.loads(hub.cursors.get() or "{}")
    found = []
    for name, state in states.items():
        link = links.get(name)
        if state == before.get(name) and not (link and link.state == GONE):
            continue
        if link is None:
            found.append(Change(name, "new"))
        elif link.state == GONE or _differs(name, str(link.base), folder):
            found.append(Change(name, "changed", link.task_id))
    gone = [link for name, link in links.items() if name not in states and link.state != GONE]
    return [*found, *(Change(str(link.key), "gone", link.task_id) for link in gone)], json.dumps(states)


def _differs(name: str, base: str, folder: Folder) -> bool:
    """Whether a file says something else than was agreed; what tm wrote there itself does not."""
    try:
        file = folder.read(name)
    except tm.PermanentFailure:
        return True  # for the wake to say
    agreed: dict[str, Any] = {field: each.theirs for field, each in agreed_from(base).items()}
    return file is not None and agreed | fields_said(file.record) != agreed
