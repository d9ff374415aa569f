"""The fields of the stand-in's issues: which there are, what each takes, and what is kept of it.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-post
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from tm_jira.standin import documents
from tm_jira.standin.workflow import PRIORITIES, RESOLUTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tm_jira.standin.people import People
    from tm_jira.standin.workflow import Project

LONGEST_LINE = 255
NOT_ON_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
_SECONDS = {"w": 144_000, "d": 28_800, "h": 3_600, "m": 60}  # five days of eight hours a week
_ESTIMATE = re.compile(r"\d+(?:\.\d+)?\s*[wdhm](?:\s+\d+(?:\.\d+)?\s*[wdhm])*")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([wdhm])")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Wrong(Exception):
    """A field has a value Jira does not take; the message is Jira's, and so is `field` if it tells another name."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class InvalidInput(Exception):
    """A document is not valid; Jira says no more than that."""


@dataclass
class Scene:
    """Where a value is set: in which project, among whom, in which version of the API, instead of what."""

    project: Project
    people: People
    version: int
    catalogue: Catalogue
    data_center: bool = False
    is_person: bool = False
    was: Any = None


class Catalogue:
    """What is known on the whole site: priorities, resolutions, fields, and in `texts` those that hold documents."""

    def __init__(self, api: str) -> None:
        self.priorities = [
            {"self": f"{api}/priority/{at}", "id": str(at), "name": name} for at, name in enumerate(PRIORITIES, 1)
        ]
        self.resolutions = [
            {"self": f"{api}/resolution/{at}", "id": str(at), "name": name, "description": ""}
            for at, name in enumerate(RESOLUTIONS, 10_000)
        ]
        self.fields = [_described(*each) for each in _FIELDS]
        self.fields += [_described(name, title, kind, custom=custom) for name, title, kind, custom in _CUSTOM]
        areas = {each["id"] for each in self.fields if each["schema"].get("custom") == _TEXTAREA}
        self.texts = {"description", "environment", *areas}

    def field(self, name: str) -> dict[str, Any] | None:
        """What the API tells of the field with that id."""
        return next((each for each in self.fields if each["id"] == name), None)


_TEXTAREA = "com.atlassian.jira.plugin.system.customfieldtypes:textarea"
_TEXTFIELD = "com.atlassian.jira.plugin.system.customfieldtypes:textfield"
_FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"
_FIELDS = (
    ("summary", "Summary", "string"),
    ("description", "Description", "string"),
    ("environment", "Environment", "string"),
    ("issuetype", "Issue Type", "issuetype"),
    ("project", "Project", "project"),
    ("status", "Status", "status"),
    ("statuscategorychangedate", "Status Category Changed", "datetime"),
    ("priority", "Priority", "priority"),
    ("resolution", "Resolution", "resolution"),
    ("resolutiondate", "Resolved", "datetime"),
    ("labels", "Labels", "array"),
    ("assignee", "Assignee", "user"),
    ("reporter", "Reporter", "user"),
    ("creator", "Creator", "user"),
    ("created", "Created", "datetime"),
    ("updated", "Updated", "datetime"),
    ("duedate", "Due date", "date"),
    ("timetracking", "Time tracking", "timetracking"),
    ("timeoriginalestimate", "Original estimate", "number"),
    ("timeestimate", "Remaining Estimate", "number"),
    ("parent", "Parent", "issuelink"),
    ("components", "Components", "array"),
    ("fixVersions", "Fix versions", "array"),
    ("comment", "Comment", "comments-page"),
)
_CUSTOM = (
    ("customfield_10010", "Task address", "string", _TEXTFIELD),
    ("customfield_10011", "Notes", "string", _TEXTAREA),
    ("customfield_10012", "Story points", "number", _FLOAT),
)


