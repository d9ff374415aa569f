"""Tying a task and an issue, and taking them apart, on a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tm
from tm.sync import Agreed
from tm_jira import creating
from tm_jira.fields import WANTED, issue_of
from tm_jira.links import Record, is_foreign, link_of, link_to, note_foreign, part, rejoin, tie_to
from tm_jira.outcome import NotThere

if TYPE_CHECKING:
    from tm import Hub, Link, Task
    from tm_jira.client import Site
    from tm_jira.fields import Born

_UNSEEN: Any = {}


def tie(task: Task, key: str, *, leads: Born, hub: Hub, site: Site) -> str:
    """Tie a task to the issue with that key; both are brought together in the task's own line. Returns the key.

    `leads` says whose words count where the two differ. Raises Refused when the issue is another hub's, or one of
    the two is tied already.
    """
    issue = issue_of(site.issue(key, fields=WANTED), is_cloud=site.is_cloud)
    if is_foreign(issue.mark, hub):
        note_foreign(issue, hub)
        raise tm.Refused(f"{issue.key} belongs to another hub; unlink it there first.")
    taken = link_to(issue.id, hub)
    if taken is not None and taken.task_id != task.id:
        raise tm.Refused(
            f"{issue.key} is tied to task {taken.task_id}. Take them apart first: tm jira unlink {issue.key}"
        )
    own = link_of(task.id, hub)
    if own is not None and own.outside_id != issue.id:
        raise tm.Refused(f"Task {task.id} is tied to {own.key}. Take them apart first: tm jira unlink {task.id}")
    agreed = Agreed(task.status, _UNSEEN) if leads == "there" else Agreed("", issue.theirs["status"])
    with hub.together():
        tie_to(task.id, issue, Record(born=leads, agreed={"status": agreed}, since=issue.updated), hub=hub)
        intent = creating.intent_of(task.id, hub)
        if intent is not None:
            creating.mind_double(task.id, intent, hub)
            creating.settle(task.id, hub)
        rejoin(task.id, issue.id, hub)
        hub.wake(task.id, "linked by a person")
    return issue.key


def untie(link: Link, hub: Hub, *, site: Site) -> str | None:
    """Take a task and its issue apart; neither is tied by itself again. Returns why our mark stays there, if it does.

    The mark of another hub is not ours to take away.
    """
    stays = None
    try:
        mark = site.mark(link.outside_id) if link.instance == hub.settings.site else None
        if mark is not None and not is_foreign(mark, hub) and mark.get("task") == link.task_id:
            site.clear_mark(link.outside_id)
    except NotThere:
        pass
    except (tm.PermanentFailure, tm.RetryLater, tm.OutcomeUnknown, tm.NeedsLogin) as failure:
        stays = str(failure)
    with hub.together():
        part(link.task_id, link.outside_id, hub, key=str(link.key))
        hub.conflicts.record(link.task_id, (), place=str(link.key))
        hub.links.delete(link)
    return stays
