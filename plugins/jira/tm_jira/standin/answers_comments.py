"""The stand-in's answers about comments, and about properties of comments and issues, and remote links.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tm_jira.standin.answers_call import BAD_PAYLOAD, Refused, answer, nothing, page
from tm_jira.standin.answers_fields import LONGEST_PROPERTY, properties_of, text_of
from tm_jira.standin.answers_shown import comment_json

if TYPE_CHECKING:
    from tm.testing import Reply
    from tm_jira.standin.answers_call import Call
    from tm_jira.standin.issues import Issue

LONGEST_KEY = 255
_ORDERS = {"created": False, "+created": False, "-created": True, "": False}
_TOLD = ("body", "visibility", "properties", "jsdPublic")


def comments(call: Call) -> Reply:
    """GET comment: a page of them."""
    issue, order = call.issue(), call.param("orderBy").strip()
    if order not in _ORDERS:
        raise Refused(400, f"'{order}' is not a supported order: created, +created or -created.")
    found = sorted(issue.comments, key=lambda each: int(each["id"]), reverse=_ORDERS[order])
    # only Cloud cuts a page short
    most = 1_048_576 if call.site.data_center else 100
    told = page(call, found, name="comments", most=most)
    return answer({**told, "comments": [comment_json(call, each) for each in told["comments"]]})


def add_comment(call: Call) -> Reply:
    """POST comment."""
    issue, body = call.issue(), call.body(*_TOLD)
    call.needs("ADD_COMMENTS", "You do not have the permission to comment on this issue.")
    text, brought, more = text_of(call, body.get("body"), field="comment"), properties_of(body), _visibility(body)
    if not call.site.data_center:
        more["jsdPublic"] = not brought.get("sd.public.comment", {}).get("internal", False)
    made = call.site.archive.add_comment(issue, text, by=call.site.bot, properties=brought, **more)
    call.wrote(issue)
    return answer(comment_json(call, made), 201)


def _visibility(body: dict[str, Any]) -> dict[str, Any]:
    told = body.get("visibility")
    if told is None:
        return {}
    if (
        not isinstance(told, dict)
        or told.get("type") not in ("role", "group")
        or not {"value", "identifier"} & set(told)
    ):
        raise Refused(400, errors={"commentLevel": "visibility is an object with type and value"})
    return {"visibility": told}


def comment(call: Call) -> Reply:
    """GET one comment."""
    return answer(comment_json(call, _comment(call, call.issue())))


def edit_comment(call: Call) -> Reply:
    """PUT comment: only one's own without the permission for all."""
    issue, body = call.issue(), call.body(*_TOLD)
    found = _comment(call, issue)
    _check_may(call, found, "EDIT", sentence="You do not have permission to edit this comment.")
    text, brought = text_of(call, body.get("body"), field="comment"), properties_of(body)
    changes = {"body": text, **_visibility(body)}
    changed = any(found.get(name) != value for name, value in changes.items())
    if changed:
        found = call.site.archive.edit_comment(issue, found, changes, by=call.site.bot)
    issue.comment_properties[found["id"]] |= brought
    call.wrote(issue, changed=changed or bool(brought))
    return answer(comment_json(call, found))


def delete_comment(call: Call) -> Reply:
    """DELETE comment."""
    issue = call.issue()
    found = _comment(call, issue)
    _check_may(call, found, "DELETE", sentence="You do not have permission to delete this comment.")
    call.site.archive.delete_comment(issue, found, by=call.site.bot)
    call.wrote(issue)
    return nothing()


def _comment(call: Call, issue: Issue) -> dict[str, Any]:
    try:
        return call.site.find_comment(issue, call.parts[1])
    except KeyError as error:
        raise Refused(404, f"Can not find a comment for the id: {call.parts[1]}.") from error


def _check_may(call: Call, found: dict[str, Any], verb: str, *, sentence: str) -> None:
    is_ours = call.site.people.named(found["author"]) == call.site.bot
    wanted = {f"{verb}_ALL_COMMENTS"} | ({f"{verb}_OWN_COMMENTS"} if is_ours else set())
    if not wanted & call.site.held:
        raise Refused(400, sentence)


def listed_comments(call: Call) -> Reply:
    """POST comment/list: comments by id, with their properties if expanded; those not to be seen are left out."""
    ids = call.body("ids").get("ids")
    if not isinstance(ids, list) or not all(isinstance(each, int) and not isinstance(each, bool) for each in ids):
        raise Refused(400, BAD_PAYLOAD, why="ids is a list of numbers")
    if not 1 <= len(ids) <= 1000:
        raise Refused(400, "Between 1 and 1000 ids can be asked for at once.")
    # an id nobody has, or may see, is no error: it is left out
    wanted, expanded = {str(each) for each in ids}, "properties" in (call.listed("expand") or [])
    found = []
    for issue, each in _all_comments(call):
        if each["id"] in wanted:
            more = issue.comment_properties[each["id"]] if expanded else None
            found.append(comment_json(call, each, properties=more))
    return answer({**page(call, found, name="values", most=1000), "isLast": True})


def _all_comments(call: Call) -> list[tuple[Issue, dict[str, Any]]]:
    seen = [issue for issue in call.site.archive.issues if call.site.is_open(issue.project)]
    return [(issue, each) for issue in seen for each in issue.comments]


