"""Which task is which file, and what both said when they last agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.sync import agreed_from, agreed_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Hub, Link
    from tm.sync import Agreed

KIND = "file"
GONE = "gone"


def link_of(task_id: str, hub: Hub) -> Link | None:
    """The link of a task to its file, or None."""
    return next(iter(hub.links.mine(task_id, kind=KIND)), None)


def linked_files(hub: Hub) -> dict[str, Link]:
    """Every link, by the name of its file."""
    return {str(link.key): link for link in hub.links.all()}


def first_link(name: str, hub: Hub) -> dict[str, object]:
    """The link of a task that is being made for a file: whoever dies after that finds the two tied."""
    return {
        "kind": KIND,
        "key": name,
        "url": _url(name, hub),
        "base": agreed_text({}),
        "exclusive": True,
    }


def keep(task_id: str, name: str, hub: Hub, *, base: Mapping[str, Agreed], state: str | None = None) -> None:
    """Note which file is the task's, and in `base` what both say now."""
    link, text = link_of(task_id, hub), agreed_text(base)
    if link and (link.key, link.base, link.state) == (name, text, state):
        return
    fields = {"key": name, "url": _url(name, hub), "base": text, "state": state, "exclusive": True}
    hub.links.save(task_id, kind=KIND, outside_id=task_id, **fields)


def mark_gone(task_id: str, hub: Hub) -> None:
    """Note that the task's file is not there. It stays the task's file, should it come back."""
    link = link_of(task_id, hub)
    if link:
        keep(task_id, str(link.key), hub, base=agreed_from(link.base), state=GONE)


def _url(name: str, hub: Hub) -> str:
    return str((hub.settings.path / name).as_uri())
