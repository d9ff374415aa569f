"""One call of the stand-in's API: what was asked, and how it is answered or refused."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tm.testing import Reply

if TYPE_CHECKING:
    from tm_jira.standin.issues import Issue
    from tm_jira.standin.site import Site
    from tm_jira.standin.workflow import Project

NO_ISSUE = "Issue does not exist or you do not have permission to see it."
BAD_PAYLOAD = "Invalid request payload. Refer to the REST API documentation and try again."


class Refused(Exception):
    """The call is answered with this status and these errors; `why` helps who debugs, it is no word of Jira's."""

    def __init__(
        self,
        status: int,
        *messages: str,
        errors: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        why: str = "",
    ) -> None:
        super().__init__(status, *messages, errors or {})
        reason = {"X-Stand-In-Reason": " ".join(why.encode("ascii", "replace").decode().split())} if why else {}
        body = {"errorMessages": list(messages), "errors": errors or {}}
        self.reply = Reply(status=status, body=body, headers={**(headers or {}), **reason})


@dataclass
class Call:
    """A request for the API, `version` 2 or 3; `write` notes which issue was written to, and whether it changed."""

    site: Site
    method: str
    path: str
    version: int
    query: dict[str, list[str]]
    raw: bytes
    parts: tuple[str, ...] = ()
    write: tuple[str, bool] | None = None
    _body: Any = field(default=None, repr=False)

    def body(self, *known: str) -> dict[str, Any]:
        """The body, an object with no keys but the known ones."""
        found = self.json()
        if not isinstance(found, dict):
            raise Refused(400, BAD_PAYLOAD, why="the body is no object")
        if odd := sorted(set(found) - set(known)):
            raise Refused(400, BAD_PAYLOAD, why=f"unknown key {odd[0]}")
        return found

    def json(self) -> Any:
        """The body, any JSON."""
        if self._body is None:
            try:
                self._body = json.loads(self.raw)
            except ValueError as error:
                raise Refused(400, BAD_PAYLOAD, why="the body is no JSON") from error
        return self._body

    @property
    def sent(self) -> Any:
        """The body as it is noted among the writes: None if there was none."""
        return self._body

    def param(self, name: str, default: str = "") -> str:
        """A parameter of the query."""
        return self.query.get(name, [default])[0]

    def listed(self, name: str) -> list[str] | None:
        """A parameter that is a list, written with commas, repeated, or both; None if it is not there."""
        if name not in self.query:
            return None
        return [word.strip() for value in self.query[name] for word in value.split(",") if word.strip()]

    def number(self, name: str, default: int) -> int:
        """A parameter that is a number."""
        text = self.param(name, str(default))
        if not text.removeprefix("-").isdecimal():
            raise Refused(404 if name == "startAt" else 400, f"'{name}' must be a number.")
        return int(text)

    def issue(self) -> Issue:
        """The issue named first in the path, if our account sees it and it takes a write now."""
        found = self.site.archive.find(self.parts[0])
        if found is None or not self.site.is_open(found.project):
            raise Refused(404, NO_ISSUE)
        if self.method != "GET" and (wait := self.site.wait_for(found.id)):
            headers = {
                "Retry-After": str(math.ceil(wait.total_seconds())),
                "RateLimit-Reason": "jira-per-issue-on-write",
                "X-RateLimit-Remaining": "0",
            }
            raise Refused(429, "Rate limit exceeded.", headers=headers)
        return found

    def project_of(self, issue: Issue) -> Project:
        """The project an issue is in."""
        return self.site.projects[issue.project]

    def needs(self, permission: str, sentence: str) -> None:
        """Refuse with 403 if our account lacks a permission."""
        if permission not in self.site.held:
            raise Refused(403, sentence)

    def wrote(self, issue: Issue, *, changed: bool = True) -> None:
        """Note that the call is a write to an issue."""
        self.write = (issue.id, changed)


def answer(body: Any, status: int = 200) -> Reply:
    """A reply with a JSON body."""
    if isinstance(body, dict | list):
        return Reply(status=status, body=body)
    return Reply(status=status, body=json.dumps(body), headers={"Content-Type": "application/json"})


def nothing(status: int = 204) -> Reply:
    """A reply without a body."""
    return Reply(status=status, headers={"Content-Type": "application/json"})


def page(call: Call, found: list[Any], *, name: str, most: int = 50) -> dict[str, Any]:
    """The part of a list that was asked for with startAt and maxResults."""
    start, size = max(0, call.number("startAt", 0)), min(call.number("maxResults", most), most)
    return {"startAt": start, "maxResults": size, "total": len(found), name: found[start : start + size]}
