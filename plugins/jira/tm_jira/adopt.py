"""An issue that has no task yet: a new task for it, silently, unless somebody does not want that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tm
from tm.sync import NOTHING, Agreed
from tm_jira import creating
from tm_jira.accounts import name_of
from tm_jira.fields import Translation, account_of, issue_of, ours_of
from tm_jira.links import (
    Record,
    described,
    is_foreign,
    is_issue_apart,
    keep,
    link_to,
    note_foreign,
    note_orphan,
)
from tm_jira.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Hub, Task
    from tm_jira.client import Site
    from tm_jira.fields import Issue

UNTITLED = "(an issue without a summary)"
_UNSEEN: Any = {}
# what a task can do without, the likeliest to be odd first
_DISPENSABLE: tuple[Any, ...] = ("deadline", "estimated_hours", "assignee", "labels", "description", "title")


def adopt(raw: Mapping[str, Any], hub: Hub, *, site: Site) -> str | None:
    """Make a task of an issue as a search or a read gave it; the task's id, or None if it is to stay without one.

    Other plugins are not told. An issue that carries a mark is left alone: it is another hub's, or one of ours whose
    link is about to be written.
    """
    issue = wanting(raw, hub, site=site)
    if issue is None:
        return None
    task, said = _added(issue, hub, site=site)
    return _brought(task, issue, said, hub=hub) if task is not None else None


def wanting(raw: Mapping[str, Any], hub: Hub, *, site: Site) -> Issue | None:
    """The issue, if a task is to be made of it."""
    issue = issue_of(raw, is_cloud=site.is_cloud)
    if is_issue_apart(issue.id, hub) or link_to(issue.id, hub) is not None:
        return None
    if not site.is_cloud and issue.mark is None:
        issue = issue._replace(mark=site.mark(issue.id))
    if is_foreign(issue.mark, hub):
        if not hub.dry_run:
            note_foreign(issue, hub)
        return None
    if issue.mark:
        if not (hub.dry_run or creating.has_intent(str(issue.mark.get("task")), hub)):
            note_orphan(issue, hub)
        return None
    return issue


def _added(issue: Issue, hub: Hub, *, site: Site) -> tuple[Task | None, dict[str, Any]]:
    """The new task, pending and tied, and all that the issue says in our words."""
    fields = {"title": UNTITLED, **_said(issue, hub, site=site)}
    status = fields.pop("status", "pending")
    # whoever dies before the status is there too finds a task that has not looked at its issue yet
    begun = Record(born="there", agreed={"status": Agreed("pending", _UNSEEN)}, since=issue.updated)
    asked: dict[str, Any] = {
        "link": described(issue, begun, hub),
        # kept for ever: a task that was deleted meanwhile does not come back
        "key": f"jira-issue:{hub.settings.site}:{issue.id}",
    }
    for odd in (None, *_DISPENSABLE):
        fields = {
            name: UNTITLED if odd == name == "title" else said for name, said in fields.items() if _keeps(odd, name)
        }
        try:
            return hub.tasks.quietly().add(**asked, **fields), {**fields, "status": status}
        except tm.UsageError as wrong:
            hub.log.warning("a value of an issue is none for a task", extra={"issue": issue.key, "error": str(wrong)})
        except (tm.NotFound, tm.Refused):
            break
    return None, {}


def _keeps(odd: str | None, name: str) -> bool:
    return name != odd or name == "title"


def _said(issue: Issue, hub: Hub, *, site: Site) -> dict[str, Any]:
    """What an issue says in our words, as far as it says anything that we have a word for."""
    account = account_of(issue.raw_assignee, is_cloud=site.is_cloud)
    name = name_of(issue.raw_assignee, hub, is_cloud=site.is_cloud) if account else None
    people = {account: name} if account and name else {}
    words = words_of(hub.settings, issue.project, issue_type=issue.issue_type, zone=hub.zone)
    rules = Translation(words, site.is_cloud, accounts={}, people=people).rules(hub.settings, born="there")
    said: dict[str, Any] = {}
    for field, theirs in issue.theirs.items():
        read = rules[field].read
        value = [word for each in theirs if (word := read(each)) is not NOTHING] if field == "labels" else read(theirs)
        if value is not NOTHING and value is not None:
            said[field] = value
    return said


def _brought(task: Task, issue: Issue, said: Mapping[str, Any], *, hub: Hub) -> str:
    """The task brought to the issue's status, and what both agree on."""
    tasks = hub.tasks.quietly()
    try:
        task = tasks.bring(task.id, said["status"], reason=f"{issue.key} is {issue.theirs['status']['name']}")
    except tm.RevisionConflict:
        return task.id  # somebody works on it already; the next look brings both together
    except tm.Refused as refusal:
        task = tasks.context(task.id, f"{issue.key}: {refusal}")
    ours = ours_of(task)
    agreed = {field: Agreed(ours[field], theirs) for field, theirs in issue.theirs.items()}
    keep(task.id, issue, Record("there", agreed, updated=issue.updated, since=issue.updated), hub=hub)
    return task.id
