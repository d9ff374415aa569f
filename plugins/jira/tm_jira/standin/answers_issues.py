"""The stand-in's answers about issues: created, read, edited, moved along a transition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm_jira.standin.answers_call import BAD_PAYLOAD, NO_ISSUE, Refused, answer, nothing, page
from tm_jira.standin.answers_fields import checked, comments_of, properties_of
from tm_jira.standin.answers_shown import changelog, issue_json, screen_of, transition_json
from tm_jira.standin.fields import Wrong

if TYPE_CHECKING:
    from tm.testing import Reply
    from tm_jira.standin.answers_call import Call
    from tm_jira.standin.issues import Issue
    from tm_jira.standin.workflow import Project, Transition

MOST_AT_ONCE = 100
MOST_PROPERTIES = 5
_TOLD = ("fields", "update", "transition", "historyMetadata", "properties")


def create(call: Call) -> Reply:
    """POST issue: only id, key and address come back."""
    body = call.body(*_TOLD)
    project = _project(call, body)
    call.needs("CREATE_ISSUES", "You do not have permission to create issues in this project.")
    brought = properties_of(body)
    transition = _asked(call, project, body, status=project.statuses[0].name) if "transition" in body else None
    values = _fresh_values(call, body, project)
    issue = call.site.archive.create(project, values, by=call.site.bot)
    if brought:
        # before anybody can see the issue without them
        issue.properties |= brought
        issue.keep(call.site.time)
    if transition is not None:
        call.site.archive.change(issue, {"status": project.status(transition.to).json}, by=call.site.bot)
    call.wrote(issue)
    address = f"{call.site.url}/rest/api/{call.version}/issue/{issue.id}"
    return answer({"id": issue.id, "key": issue.key, "self": address}, 201)


def _project(call: Call, body: dict[str, Any]) -> Project:
    fields = body.get("fields")
    asked = fields.get("project") if isinstance(fields, dict) else None
    if not isinstance(asked, dict):
        raise Refused(400, errors={"project": "Specify a valid project ID or key"})
    for each in call.site.projects.values():
        if call.site.is_open(each.key) and (asked.get("key") == each.key or asked.get("id") == each.id):
            return each
    raise Refused(400, errors={"project": "Specify a valid project ID or key"})


def _fresh_values(call: Call, body: dict[str, Any], project: Project) -> dict[str, Any]:
    fields = {name: value for name, value in body["fields"].items() if name != "project"}
    told = {**fields, **body["update"]} if isinstance(body.get("update"), dict) else fields
    if missing := {name: _missing(call, name) for name in project.required - {"project"} if told.get(name) is None}:
        raise Refused(400, errors=missing)
    values = checked(call, {**body, "fields": fields}, project=project, screen=project.screen)
    if values["issuetype"]["subtask"] and not values.get("parent"):
        sentence = "Issue type is a sub-task but parent issue key or id not specified."
        raise Refused(400, errors={"issuetype": sentence})
    if "assignee" not in values and project.default_assignee:
        values["assignee"] = call.site.people.json(call.site.people[project.default_assignee])
    return values


def _missing(call: Call, name: str) -> str:
    words = {"summary": "You must specify a summary of the issue.", "issuetype": "Specify an issue type"}
    described = call.site.catalogue.field(name)
    return words.get(name) or f"{described['name'] if described else name} is required."


def read(call: Call) -> Reply:
    """GET issue."""
    issue = call.issue()
    shown = issue_json(call, issue, call.listed("fields") or ["*all"])
    expanded = call.listed("expand") or []
    if "changelog" in expanded:
        shown["changelog"] = changelog(call, issue)
    if "transitions" in expanded:
        shown["transitions"] = _possible(call, issue, with_fields=False)
    wanted = call.listed("properties") or []
    if wanted:
        shown["properties"] = {key: value for key, value in issue.properties.items() if {key, "*all"} & set(wanted)}
    return answer(shown)


def read_many(call: Call) -> Reply:
    """POST issue/bulkfetch: up to 100 at once, what cannot be reached among the errors."""
    body = call.body("issueIdsOrKeys", "fields", "fieldsByKeys", "properties", "expand")
    wanted, names, properties = body.get("issueIdsOrKeys"), body.get("fields"), body.get("properties", [])
    if not are_texts(wanted) or not wanted:
        raise Refused(400, BAD_PAYLOAD, why="issueIdsOrKeys is a list of texts that is not empty")
    if len(wanted) > MOST_AT_ONCE:
        raise Refused(400, f"The number of issues in the request must not exceed {MOST_AT_ONCE}.")
    if (names is not None and not are_texts(names)) or not are_texts(properties):
        raise Refused(400, BAD_PAYLOAD, why="fields and properties are lists of texts")
    if len(properties) > MOST_PROPERTIES:
        raise Refused(400, f"The number of properties must not exceed {MOST_PROPERTIES}.")
    found = {
        word: issue for word in wanted if (issue := call.site.archive.find(word)) and call.site.is_open(issue.project)
    }
    shown = {
        issue.id: with_properties(issue_json(call, issue, names or ["*navigable"]), issue, properties)
        for issue in found.values()
    }
    errors = [{"id": word, "errorMessage": NO_ISSUE} for word in wanted if word not in found]
    return answer({"issues": list(shown.values()), "issueErrors": errors})


def are_texts(value: Any) -> bool:
    """Whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def with_properties(shown: dict[str, Any], issue: Any, keys: list[str]) -> dict[str, Any]:
    """An issue with those of its properties that are wanted, if any are."""
    if not keys:
        return shown
    return {**shown, "properties": {key: issue.properties[key] for key in keys if key in issue.properties}}


