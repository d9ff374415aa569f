"""The calls to Jira that we make, in the dialects of Cloud and Data Center.

After https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/ and
https://developer.atlassian.com/server/jira/platform/rest/ (version 2).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from tm_jira.outcome import Limited, NotThere, ServerTrouble, Unreachable
from tm_jira.wire import Wire, dated, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from tm_jira.settings import Settings

T = TypeVar("T")

MARK, NOTE = "tm.task", "tm.note"
PAGE = 100
_MOST_PAGES, _OVERLAP = 2000, 10


class Account(NamedTuple):
    """Who we are to Jira; `now` is Jira's own clock, aware, as its answer was dated."""

    id: str
    name: str
    zone: str
    now: datetime | None


class Site:
    """One Jira, reached with one account. `now` tells an aware instant.

    Every method raises NeedsLogin, RetryLater (Limited, Crossed, Unreachable), PermanentFailure (NotThere, Forbidden,
    Refused) or OutcomeUnknown, by what came back; a read is never in doubt, so it raises RetryLater instead.
    """

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._wire = Wire(settings, now=now)
        self._url = settings.url
        self._me = ""
        self.is_cloud = settings.token is None
        """Whether it speaks Cloud's dialect: version 3, documents instead of markup."""

    def close(self) -> None:
        """Close its connections."""
        self._wire.close()

    # who and what

    def account(self) -> Account:
        """Whose credentials these are: the only proof that they are accepted."""
        try:
            answer = self._wire.send("GET", "myself", what="asking who we are")
        except NotThere:
            raise NotThere(f"There is no Jira at {self._url}. Set url to the site alone, as in a browser.") from None
        try:
            said = answer.json()
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise Unreachable("What came back when asking who we are is not Jira's. Look for a proxy before it.")
        return Account(
            id=str(said.get("accountId") or said.get("name") or said.get("key") or ""),
            name=str(said.get("displayName") or "?"),
            zone=str(said.get("timeZone") or "?"),
            now=dated(answer),
        )

    @property
    def me(self) -> str:
        """Our own account's id, asked for once."""
        self._me = self._me or self.account().id
        return self._me

    def server(self) -> Mapping[str, Any]:
        """What Jira says of itself; it tells anybody."""
        return self._wire.table("GET", "serverInfo", what="asking what this Jira is")

    def project(self, key: str) -> Mapping[str, Any]:
        """A project by key or id."""
        return self._table("GET", f"project/{quote(key, safe='')}", what=f"looking at project {key}")

    def project_statuses(self, key: str) -> list[Mapping[str, Any]]:
        """The kinds of issue of a project, each with its statuses."""
        what = f"asking for the statuses of {key}"
        return self._wire.tables(f"project/{quote(key, safe='')}/statuses", what=what)

    def permissions(self, project: str, names: Iterable[str]) -> Mapping[str, bool]:
        """Which of these permissions the account has in a project."""
        what = f"asking for our permissions in {project}"
        asked = ",".join(names)
        said = self._wire.asked(
            lambda: self._wire.jira.my_permissions(projectKey=project, permissions=asked), what=what
        )
        found = said.get("permissions") if isinstance(said, dict) else None
        tables = found if isinstance(found, dict) else {}
        return {name: bool((tables.get(name) or {}).get("havePermission")) for name in names}

    def priorities(self) -> list[str]:
        """The names of the priorities there are."""
        found = self._wire.asked(self._wire.jira.priorities, what="asking for the priorities")
        return [str(each.raw.get("name")) for each in found]

    def creatable(self, project: str, issue_type: str) -> Mapping[str, Mapping[str, Any]] | None:
        """The fields one may set on a new issue of this kind, by id; None if there is no such kind."""
        what = f"asking what an issue in {project} may say"
        root = f"issue/createmeta/{quote(project, safe='')}/issuetypes"
        kinds = self._listed(root, ("issueTypes", "values"), what=what)
        kind = next((each for each in kinds if str(each.get("name")).casefold() == issue_type.casefold()), None)
        if kind is None:
            return None
        fields = self._listed(f"{root}/{quote(str(kind.get('id')), safe='')}", ("fields", "values"), what=what)
        return {str(each.get("fieldId") or each.get("key")): each for each in fields}

    def assignable(self, project: str, query: str) -> list[Mapping[str, Any]]:
        """Whom issues of a project may be assigned to, by the beginning of a name or e-mail address."""
        word = "query" if self.is_cloud else "username"
        params = {"project": project, word: query, "maxResults": "20"}
        what = f"asking who may be assigned in {project}"
        return self._wire.tables("user/assignable/search", params=params, what=what)

    # issues

    def issue(self, issue: str, *, fields: Iterable[str]) -> Mapping[str, Any]:
        """An issue by id or key, with its mark and its history."""
        params = {"fields": ",".join(fields), "properties": MARK, "expand": "changelog"}
        said = self._table("GET", f"issue/{quote(issue, safe='')}", params=params, what=f"reading issue {issue}")
        if not isinstance(said.get("fields"), dict) or not str(said.get("id", "")).isdigit():
            raise Unreachable(f"What came back when reading issue {issue} is no issue. Look for a proxy before Jira.")
        return said

    def mark(self, issue: str) -> Mapping[str, Any] | None:
        """The mark that some hub put on an issue, or None."""
        try:
            said = self._wire.table(
                "GET", f"issue/{issue}/properties/{MARK}", what=f"reading the mark of issue {issue}"
            )
        except NotThere:
            return None
        value = said.get("value")
        return value if isinstance(value, dict) else None

    def readable(self, issues: list[str], *, fields: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Those of some issues (ids) that can be read, by id: what search cannot tell apart."""
        found: dict[str, Mapping[str, Any]] = {}
        for batch in (issues[at : at + PAGE] for at in range(0, len(issues), PAGE)):
            found |= {str(each.get("id")): each for each in self._batch(batch, list(fields))}
        return found

    def create(self, fields: Mapping[str, Any], *, mark: Mapping[str, Any]) -> tuple[str, str]:
        """Make an issue that carries our mark from its first moment; its id and key."""
        body = {"fields": fields, "properties": [{"key": MARK, "value": mark}]}
        said = self._table("POST", "issue", body=body, what="making the issue")
        if not str(said.get("id", "")).isdigit() or not isinstance(said.get("key"), str):
            raise ServerTrouble("Jira's answer names no issue. Look for a proxy between here and Jira.")
        return str(said["id"]), str(said["key"])

    def edit(self, issue: str, *, fields: Mapping[str, Any], update: Mapping[str, Any]) -> None:
        """Change fields of an issue; `update` holds operations, for sets."""
        body = {name: table for name, table in (("fields", fields), ("update", update)) if table}
        self._send("PUT", f"issue/{issue}", body=body, what=f"changing issue {issue}")

    def set_mark(self, issue: str, mark: Mapping[str, Any]) -> None:
        """Put our mark on an issue."""
        self._send("PUT", f"issue/{issue}/properties/{MARK}", body=mark, what=f"marking issue {issue}")

    def clear_mark(self, issue: str) -> None:
        """Take the mark off an issue."""
        self._send("DELETE", f"issue/{issue}/properties/{MARK}", what=f"unmarking issue {issue}")

    def transitions(self, issue: str) -> list[Mapping[str, Any]]:
        """What this account can do with the status now, with the fields that it asks for."""
        what = f"asking how issue {issue} can move"
        asked, jira = self._wire.asked, self._wire.jira
        return tables(
            self._believed(lambda: asked(lambda: jira.transitions(issue, expand="transitions.fields"), what=what))
        )

    def transit(self, issue: str, transition: str, *, fields: Mapping[str, Any]) -> None:
        """Take one of its transitions."""
        body: dict[str, Any] = {"transition": {"id": transition}}
        if fields:
            body["fields"] = fields
        self._send("POST", f"issue/{issue}/transitions", body=body, what=f"moving issue {issue}")

    def tie(self, issue: str, *, global_id: str, url: str, title: str) -> None:
        """Show a link in the issue; the same global id is the same link."""
        body = {"globalId": global_id, "object": {"url": url, "title": title}}
        self._send("POST", f"issue/{issue}/remotelink", body=body, what=f"linking issue {issue} back")

    # comments

    def comments(self, issue: str) -> Iterator[Mapping[str, Any]]:
        """Every comment of an issue, newest first."""
        for page in range(_MOST_PAGES):
            params = {"startAt": str(page * PAGE), "maxResults": str(PAGE), "orderBy": "-created"}
            said = self._table("GET", f"issue/{issue}/comment", params=params, what=f"reading comments of {issue}")
            found = tables(said.get("comments"))
            yield from found
            if len(found) < PAGE:
                return

    def note_of(self, comment: str) -> Mapping[str, Any] | None:
        """The mark of one of our comments, or None for anybody else's."""
        what = f"reading the mark of comment {comment}"
        path = f"comment/{comment}/properties/{NOTE}"
        try:
            value = self._wire.table("GET", path, what=what).get("value")
        except NotThere:
            return None
        return value if isinstance(value, dict) else None

    def add_comment(self, issue: str, body: Any, *, note: Mapping[str, Any]) -> str:
        """Comment an issue, marked as ours; the comment's id."""
        sent = {"body": body, "properties": [{"key": NOTE, "value": note}]}
        said = self._table("POST", f"issue/{issue}/comment", body=sent, what=f"commenting issue {issue}")
        if not said.get("id"):
            raise ServerTrouble("Jira's answer names no comment. Look for a proxy between here and Jira.")
        return str(said["id"])

    # searching

    def search(
        self, jql: str, *, fields: Iterable[str], wait: Callable[[Limited], None] | None = None
    ) -> Iterator[list[Mapping[str, Any]]]:
        """The issues that a search finds, page by page, with their mark where Jira gives it (Cloud).

        Where Jira asks to slow down, `wait` lets that time pass, and the page is asked for again. An index answers: it
        lags behind by seconds to minutes, and shows nothing at all to an account that Jira does not know.
        """
        params = {"jql": jql, "fields": ",".join(fields), "maxResults": str(PAGE)}
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            try:
                said = self._page(params, len(seen))
            except Limited as limited:
                if wait is None:
                    raise
                wait(limited)
                continue
            found = tables(said.get("issues"))
            found = [each for each in found if str(each.get("id", "")).isdigit()]
            fresh = [each for each in found if str(each["id"]) not in seen]
            seen |= {str(each.get("id")) for each in found}
            yield fresh
            token = said.get("nextPageToken")
            if not token if self.is_cloud else not fresh or len(found) < PAGE:
                return
            if self.is_cloud:
                params["nextPageToken"] = str(token)

    def _page(self, params: Mapping[str, str], seen: int) -> Mapping[str, Any]:
        if self.is_cloud:
            return self._table("GET", "search/jql", params={**params, "properties": MARK}, what="searching")
        # what somebody touches between two pages goes to the end, and all behind it one place ahead
        start = str(max(seen - _OVERLAP, 0))
        return self._table("GET", "search", params={**params, "startAt": start}, what="searching")

    def _table(self, method: str, path: str, **call: Any) -> Mapping[str, Any]:
        return self._believed(lambda: self._wire.table(method, path, **call))

    def _send(self, method: str, path: str, **call: Any) -> None:
        self._believed(lambda: self._wire.send(method, path, **call))

    def _believed(self, call: Callable[[], T]) -> T:
        """What a call gives; that there is nothing is believed only if Jira knows us: strangers see nothing either."""
        try:
            return call()
        except NotThere:
            self.account()
            raise

    def _batch(self, issues: list[str], fields: list[str]) -> list[Mapping[str, Any]]:
        if self.is_cloud:
            body = {"issueIdsOrKeys": issues, "fields": fields, "properties": [MARK]}
            said = self._table("POST", "issue/bulkfetch", body=body, what="reading issues", is_read=True)
            return tables(said.get("issues"))
        found = []
        for issue in issues:
            try:
                found.append(self.issue(issue, fields=fields))
            except NotThere:
                continue
        return found

    def _listed(self, path: str, names: tuple[str, ...], *, what: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for _ in range(_MOST_PAGES):
            params = {"startAt": str(len(found)), "maxResults": str(PAGE)}
            said = self._table("GET", path, params=params, what=what)
            page = tables(next((said[name] for name in names if name in said), []))
            found += page
            if len(page) < PAGE:
                break
        return found


_OWN = threading.local()


def site_of(settings: Settings, *, now: Callable[[], datetime]) -> Site:
    """The Jira of these settings; every thread keeps its own, with its connections, until the settings change."""
    kept: tuple[Settings, Site] | None = getattr(_OWN, "site", None)
    if kept is not None and kept[0] is settings:
        return kept[1]
    if kept is not None:
        kept[1].close()
    site = Site(settings, now=now)
    _OWN.site = (settings, site)
    return site