def _described(name: str, title: str, kind: str, *, custom: str | None = None) -> dict[str, Any]:
    is_custom = custom is not None
    number = int(name.rpartition("_")[2]) if is_custom else 0
    more = {"custom": custom, "customId": number} if is_custom else {"system": name}
    items = {"items": {"labels": "string", "components": "component"}.get(name, "version")} if kind == "array" else {}
    return {
        "id": name,
        "key": name,
        "name": title,
        "custom": is_custom,
        "orderable": name not in ("status", "created", "updated", "creator", "comment"),
        "navigable": True,
        "searchable": True,
        "clauseNames": [f"cf[{number}]", title] if is_custom else [name],
        "schema": {"type": kind, **items, **more},
    }


def kept(field: str, value: Any, scene: Scene) -> Any:
    """What is kept of a value given for a field. Raises Wrong with Jira's words, InvalidInput for a bad document."""
    if field in scene.catalogue.texts:
        return _text(value, scene)
    return _KEPT[field](value, scene)


def _summary(value: Any, _: Scene) -> str:
    if not isinstance(value, str):
        raise Wrong("Operation value must be a string")
    if not value.strip():
        raise Wrong("You must specify a summary of the issue.")
    if "\n" in value or "\r" in value:
        raise Wrong("The summary is invalid because it contains newline characters.")
    if len(value) > LONGEST_LINE:
        raise Wrong("Summary must be less than 255 characters.")
    return value.strip()


def _text(value: Any, scene: Scene) -> Any:
    if value is None:
        return None
    if scene.is_person and isinstance(value, str) and not scene.data_center:
        return documents.of_text(value)
    if scene.version == 3:
        return _document(value)
    if not isinstance(value, str):
        raise Wrong("Operation value must be a string")
    if len(value) > documents.LONGEST_TEXT:
        raise Wrong("The entered text is too long. It exceeds the allowed limit of 32,767 characters.")
    if scene.data_center:
        return value or None
    return documents.of_text(value) if value else None


def _document(value: Any) -> Any:
    if not isinstance(value, dict):
        raise Wrong("Operation value must be an Atlassian Document (see the Atlassian Document Format)")
    if why := documents.problem(value):
        raise InvalidInput(why)
    if documents.length(value) > documents.LONGEST_TEXT:
        raise Wrong("The entered text is too long. It exceeds the allowed limit of 32,767 characters.")
    return value


def _labels(value: Any, _: Scene) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Wrong("data was not an array of strings")
    for label in value:
        if re.search(r"\s", label):
            raise Wrong(f"The label '{label}' contains spaces which is invalid.")
        if not label or len(label) > LONGEST_LINE:
            raise Wrong(f"The label '{label}' exceeds the maximum length allowed ({LONGEST_LINE} characters).")
    return sorted(set(value))


def _chosen(value: Any, known: list[dict[str, Any]], word: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get("id", value.get("name")), str):
        raise Wrong(f"Could not find valid 'id' or 'name' in {word} object.")
    for each in known:
        if value["id"] == each["id"] if "id" in value else value["name"] == each["name"]:
            return each
    asked = f"{word.title()} name '{value['name']}' is not valid" if "id" not in value else ""
    raise Wrong(asked or f"The {word} selected is invalid.")


def _priority(value: Any, scene: Scene) -> dict[str, Any]:
    return _chosen(value, scene.catalogue.priorities, "priority")


def _resolution(value: Any, scene: Scene) -> dict[str, Any] | None:
    return None if value is None else _chosen(value, scene.catalogue.resolutions, "resolution")


def _issue_type(value: Any, scene: Scene) -> dict[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get("id", value.get("name")), str):
        raise Wrong("Specify an issue type")
    known = scene.project.issue_types
    found = next((each for each in known if (value.get("id") or value.get("name")) in (each["id"], each["name"])), None)
    if found is None:
        raise Wrong("Specify a valid issue type")
    return scene.project.type_json(found)


