"""Making the issue of a task: which tasks get one, in which project, and how the two are tied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tm
from tm_jira import creating
from tm_jira.accounts import account_for
from tm_jira.fields import UNKNOWN, Translation, ours_of
from tm_jira.links import KIND, Record, address_of, hub_id, is_task_apart, save_unseen, tie_to
from tm_jira.outcome import NotThere
from tm_jira.pair import read
from tm_jira.words import words_of

if TYPE_CHECKING:
    from tm import Event, Hub, Task
    from tm_jira.client import Site
    from tm_jira.fields import Issue
    from tm_jira.settings import Project

WAKE, CREATED = "sync.requested", "task.created"
_NO_REASON = ("task.measured", "task.rated", "task.noted", "task.context_added")
"""Events that make no issue of a task that has none."""


def place_of(event: Event, hub: Hub) -> Project | None:
    """Which project a task belongs to, by the first rule that matches its event; None if it stays here."""
    fitting = (each for each in hub.settings.projects if each.when is None or tm.matches(each.when, event))
    return next(fitting, None)


def is_to_be_made(event: Event, task: Task, hub: Hub) -> bool:
    """Whether an event makes an issue of a task that has none: work on it, not an afterthought."""
    if is_task_apart(task.id, hub) or event.type in (WAKE, *_NO_REASON):
        return False
    return task.is_open or event.type == CREATED


def made_for(task: Task, event: Event, *, hub: Hub, site: Site) -> Issue | None:
    """The issue that was made for the task, and tied to it, or None if it is to have none."""
    is_under_way = creating.has_intent(task.id, hub)
    project = place_of(event, hub) or (creating.place_of_intent(task.id, hub) if is_under_way else None)
    if project is None or not (is_under_way or is_to_be_made(event, task, hub)):
        return None
    _refuse_second(task.id, hub)
    account = account_for(task.assignee, hub=hub, site=site, project=project.project) if task.assignee else None
    translation = Translation(
        words=words_of(hub.settings, project.project, issue_type=project.issue_type, zone=hub.zone),
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


def _refuse_second(task_id: str, hub: Hub) -> None:
    """Raise PermanentFailure when the task has an issue under another address of Jira."""
    other = next(iter(hub.links.mine(task_id, kind=KIND)), None)
    if other is not None:
        raise tm.PermanentFailure(
            f"Task {task_id} is {other.key} at {other.instance}, and the settings say {hub.settings.site}. "
            f"If that is the same Jira, set browse_url = {other.instance!r}."
        )


def _tied(task: Task, made: creating.Made, project: Project, *, hub: Hub, site: Site) -> Issue | None:
    """Tie the task to its new issue; the task's shared context says where it is. None if it is gone already."""
    lines = [
        f"Jira issue {made.key}",
        f"- URL: {address_of(made.key, hub)}",
        f"- Project: {project.project}",
        f"- Type: {project.issue_type}",
        f"- Priority: {made.sent.get('priority', 'as Jira sets it')}",
        "- Sync direction: both ways; a field that only one side leads is put back on the other",
    ]
    try:
        issue = read(made.id, site)
    except NotThere:
        _tied_unseen(task.id, made, hub=hub)
        return None
    hub.tasks.context(task.id, "\n".join(lines))
    _tie_back(task, made.id, hub=hub, site=site)
    seen = issue.updated if issue.updated == issue.created else ""  # nobody has touched it yet
    record = Record(born="here", agreed={}, fresh=made.fresh(), updated=seen, since=issue.created)
    try:
        with hub.together():
            tie_to(task.id, issue, record, hub=hub)
            creating.settle(task.id, hub)
    except tm.Refused as taken:
        raise tm.PermanentFailure(
            f"{taken} Is there another Jira at {hub.settings.site} than before? Then: tm jira unlink {made.key}"
        ) from None
    hub.remark(f"Made {made.key}.")
    return issue


def _tied_unseen(task_id: str, made: creating.Made, *, hub: Hub) -> None:
    """Tie a task to the issue that was made for it and cannot be read: deleted, or hidden from its very maker."""
    with hub.together():
        record = Record(born="here", agreed={}, fresh=made.fresh())
        save_unseen(task_id, made.id, made.key, record=record, hub=hub)
        creating.settle(task_id, hub)
    hub.remark(f"{made.key} was made and cannot be read: it was deleted at once, or is hidden from this account.")
    hub.tasks.context(task_id, f"{made.key} was made in Jira and cannot be read. No other is made.")


def _tie_back(task: Task, issue_id: str, *, hub: Hub, site: Site) -> None:
    """Show the task's own page in the issue, if it has one; an issue can do without."""
    page = hub.url(task.id, links=())
    if page is None:
        return
    try:
        site.tie(issue_id, global_id=f"tm={hub_id(hub)}/{task.id}", url=page, title=task.title[:255])
    except tm.PermanentFailure as refusal:
        hub.remark(f"The issue has no link back: {refusal}")
