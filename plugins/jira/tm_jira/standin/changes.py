"""What a change of an issue on the stand-in's site comes to: its consequences, its history, what people read of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm_jira.standin import documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm_jira.standin.fields import Catalogue
    from tm_jira.standin.issues import Issue
    from tm_jira.standin.workflow import Project

_NAMED = {"status", "priority", "resolution", "issuetype", "project"}
_PEOPLE = {"assignee", "reporter"}
_UNLOGGED = {"timetracking", "updated", "statuscategorychangedate", "resolutiondate"}
_UNREAD = {"timeestimate", "timeoriginalestimate"}
_SILENT = (_UNLOGGED | _UNREAD) - {"timetracking"}
_LONGEST = 60


def is_same(old: Any, new: Any) -> bool:
    """Whether two values of a field are one: what has an id or an account is told apart by that."""
    for name in ("id", "accountId", "name"):
        if isinstance(old, dict) and isinstance(new, dict) and name in old and name in new:
            return bool(old[name] == new[name])
    return bool(old == new)


def consequences(issue: Issue, values: dict[str, Any], *, stamp: str, where: tuple[Project, Catalogue]) -> None:
    """Add to values what follows of them: estimates in seconds, and the resolution of what gets done."""
    project, catalogue = where
    if tracking := values.get("timetracking"):
        values["timeoriginalestimate"] = tracking.get("originalEstimateSeconds")
        values["timeestimate"] = tracking.get("remainingEstimateSeconds")
    if status := values.get("status"):
        before = issue.fields["status"]["statusCategory"]["key"]
        after = status["statusCategory"]["key"]
        if before != after:
            values["statuscategorychangedate"] = stamp
        if project.sets_resolution and after == "done":
            values.setdefault("resolution", issue.fields.get("resolution") or catalogue.resolutions[0])
        if project.sets_resolution and after != "done":
            values["resolution"] = None
    if "resolution" in values and not is_same(values["resolution"], issue.fields.get("resolution")):
        values["resolutiondate"] = stamp if values["resolution"] else None


def items(issue: Issue, values: dict[str, Any], catalogue: Catalogue, *, data_center: bool) -> list[dict[str, Any]]:
    """The lines of history that changing to these values makes; a status is told even if it stays."""
    found = []
    for name, value in values.items():
        old = issue.fields.get(name)
        # a transition to the status that is leaves a line too, so that a needless one can be seen
        if name in _UNLOGGED or (is_same(old, value) and name != "status"):
            continue
        described = catalogue.field(name) or {"custom": False, "name": name}
        before, after = _told(name, old), _told(name, value)
        item = {
            "field": described["name"] if described["custom"] else name,
            "fieldtype": "custom" if described["custom"] else "jira",
            **({} if data_center else {"fieldId": name}),
            "from": before[0],
            "fromString": before[1],
            "to": after[0],
            "toString": after[1],
        }
        found.append(item)
    return found


def moved_items(issue: Issue, project: Project, key: str) -> list[dict[str, Any]]:
    """The lines of history of a move to another project."""
    was, kind = issue.fields["project"], {"fieldtype": "jira"}
    ids = {"from": was["id"], "fromString": was["name"], "to": project.id, "toString": project.name}
    keys = {"from": None, "fromString": issue.key, "to": None, "toString": key}
    return [{"field": "project", **kind, "fieldId": "project", **ids}, {"field": "Key", **kind, **keys}]


def _told(name: str, value: Any) -> tuple[str | None, str | None]:
    """A value as a history has it: what it is to the machine, and to people."""
    if value is None:
        return None, None
    if isinstance(value, dict):
        return _told_object(name, value)
    if name == "labels":
        return "", " ".join(value)
    own = {"duedate": (value, f"{value} 00:00:00.0")}
    return own.get(name, (str(value) if name in _UNREAD else None, str(value)))


def _told_object(name: str, value: dict[str, Any]) -> tuple[str | None, str | None]:
    if name in _NAMED:
        return value["id"], value["name"]
    if name in _PEOPLE:
        return value.get("accountId") or value.get("key"), value["displayName"]
    return None, documents.markup(value) if value.get("type") == "doc" else str(value.get("key") or value.get("id"))


def reading(key: str, values: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    """What people see of a change, a line for each field."""
    for name, value in values.items():
        if name == "status":
            yield f"{key}: {before[name]['name']} → {value['name']}"
        elif name not in _SILENT and not is_same(before.get(name), value):
            yield from _line(key, name, value, is_alone="status" not in values)


def _line(key: str, name: str, value: Any, *, is_alone: bool) -> Iterator[str]:
    if name == "assignee":
        yield f"{key}: assigned to {value['displayName'] if value else 'nobody'}"
    elif name == "labels":
        yield f"{key}: labels are now {', '.join(value) or 'none'}"
    elif name == "timetracking":
        yield f"{key}: estimate is now {value.get('originalEstimate', 'none')}"
    elif name == "duedate":
        yield f"{key}: due {value or 'no more'}"
    elif name in _NAMED | _PEOPLE:
        if is_alone or name != "resolution":
            yield f"{key}: {name} is now {_told(name, value)[1] or 'none'}"
    else:
        yield f"{key}: {name} is now {short(value)}"


def short(value: Any) -> str:
    """The first line of a text or document, in quotes."""
    text = documents.markup(value) if isinstance(value, dict) and "version" in value else value
    first, *rest = str(text or "").split("\n")
    more = "…" if rest or len(first) > _LONGEST else ""
    return f'"{first[:_LONGEST]}{more}"'
