"""A look at an issue that has no task, because Jira said it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm_jira.adopt import adopt
from tm_jira.client import site_of
from tm_jira.links import link_to
from tm_jira.looking import wanted_now

if TYPE_CHECKING:
    from tm import Event, Hub


def look_at(event: Event, hub: Hub) -> None:
    """Make a task of the issue in `event.data["outside"]`, if it is wanted; wake the one it has got meanwhile."""
    issue_id = str(event.data["outside"])
    link = link_to(issue_id, hub)
    if link is not None:
        hub.wake(link.task_id, str(event.data.get("hint", "")))
        return
    site = site_of(hub.settings, now=hub.clock.now)
    raw = wanted_now(issue_id, hub, site=site)
    if raw is not None:
        adopt(raw, hub, site=site)