def _person(value: Any, scene: Scene) -> dict[str, Any] | None:
    if value is None:
        return None
    word = "name" if scene.data_center else "accountId"
    name = value.get("id", value.get(word)) if isinstance(value, dict) and not scene.data_center else None
    name = value.get("name", value.get("key")) if isinstance(value, dict) and scene.data_center else name
    if not isinstance(name, str):
        raise Wrong(f"expected Object containing a `{word}` property")
    person = scene.people.named(value)
    if person is None:
        raise Wrong(f"User '{name}' does not exist.")
    return person


def _assignee(value: Any, scene: Scene) -> dict[str, Any] | None:
    asked = (value.get("accountId") or value.get("id") or value.get("name")) if isinstance(value, dict) else None
    if asked == "-1":
        default = scene.project.default_assignee
        return scene.people.json(scene.people[default]) if default else None
    person = _person(value, scene)
    if person is None:
        return None
    if not scene.is_person and not scene.people.is_assignable(person):
        raise Wrong(f"User '{asked}' cannot be assigned issues.")
    return scene.people.json(person)


def _reporter(value: Any, scene: Scene) -> dict[str, Any] | None:
    person = _person(value, scene)
    return scene.people.json(person) if person else None


def _due(value: Any, _: Scene) -> str | None:
    if value is None:
        return None
    try:
        date.fromisoformat(value if isinstance(value, str) and _DATE.fullmatch(value) else "")
    except ValueError as error:
        raise Wrong(f"Error parsing date string: {value}") from error
    return str(value)


def _tracking(value: Any, scene: Scene) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) - {"originalEstimate", "remainingEstimate"}:
        raise Wrong("expected Object with originalEstimate and remainingEstimate", field="timetracking")
    now = dict(scene.was or {})
    for name in sorted(value):
        now |= _estimate(name, value[name])
    if "originalEstimate" in now and "remainingEstimate" not in now:
        now |= _estimate("remainingEstimate", now["originalEstimate"])
    return now


def _estimate(name: str, value: Any) -> dict[str, Any]:
    text = value.strip() if isinstance(value, str) else ""
    minutes = re.fullmatch(r"\d+", text)
    if not minutes and not _ESTIMATE.fullmatch(text):
        word = "original" if name == "originalEstimate" else "remaining"
        raise Wrong(f"The {word} estimate specified is not valid.", field=f"timetracking_{name.lower()}")
    parts = [(text, "m")] if minutes else _PART.findall(text)
    # a number alone is minutes to Jira
    seconds = int(sum(float(count) * _SECONDS[unit] for count, unit in parts))
    return {name: _pretty(seconds), f"{name}Seconds": seconds}


def _pretty(seconds: int) -> str:
    parts = []
    for unit, size in _SECONDS.items():
        count, seconds = divmod(seconds, size)
        parts += [f"{count}{unit}"] if count else []
    return " ".join(parts) or "0m"


def _parent(value: Any, _: Scene) -> dict[str, Any] | None:
    if value is not None and (not isinstance(value, dict) or not {"key", "id"} & set(value)):
        raise Wrong("data was not an object")
    return value


def _none_known(value: Any, _: Scene) -> list[Any]:
    if value:
        raise Wrong("Component/s or version/s not found")
    return []


def _line(value: Any, _: Scene) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Wrong("Operation value must be a string")
    if value and (len(value) > LONGEST_LINE or "\n" in value):
        raise Wrong("The entered text is too long. It exceeds the allowed limit of 255 characters.")
    return value or None


def _number(value: Any, _: Scene) -> float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Wrong("Operation value must be a number")
    return None if value is None else float(value)


_KEPT: dict[str, Callable[[Any, Scene], Any]] = {
    "summary": _summary,
    "labels": _labels,
    "priority": _priority,
    "resolution": _resolution,
    "issuetype": _issue_type,
    "assignee": _assignee,
    "reporter": _reporter,
    "duedate": _due,
    "timetracking": _tracking,
    "parent": _parent,
    "components": _none_known,
    "fixVersions": _none_known,
    "customfield_10010": _line,
    "customfield_10012": _number,
}
SETTABLE = frozenset({*_KEPT, "description", "environment", "customfield_10011"})
