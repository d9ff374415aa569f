"""What `tm doctor mirror` says of the folder and its files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import tm
from tm_mirror.folder import Folder, was_made
from tm_mirror.links import GONE, linked_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Finding, Hub


def findings(hub: Hub) -> Iterator[Finding]:
    """One finding for all that is well, one for each thing that is not. Changes nothing."""
    folder, links = Folder(hub.settings.path), linked_files(hub)
    if not was_made(folder, hub):
        yield tm.Finding(level="ok", message=f"{folder.path} is not made yet; the first event or pull makes it.")
        return
    try:
        names = folder.states()
    except tm.RetryLater as later:
        yield tm.Finding(level="error", message=str(later), advice="Nothing is lost meanwhile.")
        return
    yield tm.Finding(level="ok", message=f"{folder.path} has {len(names)} files; {len(links)} tasks have one.")
    if not os.access(folder.path, os.W_OK | os.X_OK):
        yield tm.Finding(level="error", message=f"{folder.path} cannot be written.", advice=f"chmod u+wx {folder.path}")
    yield from _of_files(folder, names)
    for name in [name for name, link in links.items() if link.state == GONE]:
        yield tm.Finding(
            level="warning",
            message=f"{name} is gone; task {links[name].task_id} is kept and no longer mirrored.",
            advice=f"Put the file back, or delete the task: tm delete {links[name].task_id}",
        )


def _of_files(folder: Folder, names: dict[str, str]) -> Iterator[Finding]:
    for name in names:
        try:
            folder.read(name)
        except (tm.PermanentFailure, tm.RetryLater) as wrong:
            yield tm.Finding(level="warning", message=str(wrong), advice=f"Mend {folder.path / name}.")
