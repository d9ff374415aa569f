"""Looking at Jira: which issues changed since the last look, and which tasks that wakes.

The cursor is the time of the last change that was seen, by Jira's own clock. Jira's search knows only minutes, in the
account's time zone, so it is asked for the minutes that have passed, and its index lags behind, so a few more.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import tm
from tm_jira import creating
from tm_jira.adopt import adopt
from tm_jira.client import PAGE, site_of
from tm_jira.fields import WANTED, instant
from tm_jira.links import FORBIDDEN, FOREIGN, GONE, link_to, links_to_look_at, project_of, record_of
from tm_jira.outcome import Refused
from tm_jira.searches import quoted, updated_since
from tm_jira.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tm import Hub, Link
    from tm_jira.client import Site

FIRST = timedelta(days=1)
SWEEP_EVERY, SWEEP_AT_ONCE = timedelta(days=1), 1000
FEW, _MOST_PASSES = 10, 5
CHANGES, IMPORTS, SWEEP = "changes", "imports", "sweep"


class Emptied(tm.RetryLater):
    """Jira suddenly shows hardly any of the linked issues."""


class Change(NamedTuple):
    """An issue that is `new`, `changed` or `missing`; `task_id` is None for one without a task."""

    key: str
    kind: str
    task_id: str | None


def pull(hub: Hub) -> list[Change]:
    """Wake the task of every issue that changed since the last look, and make tasks of new ones that are wanted.

    Nothing is written to Jira. The cursor moves after what it stands for: a crash before that wakes some tasks once
    more, which changes nothing. Raises NeedsLogin, RetryLater.
    """
    links = links_to_look_at(hub)
    site = site_of(hub.settings, now=hub.clock.now)
    now = time_of(site, hub)
    found: dict[str, Change] = {}
    for change in changed(hub, links, site=site, now=now):
        hub.wake(str(change.task_id), "changed in Jira")
        found[str(change.task_id)] = change
    hub.cursors.set(tm.stamp(now), name=CHANGES)
    creating.look_for_doubles(hub, site=site)
    shown = _shown_again(hub, links, site=site)
    imported = _imported(hub, site=site, now=now)
    return [*found.values(), *shown, *imported, *_swept(hub, links, site=site, now=now)]


def time_of(site: Site, hub: Hub) -> datetime:
    """Jira's own time; asking for it proves the credentials, without which a search would just be empty."""
    return site.account().now or hub.clock.now()


def changed(hub: Hub, links: Iterable[Link], *, site: Site, now: datetime) -> Iterator[Change]:
    """Those of the links whose issues changed since the last look, while they are read. Changes nothing."""
    for raw in _in_projects(updated_since(since_of(hub, now), now), _searchable(hub, links), hub=hub, site=site):
        change = _change_of(raw, hub)
        if change is not None:
            yield change


def since_of(hub: Hub, now: datetime) -> datetime:
    """How far Jira was read; a day back before the first look."""
    return instant(hub.cursors.get(CHANGES)) or now - FIRST


def _in_projects(clause: str, projects: list[str], *, hub: Hub, site: Site) -> Iterator[Mapping[str, Any]]:
    """What a search finds in all of these projects; one that Jira refuses to search stops no other."""
    if not projects:
        return
    try:
        yield from _thorough(f"project in ({quoted(projects)}) AND {clause}", site=site, fields=("updated",))
        return
    except Refused:
        if len(projects) == 1:
            raise
    for project in projects:
        try:
            yield from _thorough(f"project in ({quoted([project])}) AND {clause}", site=site, fields=("updated",))
        except Refused as refusal:
            hub.log.warning("project not searched", extra={"project": project, "error": str(refusal)})


def _searchable(hub: Hub, links: Iterable[Link]) -> list[str]:
    """The projects to search: those of the settings and of the links there are."""
    linked = {project_of(link) for link in links if link.state not in (GONE, FOREIGN)}
    return sorted({*linked, *(each.project for each in hub.settings.projects)} - {""})


def _thorough(jql: str, *, site: Site, fields: tuple[str, ...], order: str = "updated") -> Iterator[Mapping[str, Any]]:
    """Every issue that a search finds, though somebody changes issues while its pages are read.

    Such a change moves others from one page to the one before, unseen. So several pages are read again until nothing
    new turns up.
    """
    seen: set[tuple[str, str]] = set()
    for _ in range(_MOST_PASSES):
        pages, before = 0, len(seen)
        for page in site.search(f"{jql} ORDER BY {order} ASC", fields=fields):
            pages += 1
            fresh = {_version(raw): raw for raw in page if _version(raw) not in seen}
            seen |= fresh.keys()
            yield from fresh.values()
        if pages < 2 or len(seen) == before:
            return


def _version(raw: Mapping[str, Any]) -> tuple[str, str]:
    return str(raw.get("id")), str((raw.get("fields") or {}).get("updated"))


def _change_of(raw: Mapping[str, Any], hub: Hub) -> Change | None:
    link = link_to(str(raw.get("id")), hub)
    if link is None or link.state == FOREIGN or _is_seen(link, raw):
        return None
    return Change(str(raw.get("key")), "changed", link.task_id)


def _is_seen(link: Link, raw: Mapping[str, Any]) -> bool:
    """Whether an issue was seen as it is now; the account's time zone may have changed since."""
    return instant(record_of(link).updated) == _updated_at(raw)


