"""One task and its issue brought together: make it, look at it, settle both, tell what is to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tm
from tm_jira import comments, creating
from tm_jira.accounts import account_for
from tm_jira.client import site_of
from tm_jira.fields import UNKNOWN, Translation, ours_of
from tm_jira.links import (
    FORBIDDEN,
    FOREIGN,
    GONE,
    Record,
    hub_id,
    is_foreign,
    is_task_apart,
    keep,
    link_of,
    note_foreign,
    note_seen,
    part,
    record_of,
    set_state,
)
from tm_jira.outcome import Forbidden, NotThere
from tm_jira.pair import Pair, read, view_of
from tm_jira.planning import is_changed_here
from tm_jira.words import words_of

if TYPE_CHECKING:
    from tm import Event, Hub, HubTasks, Link, Task
    from tm_jira.client import Site
    from tm_jira.fields import Issue
    from tm_jira.settings import Project

WAKE, DELETED, CREATED = "sync.requested", "task.deleted", "task.created"
_NO_REASON = ("task.measured", "task.rated", "task.noted", "task.context_added")
"""Events that make no issue of a task that has none."""


def sync(event: Event, hub: Hub, *, tasks: HubTasks) -> None:
    """Bring the task of an event and its issue together, as both are now.

    Doing it twice does it once, and an event that comes late cannot bring back what was true when it happened.
    """
    task_id = str(event.task_id)
    if event.type == DELETED:
        _let_go(event, hub)
        return
    task = tasks.find(task_id)
    if task is None:
        return
    site = site_of(hub.settings, now=hub.clock.now)
    link, issue = link_of(task_id, hub), None
    if link is None:
        issue = _made(task, event, hub=hub, site=site)
        link = link_of(task_id, hub)
    if link is None or (link.state in (GONE, FOREIGN) and event.type != WAKE):
        return
    said = comments.words_for(event, hub)
    if event.type != WAKE and said is None and not is_changed_here(task, record_of(link)):
        return
    issue = issue or _looked_at(link, hub=hub, site=site)
    if issue is not None:
        _settle(event, task, issue, link=link, said=said, hub=hub, site=site, tasks=tasks)


def _settle(  # noqa: PLR0913 - one delivery, named by keyword
    event: Event, task: Task, issue: Issue, *, link: Link, said: str | None, hub: Hub, site: Site, tasks: HubTasks
) -> None:
    record = record_of(link)
    pair = Pair(view_of(task, issue, record, hub=hub, site=site), hub=hub, site=site, tasks=tasks)
    mute = _told(event, said, issue, hub=hub, site=site) if said is not None else None
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


def _told(event: Event, said: str, issue: Issue, *, hub: Hub, site: Site) -> tm.PermanentFailure | None:
    """Tell the issue of an event; what Jira has against it is said when all else is done."""
    try:
        comments.tell(event, said, issue, hub=hub, site=site)
    except tm.PermanentFailure as failure:
        return failure
    return None


def place_of(event: Event, hub: Hub) -> Project | None:
    """Which project a task belongs to, by the first rule that matches its event; None if it stays here."""
    fitting = (each for each in hub.settings.projects if each.when is None or tm.matches(each.when, event))
    return next(fitting, None)


def is_to_be_made(event: Event, task: Task, hub: Hub) -> bool:
    """Whether an event makes an issue of a task that has none: work on it, not an afterthought."""
    if is_task_apart(task.id, hub) or event.type in (WAKE, *_NO_REASON):
        return False
    return task.is_open or event.type == CREATED


def _made(task: Task, event: Event, *, hub: Hub, site: Site) -> Issue | None:
    """The issue that was made for the task, and tied to it, or None if it is to have none."""
    project = place_of(event, hub)
    is_under_way = creating.has_intent(task.id, hub)
    if project is None or not (is_under_way or is_to_be_made(event, task, hub)):
        return None
    account = account_for(task.assignee, hub=hub, site=site, project=project.project) if task.assignee else None
    translation = Translation(
        words=words_of(hub.settings, project.project, zone=hub.zone),
        is_cloud=site.is_cloud,
        accounts={task.assignee: account} if task.assignee and account else {},
        people={},
    )
    ours = ours_of(task)
    rules = translation.rules(hub.settings, born="here")
    values: dict[str, Any] = {
        name: [rules[name].write(each) for each in said] if name == "labels" else rules[name].write(said)
        for name, said in ours.items()
        if name != "status" and said not in (None, [])
    }
    values = {name: value for name, value in values.items() if not (isinstance(value, dict) and UNKNOWN in value)}
    values.setdefault("description", translation.written(None))
    made = creating.make(task, project, ours=ours, values=values, hub=hub, site=site)
    return _tied(task, made, project, hub=hub, site=site)


def _tied(task: Task, made: creating.Made, project: Project, *, hub: Hub, site: Site) -> Issue | None:
    """Tie the task to its new issue; the task's shared context says where it is. None if it is gone already."""
    url = f"{hub.settings.site}/browse/{made.key}"
    lines = [
        f"Jira issue {made.key}",
        f"- URL: {url}",
        f"- Project: {project.project}",
        f"- Type: {project.issue_type}",
        f"- Priority: {made.sent.get('priority', 'as Jira sets it')}",
        "- Sync direction: both ways",
    ]
    try:
        issue = read(made.id, site)
    except NotThere:
        creating.settle(task.id, hub)
        part(task.id, made.id, hub, key=made.key)
        hub.tasks.context(task.id, f"{made.key} was made in Jira and deleted there at once; no other is made.")
        return None
    hub.tasks.context(task.id, "\n".join(lines))
    _tie_back(task, made.id, hub=hub, site=site)
    fresh = {"ours": dict(made.ours), "sent": dict(made.sent), "digest": made.digest}
    seen = issue.updated if issue.updated == issue.created else ""  # nobody has touched it yet
    record = Record(born="here", agreed={}, fresh=fresh, updated=seen, since=issue.created)
    with hub.together():
        keep(task.id, issue, record, hub=hub)
        creating.settle(task.id, hub)
    hub.remark(f"Made {made.key}.")
    return issue


def _tie_back(task: Task, issue_id: str, *, hub: Hub, site: Site) -> None:
    """Show the task's own page in the issue, if it has one; an issue can do without."""
    page = hub.url(task.id, links=())
    if page is None:
        return
    try:
        site.tie(issue_id, global_id=f"tm={hub_id(hub)}/{task.id}", url=page, title=task.title[:255])
    except tm.PermanentFailure as refusal:
        hub.remark(f"The issue has no link back: {refusal}")


def _looked_at(link: Link, *, hub: Hub, site: Site) -> Issue | None:
    """The issue of a link as it is now; None, with the link saying why, if it is not ours to touch any more."""
    try:
        issue = read(link.outside_id, site)
    except NotThere:
        _lost(link, hub=hub, site=site)
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
    project = str(link.key).rpartition("-")[0]
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
