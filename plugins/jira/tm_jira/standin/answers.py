"""The stand-in's API over HTTP: who may ask, which route leads where, and what goes out."""

from __future__ import annotations

import base64
import re
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote
from zoneinfo import ZoneInfo

from tm.testing import Reply
from tm_jira.standin import answers_comments as talk
from tm_jira.standin import answers_issues as issues
from tm_jira.standin import answers_search as searches
from tm_jira.standin import answers_site as place
from tm_jira.standin.answers_call import NO_ISSUE, Call, Refused, answer
from tm_jira.standin.issues import Write, jira_time, read_time
from tm_jira.standin.site import EMAIL, PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tm.testing import Request
    from tm_jira.standin.site import Site

API_TOKEN = "stand-in-token"  # noqa: S105 - it opens nothing
PAT = "stand-in-pat"

_PATH = re.compile(r"(?:/ex/jira/[\w-]+)?/rest/api/(2|3|latest)/([^?]*)(?:\?(.*))?")
_TIMES = {"created", "updated", "resolutiondate", "statuscategorychangedate"}
_BOTH, _CLOUD, _OWN = "both", "cloud", "data center"
_ROUTES: tuple[tuple[str, str, Callable[[Call], Reply], str], ...] = (
    ("GET", "serverInfo", place.server, _BOTH),
    ("GET", "myself", place.myself, _BOTH),
    ("GET", "field", place.fields, _BOTH),
    ("GET", "mypermissions", place.permissions, _BOTH),
    ("GET", "priority", place.priorities, _BOTH),
    ("GET", "priority/search", place.priority_search, _CLOUD),
    ("GET", "project/search", place.projects, _CLOUD),
    ("GET", "project/([^/]+)", place.project, _BOTH),
    ("GET", "project/([^/]+)/statuses", place.statuses, _BOTH),
    ("GET", "user/assignable/search", place.assignable, _BOTH),
    ("GET", "issue/createmeta/([^/]+)/issuetypes", place.creatable_types, _BOTH),
    ("GET", "issue/createmeta/([^/]+)/issuetypes/([^/]+)", place.creatable_fields, _BOTH),
    ("GET POST", "search/jql", searches.search, _CLOUD),
    ("GET POST", "search", searches.gone, _CLOUD),
    ("GET POST", "search", searches.search_by_start, _OWN),
    ("POST", "issue/bulkfetch", issues.read_many, _CLOUD),
    ("POST", "comment/list", talk.listed_comments, _CLOUD),
    ("GET", "comment/([^/]+)/properties", talk.comment_property_keys, _BOTH),
    ("GET", "comment/([^/]+)/properties/([^/]+)", talk.comment_property, _BOTH),
    ("PUT", "comment/([^/]+)/properties/([^/]+)", talk.set_comment_property, _BOTH),
    ("DELETE", "comment/([^/]+)/properties/([^/]+)", talk.delete_comment_property, _BOTH),
    ("POST", "issue", issues.create, _BOTH),
    ("GET", "issue/([^/]+)", issues.read, _BOTH),
    ("PUT", "issue/([^/]+)", issues.edit, _BOTH),
    ("GET", "issue/([^/]+)/editmeta", place.editable_fields, _BOTH),
    ("GET", "issue/([^/]+)/changelog", issues.history, _CLOUD),
    ("GET", "issue/([^/]+)/transitions", issues.transitions, _BOTH),
    ("POST", "issue/([^/]+)/transitions", issues.transit, _BOTH),
    ("GET", "issue/([^/]+)/comment", talk.comments, _BOTH),
    ("POST", "issue/([^/]+)/comment", talk.add_comment, _BOTH),
    ("GET", "issue/([^/]+)/comment/([^/]+)", talk.comment, _BOTH),
    ("PUT", "issue/([^/]+)/comment/([^/]+)", talk.edit_comment, _BOTH),
    ("DELETE", "issue/([^/]+)/comment/([^/]+)", talk.delete_comment, _BOTH),
    ("GET", "issue/([^/]+)/properties", talk.property_keys, _BOTH),
    ("GET", "issue/([^/]+)/properties/([^/]+)", talk.property_value, _BOTH),
    ("PUT", "issue/([^/]+)/properties/([^/]+)", talk.set_property, _BOTH),
    ("DELETE", "issue/([^/]+)/properties/([^/]+)", talk.delete_property, _BOTH),
    ("GET", "issue/([^/]+)/remotelink", talk.remote_links, _BOTH),
    ("POST", "issue/([^/]+)/remotelink", talk.link_remote, _BOTH),
)


