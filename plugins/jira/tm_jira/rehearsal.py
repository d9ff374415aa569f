"""What a sync would do, step by step, on both sides: the plan of the real thing, carried out by nobody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tm.sync import Agree, Conflict, Pull, Push
from tm_jira.adopt import wanting
from tm_jira.links import FOREIGN, GONE, is_foreign, links_here, record_of
from tm_jira.looking import changed, missing_or_changed, time_of, to_import
from tm_jira.outcome import NotThere
from tm_jira.pair import read, view_of
from tm_jira.planning import is_changed_here

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tm import Hub, Link
    from tm.sync import Step
    from tm_jira.client import Site

_LONGEST = 60


class Row(NamedTuple):
    """One step: `what` is push, pull, conflict or import; missing or foreign says of an issue why there is none."""

    task_id: str
    issue: str
    field: str
    what: str
    value: Any

    def shown(self) -> tuple[str, str, str, str, str]:
        """The row for people, a long value cut."""
        text = self.value if isinstance(self.value, str) else json.dumps(self.value, ensure_ascii=False)
        return self.task_id, self.issue, self.field, self.what, text if len(text) <= _LONGEST else f"{text[:59]}…"


def rehearse(hub: Hub, *, site: Site) -> list[Row]:
    """Every step that bringing together what changed on either side would take. Changes nothing anywhere."""
    now = time_of(site, hub)
    links = [link for link in links_here(hub) if link.state not in (GONE, FOREIGN)]
    there = {change.task_id for change in changed(hub, links, site=site, now=now)}
    if site.is_cloud:  # where all can be asked for at once
        there |= {change.task_id for change in missing_or_changed(links, site=site)}
    rows: list[Row] = []
    for link in links:
        rows += _rows(link, hub=hub, site=site, is_changed_there=link.task_id in there)
    found = (wanting(raw, hub, site=site) for raw in to_import(hub, site=site, now=now))
    return [
        *rows,
        *(Row("", each.key, "", "import", str(each.theirs.get("title", ""))) for each in found if each is not None),
    ]


def _rows(link: Link, *, hub: Hub, site: Site, is_changed_there: bool) -> Iterable[Row]:
    task, record = hub.tasks.find(link.task_id), record_of(link)
    if task is None or not (is_changed_there or is_changed_here(task, record)):
        return ()
    try:
        issue = read(link.outside_id, site)
    except NotThere:
        return [Row(task.id, str(link.key), "", "missing", "cannot be read")]
    if is_foreign(issue.mark, hub):
        return [Row(task.id, issue.key, "", "foreign", "belongs to another hub")]
    view = view_of(task, issue, record, hub=hub, site=site)
    steps = view.readable(view.steps(hub.settings, keep=hub.conflicts.decided(task.id)))
    return [row for step in steps for row in _row(step, task.id, issue.key)]


def _row(step: Step, task_id: str, key: str) -> Iterator[Row]:
    match step:
        case Push():
            yield Row(task_id, key, step.field, "push", step.value)
        case Pull():
            yield Row(task_id, key, step.field, "pull", step.value)
        case Conflict():
            yield Row(task_id, key, step.field, "conflict", {"here": step.ours, "there": step.theirs})
        case Agree():
            pass
