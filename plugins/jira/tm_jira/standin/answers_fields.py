"""What the stand-in's API takes for an issue's fields: `fields` and `update` of a request, checked against a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm_jira.standin.answers_call import BAD_PAYLOAD, Refused
from tm_jira.standin.fields import NOT_ON_SCREEN, SETTABLE, InvalidInput, Scene, Wrong, kept

if TYPE_CHECKING:
    from tm_jira.standin.answers_call import Call
    from tm_jira.standin.issues import Issue
    from tm_jira.standin.workflow import Project

LONGEST_PROPERTY = 32_768
_GUARDED = {"assignee": "ASSIGN_ISSUES", "reporter": "MODIFY_REPORTER", "duedate": "SCHEDULE_ISSUES"}


def checked(
    call: Call, body: dict[str, Any], *, project: Project, screen: set[str], issue: Issue | None = None
) -> dict[str, Any]:
    """The values a request sets, as they are kept. Raises Refused naming every field that is wrong."""
    errors: dict[str, str] = {}
    told = _told(body, issue, errors)
    scene = Scene(project, call.site.people, call.version, call.site.catalogue, data_center=call.site.data_center)
    allowed = {name for name in screen if _GUARDED.get(name) is None or _GUARDED[name] in call.site.held}
    values = {}
    for name, value in told.items():
        if name not in allowed or name not in SETTABLE:
            errors[name] = NOT_ON_SCREEN.format(name)
            continue
        scene.was = issue.fields.get(name) if issue else None
        try:
            values[name] = kept(name, value, scene)
        except Wrong as wrong:
            errors[wrong.field or name] = str(wrong)
        except InvalidInput as wrong:
            raise Refused(400, "INVALID_INPUT", why=f"{name}: {wrong}") from wrong
    if errors:
        raise Refused(400, errors=errors)
    return values


def _told(body: dict[str, Any], issue: Issue | None, errors: dict[str, str]) -> dict[str, Any]:
    fields, update = body.get("fields", {}), body.get("update", {})
    if not isinstance(fields, dict) or not isinstance(update, dict):
        raise Refused(400, BAD_PAYLOAD, why="fields and update are objects")
    told = dict(fields)
    for name, operations in update.items():
        if name == "comment" and issue is not None:
            continue  # it is no field; `comments_of` reads it
        if name in fields:
            errors[name] = f"Field '{name}' cannot appear in both 'fields' and 'update'"
            continue
        was = issue.fields.get(name) if issue else None
        told[name] = _updated(name, operations, was)
    return told


def _updated(name: str, operations: Any, was: Any) -> Any:
    if not isinstance(operations, list) or not operations:
        raise Refused(400, errors={name: "data was not an array"})
    value = list(was or []) if name == "labels" else was
    for operation in operations:
        if not isinstance(operation, dict) or len(operation) != 1:
            raise Refused(400, errors={name: "an operation is an object with one verb"})
        verb, operand = next(iter(operation.items()))
        value = _applied(name, verb, operand, value=value)
    return value


def _applied(name: str, verb: str, operand: Any, *, value: Any) -> Any:
    if verb == "set" or (verb == "edit" and name == "timetracking"):
        return operand
    if name == "labels" and verb == "add":
        return [*value, operand]
    if name == "labels" and verb == "remove":
        return [each for each in value if each != operand]
    raise Refused(400, errors={name: f"operation '{verb}' is not supported for field '{name}'"})


def properties_of(body: dict[str, Any]) -> dict[str, Any]:
    """The properties a request brings along, by key."""
    told = body.get("properties", [])
    if not isinstance(told, list) or not all(isinstance(each, dict) and set(each) == {"key", "value"} for each in told):
        raise Refused(400, BAD_PAYLOAD, why="properties are a list of objects with key and value")
    return {str(each["key"]): each["value"] for each in told}


def comments_of(call: Call, body: dict[str, Any]) -> list[Any]:
    """The comments an `update` adds, as they are kept."""
    operations = body.get("update", {}).get("comment", [])
    if not isinstance(operations, list) or not all(
        isinstance(each, dict) and set(each) == {"add"} for each in operations
    ):
        raise Refused(400, errors={"comment": "only comments to add can be told here"})
    return [text_of(call, each["add"].get("body"), field="comment") for each in operations]


def text_of(call: Call, value: Any, *, field: str) -> Any:
    """A text that must not be empty: a document in version 3, a string in 2."""
    project = next(iter(call.site.projects.values()))
    scene = Scene(project, call.site.people, call.version, call.site.catalogue, data_center=call.site.data_center)
    if value is None or (isinstance(value, str) and call.version == 2 and not value.strip()):
        raise Refused(400, errors={field: "Comment body can not be empty!"})
    try:
        return kept("description", value, scene)
    except Wrong as wrong:
        raise Refused(400, errors={field: str(wrong)}) from wrong
    except InvalidInput as wrong:
        raise Refused(400, "INVALID_INPUT", why=str(wrong)) from wrong