def property_keys(call: Call) -> Reply:
    """GET properties."""
    issue = call.issue()
    return answer({"keys": [{"self": _address(call, issue, key), "key": key} for key in issue.properties]})


def property_value(call: Call) -> Reply:
    """GET properties/{key}."""
    return _value(call.issue().properties, call.parts[1])


def set_property(call: Call) -> Reply:
    """PUT properties/{key}: 201 for a new one, 200 for another value."""
    issue = call.issue()
    call.needs("EDIT_ISSUES", "You do not have permission to edit issues in this project.")
    reply, changed = _set(call, issue.properties)
    _noted(call, issue, changed=changed)
    return reply


def delete_property(call: Call) -> Reply:
    """DELETE properties/{key}."""
    issue = call.issue()
    call.needs("EDIT_ISSUES", "You do not have permission to edit issues in this project.")
    _value(issue.properties, call.parts[1])
    del issue.properties[call.parts[1]]
    _noted(call, issue, changed=True)
    return nothing()


def comment_property(call: Call) -> Reply:
    """GET comment/{id}/properties/{key}."""
    return _value(_properties(call)[1], call.parts[1])


def comment_property_keys(call: Call) -> Reply:
    """GET comment/{id}/properties."""
    found = _properties(call)[1]
    return answer({"keys": [{"self": f"{call.site.api}/{call.path}/{key}", "key": key} for key in found]})


def set_comment_property(call: Call) -> Reply:
    """PUT comment/{id}/properties/{key}."""
    issue, found = _properties(call)
    reply, changed = _set(call, found)
    call.wrote(issue, changed=changed)
    return reply


def delete_comment_property(call: Call) -> Reply:
    """DELETE comment/{id}/properties/{key}."""
    issue, found = _properties(call)
    _value(found, call.parts[1])
    del found[call.parts[1]]
    call.wrote(issue)
    return nothing()


def _properties(call: Call) -> tuple[Issue, dict[str, Any]]:
    for issue, each in _all_comments(call):
        if each["id"] == call.parts[0]:
            return issue, issue.comment_properties[each["id"]]
    raise Refused(404, f"Can not find a comment for the id: {call.parts[0]}.")


def _value(found: dict[str, Any], key: str) -> Reply:
    if key not in found:
        raise Refused(404, f"The property with key '{key}' does not exist.")
    return answer({"key": key, "value": found[key]})


def _set(call: Call, found: dict[str, Any]) -> tuple[Reply, bool]:
    key, value = call.parts[1], call.json()
    if len(key) > LONGEST_KEY:
        raise Refused(400, f"The property key must not be longer than {LONGEST_KEY} characters.")
    if len(json.dumps(value)) > LONGEST_PROPERTY:
        raise Refused(400, f"The property value must not be longer than {LONGEST_PROPERTY} characters.")
    is_fresh, changed = key not in found, key not in found or found[key] != value
    found[key] = value
    return nothing(201 if is_fresh else 200), changed


def _noted(call: Call, issue: Issue, *, changed: bool) -> None:
    if changed and call.site.touching:
        call.site.archive.touch(issue)
    elif changed:
        issue.keep(call.site.time)
    call.wrote(issue, changed=changed)


def _address(call: Call, issue: Issue, key: str) -> str:
    return f"{call.site.api}/issue/{issue.id}/properties/{key}"


def remote_links(call: Call) -> Reply:
    """GET remotelink: all, or the one with a globalId."""
    issue, name = call.issue(), call.param("globalId")
    if not name:
        return answer(issue.remote_links)
    for each in issue.remote_links:
        if each["globalId"] == name:
            return answer(each)
    raise Refused(404, "The remote link could not be found.")


def link_remote(call: Call) -> Reply:
    """POST remotelink: 201 for a new one, 200 if one of the same globalId was replaced."""
    issue, body = call.issue(), call.body("globalId", "application", "relationship", "object")
    call.needs("LINK_ISSUES", "You do not have permission to link issues.")
    link = _link(body)
    old = next((each for each in issue.remote_links if each["globalId"] == link["globalId"]), {})
    changed = any(old.get(name) != value for name, value in link.items())
    made, is_fresh = call.site.archive.link(issue, link, by=call.site.bot)
    call.wrote(issue, changed=changed or is_fresh)
    return answer({"id": made["id"], "self": made["self"]}, 201 if is_fresh else 200)


def _link(body: dict[str, Any]) -> dict[str, Any]:
    told, name = body.get("object"), body.get("globalId")
    if not isinstance(told, dict) or set(told) - {"url", "title", "summary", "icon", "status"}:
        raise Refused(400, BAD_PAYLOAD, why="object has url, title, summary, icon and status")
    errors = {each: f"'{each}' is required." for each in ("url", "title") if not isinstance(told.get(each), str)}
    if name is not None and (not isinstance(name, str) or not 1 <= len(name) <= LONGEST_KEY):
        errors["globalId"] = f"'globalId' must have between 1 and {LONGEST_KEY} characters."
    if errors:
        raise Refused(400, errors=errors)
    known = {name: told.get(name) for name in ("url", "title", "summary", "icon", "status")}
    more = {"application": body.get("application"), "relationship": body.get("relationship")}
    return {"globalId": name, **more, "object": known}
