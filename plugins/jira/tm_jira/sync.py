"""One task and its issue brought together: look at both, settle what differs, tell what is to be told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import tm
from tm_jira import comments, creating
from tm_jira.client import site_of
from tm_jira.links import (
    FORBIDDEN,
    FOREIGN,
    GONE,
    is_foreign,
    link_of,
    note_foreign,
    note_seen,
    part,
    project_of,
    record_of,
    set_state,
)
from tm_jira.making import WAKE, made_for
from tm_jira.outcome import Forbidden, NotThere
from tm_jira.pair import Pair, claimed, read, view_of
from tm_jira.planning import is_changed_here

if TYPE_CHECKING:
    from tm import Event, Hub, HubTasks, Link, Task
    from tm_jira.client import Site
    from tm_jira.fields import Issue

DELETED = "task.deleted"
HIDDEN_FOR = timedelta(minutes=30)
"""How long what is to be told waits for an issue that is hidden, before it is tried again."""


def sync(event: Event, hub: Hub, *, tasks: HubTasks) -> None:
    """Bring the task of an event and its issue together, as both are now.

    Doing it twice does it once, and an event that comes late cannot bring back what was true when it happened.
    """
    if event.type == DELETED:
        _let_go(event, hub)
        return
    task = tasks.find(str(event.task_id))
    if task is None:
        return
    site = site_of(hub.settings, now=hub.clock.now)
    link, issue = link_of(task.id, hub), None
    if link is None:
        issue = made_for(task, event, hub=hub, site=site)
        link = link_of(task.id, hub)
    said = comments.words_for(event, hub)
    if link is not None and _is_concerned(task, link, event, said=said, hub=hub):
        _brought_together(event, task, issue, link=link, said=said, hub=hub, site=site, tasks=tasks)


def _is_concerned(task: Task, link: Link, event: Event, *, said: str | None, hub: Hub) -> bool:
    """Whether an event is worth a look at the issue: somebody asks for one, or there may be something to write."""
    if event.type == WAKE:
        return True
    if link.state in (GONE, FOREIGN):
        hub.remark(f"{link.key} is {'gone' if link.state == GONE else 'of another hub'}; nothing was written.")
        return False
    return said is not None or is_changed_here(task, record_of(link))


def _brought_together(  # noqa: PLR0913 - one delivery, named by keyword
    event: Event,
    task: Task,
    issue: Issue | None,
    *,
    link: Link,
    said: str | None,
    hub: Hub,
    site: Site,
    tasks: HubTasks,
) -> None:
    issue = issue or _looked_at(link, hub=hub, site=site)
    if issue is not None:
        _settle(event, task, issue, link=link, said=said, hub=hub, site=site, tasks=tasks)
        return
    now = link_of(task.id, hub)
    if said is not None and now is not None and now.state == FORBIDDEN:
        raise tm.RetryLater(f"{link.key} is hidden from this account; what is to be told waits.", after=HIDDEN_FOR)


def _settle(  # noqa: PLR0913 - one delivery, named by keyword
    event: Event, task: Task, issue: Issue, *, link: Link, said: str | None, hub: Hub, site: Site, tasks: HubTasks
) -> None:
    record = record_of(link)
    mute = None
    if said is not None:
        issue, mute = _told(event, said, issue, hub=hub, site=site)
    pair = Pair(view_of(task, issue, record, hub=hub, site=site), hub=hub, site=site, tasks=tasks)
    after, barred = pair.settle(decided=hub.conflicts.decided(task.id))
    # what is said there is read when Jira says that something is new; whatever we write ourselves leaves that open
    if event.type == WAKE and after.updated != record.updated and not pair.unsure:
        if hub.settings.read_comments:
            comments.take(task.id, after, since=record.since or after.updated, hub=hub, site=site, tasks=tasks)
        note_seen(task.id, after, hub)
    if barred is not None and (barred != record.barred or (event.type != WAKE and event.changes)):
        raise tm.PermanentFailure(barred)
    if mute is not None:
        raise mute


def _told(event: Event, said: str, issue: Issue, *, hub: Hub, site: Site) -> tuple[Issue, tm.PermanentFailure | None]:
    """Tell the issue of an event; what Jira has against it is said when all else is done."""
    try:
        issue = claimed(issue, str(event.task_id), hub=hub, site=site)
        comments.tell(event, said, issue, hub=hub, site=site)
    except tm.PermanentFailure as failure:
        return issue, failure
    return issue, None


def _looked_at(link: Link, *, hub: Hub, site: Site) -> Issue | None:
    """The issue of a link as it is now; None, with the link saying why, if it is not ours to touch any more."""
    try:
        issue = read(link.outside_id, site)
    except NotThere:
        _lost(link, hub=hub, site=site)
        return None
    if issue.mark is not None and not is_foreign(issue.mark, hub) and issue.mark.get("task") != link.task_id:
        hub.remark(f"{issue.key} carries the mark of task {str(issue.mark.get('task'))[:40]}; it is not this task's.")
        set_state(link, GONE, hub)
        return None
    if is_foreign(issue.mark, hub):
        note_foreign(issue, hub)
        set_state(link, FOREIGN, hub)
        hub.conflicts.record(link.task_id, (), place=issue.key)
        hub.remark(f"{issue.key} carries the mark of another hub; nothing is read from it nor written to it.")
        return None
    return issue


def _lost(link: Link, *, hub: Hub, site: Site) -> None:
    """Tell an issue that was deleted from one that this account may not see any more."""
    project = project_of(link)
    try:
        site.project(project)
        state, why = GONE, "was deleted in Jira, or moved where this account cannot see it"
    except (NotThere, Forbidden):
        state, why = FORBIDDEN, f"cannot be seen: Jira shows this account no project {project} any more"
    hub.remark(f"{link.key} {why}; the task is kept.")
    hub.conflicts.record(link.task_id, (), place=str(link.key))
    if link.state != state:
        hub.tasks.context(link.task_id, f"{link.key} {why}. The task is kept and no longer synced.")
    set_state(link, state, hub)


def _let_go(event: Event, hub: Hub) -> None:
    """Remember that the issues of a deleted task are not to become tasks again; the issues themselves stay."""
    if creating.has_intent(str(event.task_id), hub):
        creating.settle(str(event.task_id), hub)
        hub.remark("An issue of this task may have been made in the moment before it was deleted.")
    for each in event.data.get("links") or ():
        if each.get("plugin") == "jira" and each.get("instance") == hub.settings.site:
            part(str(event.task_id), str(each["outside_id"]), hub, key=str(each.get("key")))
            hub.conflicts.record(str(event.task_id), (), place=str(each.get("key")))
            hub.remark(f"{each.get('key')} stays in Jira; it is no longer synced.")