def path_in_api(path: str) -> str:
    """What follows the version of the API in a path, without the query; nothing if it leads elsewhere."""
    match = _PATH.fullmatch(path)
    return match[2] if match else ""


def replied(site: Site, request: Request) -> Reply:
    """The answer to a request, with the server's time on it."""
    with site.lock:
        try:
            reply = _answered(site, request)
        except Refused as refused:
            reply = refused.reply
        body = _in_zone(reply.body, site) if site.account_zone != "UTC" else reply.body
        date = {"Date": format_datetime(site.time, usegmt=True)}
        return reply.with_(body=body, headers={**date, **reply.headers})


def _answered(site: Site, request: Request) -> Reply:
    match = _PATH.fullmatch(request.path)
    if match is None or (site.data_center and match[1] == "3"):
        return Reply(status=404, body="<html><body>Oops, you've found a dead link.</body></html>")
    version = 3 if match[1] == "3" else 2
    query = parse_qs(match[3] or "", keep_blank_values=True)
    call = Call(site, request.method, match[2].rstrip("/"), version, query, request.body)
    if site.denied == "captcha":
        login = f"CAPTCHA_CHALLENGE; login-url={site.url}/login.jsp"
        raise Refused(403, headers={"X-Authentication-Denied-Reason": login})
    # serverInfo is for anybody, so it proves nothing about the credentials
    if call.path != "serverInfo" and not _is_known(site, request.headers.get("authorization", "")):
        return _unknown(call)
    return _routed(call)


def _is_known(site: Site, authorization: str) -> bool:
    basic = base64.b64encode(f"{EMAIL}:{API_TOKEN}".encode()).decode()
    return site.denied is None and authorization == (f"Bearer {PAT}" if site.data_center else f"Basic {basic}")


def _unknown(call: Call) -> Reply:
    """The answer to nobody in particular: where the site is open to anonymous users, most of it is empty."""
    path = call.path
    # not even the query is looked at, and nothing says that nobody is logged in
    if call.site.is_anonymous and path in ("search/jql", "search", "issue/bulkfetch"):
        if path == "issue/bulkfetch":
            return answer({"issues": [], "issueErrors": []})
        empty = {"startAt": 0, "maxResults": 50, "total": 0, "issues": []}
        return answer(empty if call.site.data_center else {"issues": [], "isLast": True})
    if call.site.is_anonymous and path == "mypermissions":
        return answer({"permissions": {key: {"key": key, "havePermission": False} for key in PERMISSIONS}})
    if call.site.is_anonymous and call.method == "GET" and path.startswith(("issue/", "project/")):
        raise Refused(404, NO_ISSUE)
    headers = {"WWW-Authenticate": "OAuth realm=stand-in", "X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    text = "Client must be authenticated to access this resource."
    return Reply(status=401, body=text, headers=headers)


def _routed(call: Call) -> Reply:
    here = (_BOTH, _OWN if call.site.data_center else _CLOUD)
    is_path = False
    for methods, pattern, handle, where in _ROUTES:
        match = re.fullmatch(pattern, call.path)
        if match is None or where not in here:
            continue
        is_path = True
        if call.method in methods.split():
            call.parts = tuple(unquote(part) for part in match.groups())
            reply = handle(call)
            _note(call)
            return reply
    return Reply(status=405 if is_path else 404, body="<html><body>Nothing is here.</body></html>")


def _note(call: Call) -> None:
    if call.write is not None:
        issue_id, changed = call.write
        call.site.writes.append(Write(call.method, call.path, call.sent, issue_id, changed))


def _in_zone(body: Any, site: Site, name: str = "") -> Any:
    """Times as our account reads them."""
    if isinstance(body, dict):
        return {key: value if key == "properties" else _in_zone(value, site, key) for key, value in body.items()}
    if isinstance(body, list):
        return [_in_zone(each, site) for each in body]
    if name in _TIMES and isinstance(body, str):
        return jira_time(read_time(body).astimezone(ZoneInfo(site.account_zone)))
    return body
