"""How the stand-in's API shows an issue: the fields asked for, its texts in the version's form, what is expanded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm_jira.standin import documents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tm_jira.standin.answers_call import Call
    from tm_jira.standin.issues import Issue, Version
    from tm_jira.standin.workflow import Project, Transition

_EXPAND = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
_NOT_NAVIGABLE = {"comment", "attachment", "timetracking"}
_MOST_HISTORIES = 100


def issue_json(call: Call, issue: Issue, names: Iterable[str], *, version: Version | None = None) -> dict[str, Any]:
    """An issue as of a version (the last, if none is given) with the fields that are named."""
    seen = version or issue.versions[-1]
    texts = call.site.catalogue.texts
    wanted = chosen(list(names), {*seen.fields, "comment"})
    fields = {name: value for name, value in seen.fields.items() if name in wanted}
    fields |= {name: plain(call, value) for name, value in fields.items() if name in texts}
    fields |= {"comment": _comments(call, seen)} if "comment" in wanted else {}
    address = f"{call.site.url}/rest/api/{call.version}/issue/{issue.id}"
    return {"expand": _EXPAND, "id": issue.id, "self": address, "key": seen.key, "fields": fields}


def chosen(names: list[str], known: set[str]) -> set[str]:
    """The fields meant by names, *all, *navigable, and names with a minus."""
    found = set(known) if not names or names[0].startswith("-") else set()
    for name in names:
        if name == "*all":
            found |= known
        elif name == "*navigable":
            found |= known - _NOT_NAVIGABLE
        elif name.startswith("-"):
            found.discard(name[1:])
        else:
            found.add(name)
    return found


def plain(call: Call, value: Any) -> Any:
    """A text as the version of the API has it: documents in 3, wiki markup in 2."""
    return documents.markup(value) if isinstance(value, dict) and call.version == 2 else value


def comment_json(call: Call, comment: dict[str, Any], *, properties: dict[str, Any] | None = None) -> dict[str, Any]:
    """A comment, with its properties if they are given."""
    more = {} if properties is None else {"properties": [{"key": k, "value": v} for k, v in properties.items()]}
    return {**comment, "body": plain(call, comment["body"]), **more}


def _comments(call: Call, version: Version) -> dict[str, Any]:
    shown = [comment_json(call, each) for each in version.comments]
    count = len(shown)
    address = f"{call.site.api}/issue/{version.id}/comment"
    return {"comments": shown, "self": address, "maxResults": count, "total": count, "startAt": 0}


def changelog(call: Call, issue: Issue) -> dict[str, Any]:
    """The history of an issue: the newest first and not all of a long one on Cloud, all and the oldest first else."""
    # a long history is cut off without a word, as the total alone tells
    entries = list(issue.history) if call.site.data_center else issue.history[::-1][:_MOST_HISTORIES]
    return {"startAt": 0, "maxResults": len(entries), "total": len(issue.history), "histories": entries}


def transition_json(call: Call, project: Project, transition: Transition, *, with_fields: bool) -> dict[str, Any]:
    """A transition, with the fields of its screen if wanted."""
    shown: dict[str, Any] = {"id": transition.id, "name": transition.name}
    if transition.shows_to:
        shown["to"] = project.status(transition.to).json
    if not call.site.data_center:
        has_screen = transition.has_screen or bool(transition.required)
        shown |= {"hasScreen": has_screen, "isGlobal": transition.origin is None, "isInitial": False}
        shown |= {"isAvailable": True, "isConditional": False, "isLooped": False}
    if with_fields:
        names = sorted(transition.required) + sorted(screen_of(project, transition) - set(transition.required))
        shown["fields"] = {
            name: field_json(call, project, name, allowed=transition.required.get(name), required=transition.required)
            for name in names
        }
    return shown


def screen_of(project: Project, transition: Transition) -> set[str]:
    """The fields one may set on the way."""
    extra = (project.screen | {"resolution"}) - {"project", "issuetype"} if transition.has_screen else set()
    return extra | set(transition.required)


def field_json(
    call: Call, project: Project, name: str, *, required: Iterable[str], allowed: list[str] | None = None
) -> dict[str, Any]:
    """What the API tells of a field on a screen."""
    described = call.site.catalogue.field(name) or {"name": name, "schema": {"type": "any"}}
    shown: dict[str, Any] = {"required": name in required, "schema": described["schema"], "name": described["name"]}
    shown |= {"key": name, "hasDefaultValue": name == "priority"}
    shown["operations"] = ["add", "set", "remove"] if name == "labels" else ["set"]
    values = _allowed(call, project, name)
    if values is not None:
        shown["allowedValues"] = [each for each in values if not allowed or each["name"] in allowed]
    return shown


def _allowed(call: Call, project: Project, name: str) -> list[dict[str, Any]] | None:
    known = {
        "priority": call.site.catalogue.priorities,
        "resolution": call.site.catalogue.resolutions,
        "issuetype": [project.type_json(each) for each in project.issue_types],
        "project": [project.json],
    }
    return known.get(name)