def edit(call: Call) -> Reply:
    """PUT issue; a transition in it is ignored."""
    issue, body = call.issue(), call.body(*_TOLD)
    call.needs("EDIT_ISSUES", "You do not have permission to edit issues in this project.")
    if call.param("notifyUsers", "true") == "false" and not {"ADMINISTER", "ADMINISTER_PROJECTS"} & call.site.held:
        raise Refused(403, "To discard the user notification either admin or project admin permissions are required.")
    brought = properties_of(body)
    if not body.get("fields") and not body.get("update") and not brought:
        raise Refused(400, "one of 'fields' or 'update' required")
    project = call.project_of(issue)
    values = checked(call, body, project=project, screen=project.screen - {"project"}, issue=issue)
    comments = comments_of(call, body)
    changed = call.site.archive.change(issue, values, by=call.site.bot)
    changed |= _bring(call, issue, comments=comments, properties=brought)
    call.wrote(issue, changed=changed)
    if call.param("returnIssue") == "true" and not call.site.data_center:
        return answer(issue_json(call, issue, ["*all"]))
    return nothing()


def _bring(call: Call, issue: Issue, *, comments: list[Any], properties: dict[str, Any]) -> bool:
    """Add what comes along with an edit or a transition; tells whether anything did."""
    for body in comments:
        call.site.archive.add_comment(issue, body, by=call.site.bot)
    is_change = bool(comments) or any(issue.properties.get(key) != value for key, value in properties.items())
    issue.properties |= properties
    if properties:
        issue.keep(call.site.time)
    return is_change


def transitions(call: Call) -> Reply:
    """GET transitions: what our account can do now; nothing, and no error, if it lacks the permission."""
    issue, expanded = call.issue(), call.listed("expand") or []
    found = _possible(call, issue, with_fields="transitions.fields" in expanded)
    wanted = call.param("transitionId")
    return answer({"expand": "transitions", "transitions": [each for each in found if wanted in ("", each["id"])]})


def _possible(call: Call, issue: Issue, *, with_fields: bool) -> list[dict[str, Any]]:
    if "TRANSITION_ISSUES" not in call.site.held:
        return []
    project = call.project_of(issue)
    possible = project.transitions_from(issue.status)
    return [transition_json(call, project, each, with_fields=with_fields) for each in possible]


def transit(call: Call) -> Reply:
    """POST transitions: carried out even if the status stays the same."""
    issue, body = call.issue(), call.body(*_TOLD)
    project = call.project_of(issue)
    transition = _asked(call, project, body, status=issue.status)
    screen = screen_of(project, transition)
    values = checked(call, body, project=project, screen=screen, issue=issue)
    _check_required(transition, values, issue)
    comments, brought = comments_of(call, body), properties_of(body)
    status = project.status(transition.to).json
    changed = call.site.archive.change(issue, {**values, "status": status}, by=call.site.bot)
    changed |= _bring(call, issue, comments=comments, properties=brought)
    call.wrote(issue, changed=changed)
    return nothing()


def _asked(call: Call, project: Project, body: dict[str, Any], *, status: str) -> Transition:
    asked = body.get("transition")
    transition_id = asked.get("id") if isinstance(asked, dict) else None
    # sites have been seen to take a number, but the contract says string
    if not isinstance(transition_id, str) or not transition_id:
        raise Refused(400, "Missing 'transition' identifier", why="transition is an object whose id is a string")
    possible = project.transitions_from(status) if "TRANSITION_ISSUES" in call.site.held else []
    for each in possible:
        if each.id == transition_id:
            return each
    sentence = (
        f"It seems that you have tried to perform an illegal workflow operation (transition {transition_id}): "
        "it is not valid for this issue."
    )
    raise Refused(400, sentence)


def _check_required(transition: Transition, values: dict[str, Any], issue: Issue) -> None:
    errors = {}
    for name, names in transition.required.items():
        value = values.get(name, issue.fields.get(name))
        if value in (None, "", []):
            errors[name] = f"{name.capitalize()} is required."
        elif names and isinstance(value, dict) and value.get("name") not in names:
            errors[name] = str(Wrong(f"The {name} selected is invalid."))
    if errors:
        raise Refused(400, errors=errors)


def history(call: Call) -> Reply:
    """GET changelog: pages, the oldest first."""
    issue = call.issue()
    found = page(call, issue.history, name="values", most=100)
    is_last = found["startAt"] + len(found["values"]) >= found["total"]
    return answer({**found, "isLast": is_last})
