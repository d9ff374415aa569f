"""The stand-in's searches: with tokens on Cloud, with startAt on Data Center, and behind by the site's lag.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tm_jira.standin.answers_call import BAD_PAYLOAD, Refused, answer
from tm_jira.standin.answers_issues import MOST_PROPERTIES, are_texts, with_properties
from tm_jira.standin.answers_shown import issue_json
from tm_jira.standin.jql import parse
from tm_jira.standin.jql_fields import BadQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm.testing import Reply
    from tm_jira.standin.answers_call import Call
    from tm_jira.standin.issues import Issue, Version

MOST = 5000
MOST_RECONCILED = 50
USUAL = 50
TOKEN_LIFE = timedelta(days=7)
GONE = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
_UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
_BAD_TOKEN = "The provided next page token is invalid or expired."  # noqa: S105 - a sentence
_TYPES: dict[str, type] = {
    "jql": str, "fields": list, "expand": str, "maxResults": int, "nextPageToken": str, "properties": list,
    "reconcileIssues": list, "fieldsByKeys": bool, "failFast": bool, "startAt": int, "validateQuery": bool,
}  # fmt: skip
_CLOUD = (
    "jql",
    "fields",
    "expand",
    "maxResults",
    "nextPageToken",
    "properties",
    "reconcileIssues",
    "fieldsByKeys",
    "failFast",
)
_DATA_CENTER = ("jql", "startAt", "maxResults", "fields", "validateQuery", "expand")
_LISTS = ("fields", "properties", "reconcileIssues")


def gone(_: Call) -> Reply:
    """The search Cloud had before."""
    raise Refused(410, GONE)


def search(call: Call) -> Reply:
    """GET or POST search/jql."""
    asked = _asked(call, _CLOUD)
    size, names = asked.get("maxResults", USUAL), asked.get("fields") or ["id"]
    if not 1 <= size <= MOST:
        raise Refused(400, f"The value for maxResults must be between 1 and {MOST}.")
    properties = asked.get("properties", [])
    if len(properties) > MOST_PROPERTIES:
        raise Refused(400, f"The number of properties must not exceed {MOST_PROPERTIES}.")
    # Jira promises no page of the size asked for once fields are wanted: who counts on it must fail here
    if not set(names) <= {"id", "key"} or properties:
        size = min(size, call.site.page_cap)
    start = _start(call, asked)
    found = _found(call, asked.get("jql", ""), fresh=_reconciled(asked), is_bounded=True)
    issues = [_shown(call, each, names, properties=properties) for each in found[start : start + size]]
    body: dict[str, Any] = {"issues": issues, "isLast": start + size >= len(found)}
    if not body["isLast"]:
        body["nextPageToken"] = _token(call, asked, start + size)
    return answer(body)


def search_by_start(call: Call) -> Reply:
    """GET or POST search, the only one of Data Center."""
    asked = _asked(call, _DATA_CENTER)
    start, size = max(0, asked.get("startAt", 0)), min(asked.get("maxResults", USUAL), 1000)
    found = _found(call, asked.get("jql", ""), fresh=set(), is_bounded=False)
    names = asked.get("fields") or ["*navigable"]
    issues = [_shown(call, each, names, properties=[]) for each in found[start : start + size]]
    known = {"expand": "names,schema", "startAt": start, "maxResults": size, "total": len(found)}
    return answer({**known, "issues": issues})


def _asked(call: Call, known: tuple[str, ...]) -> dict[str, Any]:
    asked: dict[str, Any] = call.body(*known) if call.method == "POST" else _from_query(call, known)
    for name, value in asked.items():
        kind = list if name == "expand" and call.site.data_center and call.method == "POST" else _TYPES[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise Refused(400, BAD_PAYLOAD, why=f"{name} is of a wrong type")
        if name in ("fields", "properties") and not are_texts(value):
            raise Refused(400, BAD_PAYLOAD, why=f"{name} is a list of texts")
    return asked


def _from_query(call: Call, known: tuple[str, ...]) -> dict[str, Any]:
    # other parameters nobody knows are ignored, but this one would page for ever
    if "startAt" in call.query and "startAt" not in known:
        raise Refused(400, BAD_PAYLOAD, why="this search has no startAt")
    asked: dict[str, Any] = {}
    for name in set(known) & set(call.query):
        if name in _LISTS:
            asked[name] = call.listed(name)
        elif _TYPES[name] is int:
            asked[name] = call.number(name, 0)
        else:
            asked[name] = call.param(name) == "true" if _TYPES[name] is bool else call.param(name)
    if "reconcileIssues" in asked:
        asked["reconcileIssues"] = [int(each) if each.isdecimal() else each for each in asked["reconcileIssues"]]
    return asked


def _reconciled(asked: dict[str, Any]) -> set[str]:
    ids = asked.get("reconcileIssues", [])
    if len(ids) > MOST_RECONCILED or not all(isinstance(each, int) and not isinstance(each, bool) for each in ids):
        raise Refused(400, f"reconcileIssues takes up to {MOST_RECONCILED} ids of issues, as numbers.")
    return {str(each) for each in ids}


def _found(call: Call, jql: str, *, fresh: set[str], is_bounded: bool) -> list[tuple[Issue, Version]]:
    try:
        query = parse(jql, call.site)
    except BadQuery as bad:
        raise Refused(400, str(bad)) from bad
    if is_bounded and not query.is_bounded:
        raise Refused(400, _UNBOUNDED)
    seen = {version.id: (issue, version) for issue, version in _visible(call, fresh) if query.matches(version)}
    return [seen[each.id] for each in query.sort([version for _, version in seen.values()])]


def _visible(call: Call, fresh: set[str]) -> Iterator[tuple[Issue, Version]]:
    """The issues our account sees, as they stand in the index; the fresh ones as they are."""
    lag = call.site.search_lag
    at = call.site.time - lag if lag else None
    is_open = {key: call.site.is_open(key) for key in call.site.projects}
    for issue in call.site.archive.visible(at):
        version = issue.version(None if issue.id in fresh else at)
        if version is not None and is_open[version.project]:
            yield issue, version


def _shown(call: Call, found: tuple[Issue, Version], names: list[str], *, properties: list[str]) -> dict[str, Any]:
    issue, version = found
    if set(names) == {"id"} and not properties:
        return {"id": issue.id}
    shown = issue_json(call, issue, names, version=version)
    if set(names) <= {"id", "key"}:
        del shown["fields"]
    # properties a test set by hand are in no version
    return with_properties(shown, issue if version is issue.versions[-1] else version, properties)


def _token(call: Call, asked: dict[str, Any], start: int) -> str:
    # a place in the list, not an issue: what moves in the list between two pages is skipped or seen twice
    told = [start, call.site.time.timestamp(), _fingerprint(asked)]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def _start(call: Call, asked: dict[str, Any]) -> int:
    if "nextPageToken" not in asked:
        return 0
    try:
        start, made_at, fingerprint = json.loads(base64.urlsafe_b64decode(asked["nextPageToken"]))
        age = call.site.time - datetime.fromtimestamp(made_at, UTC)
    except (ValueError, TypeError) as error:
        raise Refused(400, _BAD_TOKEN) from error
    if age > TOKEN_LIFE or fingerprint != _fingerprint(asked):
        raise Refused(400, _BAD_TOKEN)
    return int(start)


def _fingerprint(asked: dict[str, Any]) -> str:
    same = [asked.get("jql", ""), sorted(map(str, asked.get("reconcileIssues", [])))]
    return hashlib.sha256(json.dumps(same).encode()).hexdigest()[:8]
