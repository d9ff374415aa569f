"""The stand-in's answers about the site: the server, our account, permissions, fields, projects, people, screens.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm_jira.standin.answers_call import Refused, answer, page
from tm_jira.standin.answers_shown import field_json
from tm_jira.standin.issues import jira_time
from tm_jira.standin.site import PERMISSIONS

if TYPE_CHECKING:
    from tm.testing import Reply
    from tm_jira.standin.answers_call import Call
    from tm_jira.standin.workflow import Project


def server(call: Call) -> Reply:
    """GET serverInfo: for anybody."""
    cloud: dict[str, Any] = {"version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"}
    own: dict[str, Any] = {"version": "10.3.0", "versionNumbers": [10, 3, 0], "deploymentType": "Server"}
    known: dict[str, Any] = {"baseUrl": call.site.url, **(own if call.site.data_center else cloud)}
    known |= {"buildNumber": 100_300, "buildDate": "2026-01-01T00:00:00.000+0000", "scmInfo": "0" * 40}
    return answer({**known, "serverTime": jira_time(call.site.time), "serverTitle": "Stand-in"})


def myself(call: Call) -> Reply:
    """GET myself."""
    more = {"locale": "en_US", "groups": {"size": 0, "items": []}, "applicationRoles": {"size": 1, "items": []}}
    return answer({**call.site.people.json(call.site.bot), **more})


def fields(call: Call) -> Reply:
    """GET field."""
    return answer(call.site.catalogue.fields)


def permissions(call: Call) -> Reply:
    """GET mypermissions: on Cloud it must be said which."""
    asked = call.listed("permissions")
    if asked is None and not call.site.data_center:
        raise Refused(400, "The 'permissions' query parameter is required.")
    if unknown := sorted(set(asked or []) - set(PERMISSIONS)):
        raise Refused(400, f"Unrecognized permission: {unknown[0]}")
    for word in (call.param("projectKey") or call.param("projectId"),):
        if word:
            project_named(call, word)
    found = {}
    for at, key in enumerate(PERMISSIONS):
        if asked is None or key in asked:
            named = {"id": str(at), "key": key, "name": key.replace("_", " ").capitalize(), "type": "PROJECT"}
            found[key] = {**named, "description": "", "havePermission": key in call.site.held}
    return answer({"permissions": found})


def project_named(call: Call, word: str) -> Project:
    """The project of that key or id, if our account may browse it."""
    for each in call.site.projects.values():
        if word.upper() in (each.key, each.id) and call.site.is_open(each.key):
            return each
    raise Refused(404, f"No project could be found with key '{word}'.")


def project(call: Call) -> Reply:
    """GET project/{key}."""
    found = project_named(call, call.parts[0])
    types = [found.type_json(each) for each in found.issue_types]
    return answer({**found.json, "description": "", "assigneeType": "UNASSIGNED", "issueTypes": types})


def projects(call: Call) -> Reply:
    """GET project/search."""
    found = [each.json for each in call.site.projects.values() if call.site.is_open(each.key)]
    return answer({**page(call, found, name="values"), "isLast": True})


def statuses(call: Call) -> Reply:
    """GET project/{key}/statuses."""
    found = project_named(call, call.parts[0])
    known = [each.json for each in found.statuses]
    return answer([{**found.type_json(each), "statuses": known} for each in found.issue_types])


def priorities(call: Call) -> Reply:
    """GET priority."""
    return answer(call.site.catalogue.priorities)


def priority_search(call: Call) -> Reply:
    """GET priority/search."""
    known = [{**each, "isDefault": each["name"] == "Medium"} for each in call.site.catalogue.priorities]
    return answer({**page(call, known, name="values"), "isLast": True})


def assignable(call: Call) -> Reply:
    """GET user/assignable/search: who may be assigned, by the beginning of a name; Data Center calls it username."""
    issue = call.site.archive.find(call.param("issueKey")) if "issueKey" in call.query else None
    project_named(call, issue.project if issue else call.param("project"))
    people = call.site.people
    found = people.matching(call.param("username" if call.site.data_center else "query"))
    if account := call.param("accountId"):
        found = [each for each in found if each["accountId"] == account]
    start, size = call.number("startAt", 0), call.number("maxResults", 50)
    return answer([people.json(each) for each in found[start : start + size]])


def creatable_types(call: Call) -> Reply:
    """GET issue/createmeta/{project}/issuetypes."""
    found = project_named(call, call.parts[0])
    types = [found.type_json(each) for each in found.issue_types]
    return answer(page(call, types, name="values" if call.site.data_center else "issueTypes"))


def creatable_fields(call: Call) -> Reply:
    """GET issue/createmeta/{project}/issuetypes/{id}."""
    found = project_named(call, call.parts[0])
    if not any(each["id"] == call.parts[1] for each in found.issue_types):
        raise Refused(404, "The issue type could not be found.")
    screen = sorted(found.screen | found.required)
    shown = [{**_on_screen(call, found, name), "fieldId": name} for name in screen]
    return answer(page(call, shown, name="values" if call.site.data_center else "fields"))


def editable_fields(call: Call) -> Reply:
    """GET issue/{id}/editmeta: nothing if our account may not edit."""
    issue = call.issue()
    found = call.project_of(issue)
    names = sorted(found.screen - {"project"}) if "EDIT_ISSUES" in call.site.held else []
    return answer({"fields": {name: _on_screen(call, found, name) for name in names}})


def _on_screen(call: Call, project: Project, name: str) -> dict[str, Any]:
    return field_json(call, project, name, required=project.required)
