"""What `tm explain` says of an event: where the task goes, and what its issue is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm_jira.comments import words_for
from tm_jira.links import FORBIDDEN, FOREIGN, GONE, is_task_apart, link_of
from tm_jira.making import is_to_be_made, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tm import Event, Hub


_AWAY: Mapping[str | None, str] = {
    GONE: "is gone",
    FORBIDDEN: "is hidden from our account",
    FOREIGN: "belongs to another hub",
}


def sentences(event: Event, hub: Hub) -> Iterator[str]:
    """Sentences of what an imagined event would do in Jira. Asks nobody."""
    task = hub.tasks.find(str(event.task_id))
    link = link_of(str(event.task_id), hub)
    project = place_of(event, hub)
    if link is not None and link.state in _AWAY:
        yield f"The task is {link.key}, which {_AWAY[link.state]}; nothing is done."
        return
    if link is not None:
        yield f"The task is {link.key}; what differs is settled."
    elif is_task_apart(str(event.task_id), hub):
        yield "The task was taken apart from its issue; nothing is made. Tie it: tm jira link TASK KEY"
    elif project is None:
        yield "No [[plugins.jira.projects]] matches, so the task stays here."
    elif task is not None and is_to_be_made(event, task, hub):
        number = hub.settings.projects.index(project) + 1
        yield f"A {project.issue_type} is made in {project.project}, by the rule number {number} of projects."
    else:
        yield "The task has no issue, and this makes none."
    said = words_for(event, hub)
    if said is not None and (link or project):
        yield f"The issue is told in a comment: {said[:200]}"
