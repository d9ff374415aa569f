"""What `tm doctor` hears about Jira, without changing anything there."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import tm
from tm_jira.client import site_of
from tm_jira.creating import doubles, in_doubt
from tm_jira.fields import status_of
from tm_jira.links import FORBIDDEN, GONE, PARKED, foreign, links_here
from tm_jira.outcome import Forbidden, NotThere, Refused
from tm_jira.words import listed, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tm import Finding, Hub
    from tm_jira.client import Site
    from tm_jira.settings import Project
    from tm_jira.words import Words

TROUBLE = (tm.RetryLater, tm.NeedsLogin, tm.PermanentFailure, tm.OutcomeUnknown)
_NEEDED: Mapping[str, str] = {
    "BROWSE_PROJECTS": "see its issues",
    "CREATE_ISSUES": "make issues",
    "EDIT_ISSUES": "change issues",
    "TRANSITION_ISSUES": "move issues to another status",
    "ADD_COMMENTS": "comment",
}
_USEFUL: Mapping[str, str] = {"ASSIGN_ISSUES": "assign issues"}
_ON_SCREEN: Mapping[str, str] = {
    "description": "description",
    "priority": "priority",
    "labels": "labels",
    "assignee": "assignee",
    "duedate": "deadline",
    "timetracking": "estimate",
}
_ALWAYS_GIVEN = ("project", "issuetype", "summary", "description", "reporter")


def findings(hub: Hub) -> Iterator[Finding]:
    """Whether Jira knows us, and what would stand in the way of every rule of the settings."""
    site = site_of(hub.settings, now=hub.clock.now)
    try:
        account = site.account()
        server = site.server()
    except TROUBLE as failure:
        yield _error(str(failure), "What is owed waits; look again with: tm doctor jira")
        return
    yield _ok(f"Jira knows us: {account.name}, time zone {account.zone}, at {hub.settings.url}.")
    yield from _dialect(str(server.get("deploymentType") or ""), site)
    rules = {(each.project, each.issue_type.casefold()): each for each in reversed(hub.settings.projects)}
    for project in reversed(rules.values()):
        try:
            yield from _project(project, hub=hub, site=site)
        except TROUBLE as failure:
            yield _error(f"{project.project}: {failure}", "Look at the account's permissions in this project.")
    yield from _imports(hub, site)
    yield from _owed_to_people(hub)


def _dialect(deployment: str, site: Site) -> Iterator[Finding]:
    if deployment == "Cloud" and not site.is_cloud:
        yield _error("This is Jira Cloud, and the settings hold a token of Data Center.", "Set email and api_token.")
    if deployment == "Server" and site.is_cloud:
        advice = "Set a personal access token as token: tm config secret jira.token"
        yield _error("This is Jira Data Center, and the settings hold an API token of Cloud.", advice)


def _project(project: Project, *, hub: Hub, site: Site) -> Iterator[Finding]:
    key = project.project
    try:
        site.project(key)
    except (NotThere, Forbidden):
        advice = f"Correct project in tm.toml, or give the account the permission to browse {key}."
        yield _error(f"There is no project {key}, or this account may not see it.", advice)
        return
    yield from _permitted(key, site)
    yield from _screens(project, site)
    yield from _statuses(project, words_of(hub.settings, key, issue_type=project.issue_type, zone=hub.zone), site)
    yield from _priorities(project, words_of(hub.settings, key, issue_type=project.issue_type, zone=hub.zone), site)


def _permitted(key: str, site: Site) -> Iterator[Finding]:
    has = site.permissions(key, (*_NEEDED, *_USEFUL))
    lacking = [f"{words} ({name})" for name, words in _NEEDED.items() if not has[name]]
    if lacking:
        advice = "Ask an administrator of the project for a role that may."
        yield _error(f"In {key} this account may not {listed(lacking)}.", advice)
    for name, words in _USEFUL.items():
        if not has[name]:
            yield _warning(f"In {key} this account may not {words} ({name}); assignees stay here.", "")


def _screens(project: Project, site: Site) -> Iterator[Finding]:
    fields = site.creatable(project.project, project.issue_type)
    if fields is None:
        kinds = listed(str(each.get("name")) for each in site.project_statuses(project.project))
        advice = f"Set issue_type to one of the project's own: {kinds}."
        yield _error(f"{project.project} makes no issues of the type {project.issue_type}.", advice)
        return
    yield _ok(f"{project.project} takes issues of the type {project.issue_type}.")
    absent = [words for name, words in _ON_SCREEN.items() if name not in fields]
    if absent:
        message = f"On the screen of {project.project} there is no {listed(absent)}; that stays here."
        yield _warning(message, "Put the fields on the screen in Jira if they are to be synced.")
    for name, words in _ON_SCREEN.items():
        field = fields.get(name) or {}
        if field.get("required") and not field.get("hasDefaultValue") and name not in ("description", "priority"):
            message = f"{project.project} insists on {field.get('name') or name}; a task without {words} gets no issue."
            yield _warning(message, "Give the field a default in Jira, or make it optional.")
    asked = [
        str(field.get("name") or name)
        for name, field in fields.items()
        if field.get("required") and not field.get("hasDefaultValue") and name not in (*_ALWAYS_GIVEN, *_ON_SCREEN)
    ]
    if asked:
        message = f"{project.project} insists on {listed(asked)}, which tasks do not have."
        yield _error(message, "Give these fields a default in Jira, or choose another issue_type.")


def _statuses(project: Project, words: Words, site: Site) -> Iterator[Finding]:
    kinds = site.project_statuses(project.project)
    own = [each for each in kinds if str(each.get("name")).casefold() == project.issue_type.casefold()] or kinds
    there = [status_of(each) for kind in own for each in kind.get("statuses") or ()]
    names = list(dict.fromkeys(each["name"] for each in there))
    for word, wanted in project.statuses.items():
        for odd in (name for name in wanted if name.casefold() not in [each.casefold() for each in names]):
            near = get_close_matches(odd, names, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {listed(names)}."
            yield _error(f"{project.project} has no status {odd}, which statuses names for {word}.", hint)
    for odd in (name for name in project.via if name.casefold() not in [each.casefold() for each in names]):
        yield _error(f"{project.project} has no status {odd}, which via names.", f"There are {listed(names)}.")
    lacking = [word for word in words.statuses if not any(words.status_of(each) == word for each in there)]
    missing = [word for word in lacking if word in ("pending", "in_progress", "completed")]
    if missing:
        advice = "Name them under [[plugins.jira.projects]] statuses."
        yield _error(f"No status of {project.project} stands for {listed(missing)}.", advice)
    apart = [word for word in lacking if word in ("blocked", "cancelled") and word not in project.statuses]
    if apart:
        message = f"{project.project} has no status for {listed(apart)}"
        yield _ok(f"{message}: a blocked task's issue stays where it is, a cancelled one's is done.")


def _priorities(project: Project, words: Words, site: Site) -> Iterator[Finding]:
    known = site.priorities()
    there = [each.casefold() for each in known]
    for priority in words.priorities:
        name = words.priority_name(priority)
        if name.casefold() not in there:
            message = f"Jira has no priority {name}, which {project.project} is to get for {priority}."
            advice = (
                f'Say under [[plugins.jira.projects]]: priorities = {{ {priority} = "…" }}; there are {listed(known)}.'
            )
            yield _warning(message, advice)


def _imports(hub: Hub, site: Site) -> Iterator[Finding]:
    if hub.settings.import_jql is None:
        return
    try:
        next(site.search(f"({hub.settings.import_jql}) ORDER BY updated ASC", fields=("updated",)), None)
    except Refused as refusal:
        yield _error(f"import_jql cannot be searched for: {refusal}", "Try it in Jira's own search first.")
    except TROUBLE as failure:
        yield _warning(str(failure), "")
    else:
        yield _ok("import_jql can be searched for.")


def _owed_to_people(hub: Hub) -> Iterator[Finding]:
    links = links_here(hub)
    for state, words in ((PARKED, "cannot follow"), (GONE, "are gone"), (FORBIDDEN, "cannot be seen")):
        count = sum(link.state == state for link in links)
        if count:
            yield _warning(f"{count} linked issues {words}.", "See which: tm jira status")
    if waiting := hub.conflicts.count():
        yield _warning(f"Conflicts that wait for a person: {waiting}.", "See them: tm conflicts list")
    for count, words in (
        (len(foreign(hub)), "issues belong to another hub"),
        (len(in_doubt(hub)), "issues may or may not have been made; they are being looked for"),
        (len(doubles(hub)), "tasks have more than one issue"),
    ):
        if count:
            yield _warning(f"{count} {words}.", "See which: tm jira status")


def _ok(message: str) -> Finding:
    return tm.Finding(level="ok", message=message)


def _warning(message: str, advice: str) -> Finding:
    return tm.Finding(level="warning", message=message, advice=advice)


def _error(message: str, advice: str) -> Finding:
    return tm.Finding(level="error", message=message, advice=advice)