def to_import(hub: Hub, *, site: Site, now: datetime) -> Iterator[Mapping[str, Any]]:
    """Issues that are wanted as tasks, as a search gives them: new ones, the first time all there are."""
    wanted = hub.settings.import_jql
    if wanted is None:
        return
    since = _imported_until(hub)
    jql, order = (f"({wanted}) AND {updated_since(since, now)}", "updated") if since else (f"({wanted})", "created")
    try:
        yield from _thorough(jql, site=site, fields=WANTED, order=order)
    except Refused as refusal:
        raise Refused(f"import_jql cannot be searched for: {refusal}") from None


def _imported_until(hub: Hub) -> datetime | None:
    """How far imports were read; None when the search is another than the last time, which begins anew."""
    kept = json.loads(hub.cursors.get(IMPORTS) or "{}")
    return instant(kept.get("at")) if kept.get("jql") == hub.settings.import_jql else None


def _imported(hub: Hub, *, site: Site, now: datetime) -> list[Change]:
    """Tasks for issues that have none and are wanted."""
    wanted, since = hub.settings.import_jql, _imported_until(hub)
    if wanted is None:
        return []
    found, is_empty = list[Change](), True
    for raw in to_import(hub, site=site, now=now):
        is_empty, task_id = False, adopt(raw, hub, site=site)
        found += [Change(str(raw.get("key")), "new", task_id)] if task_id else []
    if since is None and is_empty:
        site.account()  # to a stranger there would be nothing to import, ever
    hub.cursors.set(json.dumps({"jql": wanted, "at": tm.stamp(now)}), name=IMPORTS)
    return found


def _shown_again(hub: Hub, links: Iterable[Link], *, site: Site) -> list[Change]:
    """Wake the tasks whose issues were hidden from us and are not any more; what waited for them goes then.

    One issue of each project is looked at: projects are hidden and shown as a whole.
    """
    hidden = [link for link in links if link.state == FORBIDDEN]
    probes = {project_of(link): link for link in hidden}
    there = site.readable([link.outside_id for link in probes.values()], fields=("updated",)) if probes else {}
    shown = {project for project, link in probes.items() if link.outside_id in there}
    found = [Change(str(link.key), "changed", link.task_id) for link in hidden if project_of(link) in shown]
    for change in found:
        hub.wake(str(change.task_id), "shown again in Jira")
    return found


def _swept(hub: Hub, links: Iterable[Link], *, site: Site, now: datetime) -> list[Change]:
    """Once a day, what no search tells: issues that are gone, moved or hidden, and changes that were missed."""
    kept = json.loads(hub.cursors.get(SWEEP) or "{}")
    if not kept:
        hub.cursors.set(json.dumps({"next": (now + SWEEP_EVERY).isoformat(), "after": 0}), name=SWEEP)
        return []
    if (instant(kept.get("next")) or now) > now:
        return []
    links = sorted((each for each in links if each.state != FOREIGN), key=lambda each: int(each.outside_id))
    at_once = SWEEP_AT_ONCE if site.is_cloud else PAGE
    part = [each for each in links if int(each.outside_id) > kept["after"]][:at_once]
    try:
        found = missing_or_changed(part, site=site)
    except Emptied:
        # the next one comes when somebody has had time to look, and the other looks go on
        hub.cursors.set(json.dumps({**kept, "next": tm.stamp(now + timedelta(hours=1))}), name=SWEEP)
        raise
    for change in found:
        hub.wake(str(change.task_id), f"{change.kind} in Jira")
    is_through = len(part) < at_once
    after = 0 if is_through else int(part[-1].outside_id)
    following = (now + SWEEP_EVERY).isoformat() if is_through else kept["next"]
    hub.cursors.set(json.dumps({"next": following, "after": after}), name=SWEEP)
    return found


def missing_or_changed(links: list[Link], *, site: Site) -> list[Change]:
    """Which of these links' issues changed or cannot be read. Raises RetryLater when suddenly most are missing."""
    there = site.readable([link.outside_id for link in links], fields=("updated",))
    open_links = [link for link in links if link.state != GONE]
    missing = [link for link in open_links if link.outside_id not in there]
    if missing:
        site.account()  # to a stranger everything is missing
    is_all = len(missing) == len(open_links) > 1
    if is_all or (len(missing) >= FEW and len(missing) * 2 > len(open_links)):
        raise Emptied(
            f"Jira suddenly shows {len(open_links) - len(missing)} of {len(open_links)} linked issues. Nothing is "
            "concluded from that; look at the account's permissions. Missing are "
            f"{listed(str(each.key) for each in missing[:3])} …"
        )
    found = [Change(str(link.key), "missing", link.task_id) for link in missing]
    for link in links:
        raw = there.get(link.outside_id)
        if raw is not None and (link.state in (GONE, FORBIDDEN) or not _is_seen(link, raw)):
            found.append(Change(str(link.key), "changed", link.task_id))
    return found


def _updated_at(raw: Mapping[str, Any]) -> datetime | None:
    return instant((raw.get("fields") or {}).get("updated"))


def wanted_now(issue_id: str, hub: Hub, *, site: Site) -> Mapping[str, Any] | None:
    """An issue by its id if it is one that tasks are made of, as far as Jira's index knows yet; else None."""
    if hub.settings.import_jql is None or not issue_id.isdigit():
        return None
    try:
        pages = list(site.search(f"({hub.settings.import_jql}) AND id = {issue_id}", fields=WANTED))
    except Refused:
        return None  # the issue is gone, or hidden
    return next((raw for page in pages for raw in page), None)
