"""The webhooks the stand-in's site would send: their headers and bodies in the shapes of Cloud and of Data Center.

https://developer.atlassian.com/cloud/jira/platform/webhooks/
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tm_jira.standin import documents
from tm_jira.standin.issues import read_time

if TYPE_CHECKING:
    from tm_jira.standin.issues import Issue

RETRY = "X-Atlassian-Webhook-Retry"
_SHORT = ("summary", "issuetype", "project", "assignee", "priority", "status")


@dataclass(frozen=True)
class Webhook:
    """One request as Jira would send it: the headers, and the body to the byte."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body read."""
        return json.loads(self.body)

    def again(self) -> Webhook:
        """The next try of the same: the same identifier and body, and how many tries went before."""
        return Webhook({**self.headers, RETRY: str(int(self.headers.get(RETRY, "0")) + 1)}, self.body)


class Shapes:
    """Makes webhooks; `texts` are the fields holding documents, written here as wiki markup."""

    def __init__(self, api: str, texts: set[str], *, data_center: bool) -> None:
        self._api, self._texts, self._is_data_center = api, texts, data_center
        self._count = 0

    def of_issue(self, event: str, issue: Issue, *, secret: str | None, **more: Any) -> Webhook:
        """An event of an issue; `more` are user, issue_event_type_name, changelog and comment."""
        shown = {"id": issue.id, "self": f"{self._api}/issue/{issue.id}", "key": issue.key}
        fields = {name: self._plain(name, value) for name, value in issue.fields.items()}
        if "comment" in more:
            more["comment"] = self._comment(more["comment"])
        body = {"timestamp": _milliseconds(issue), "webhookEvent": event, **more, "issue": {**shown, "fields": fields}}
        return self._signed(body, secret)

    def of_comment(self, event: str, issue: Issue, comment: dict[str, Any], *, secret: str | None) -> Webhook:
        """An event of a comment: without the user on Cloud, without the issue on Data Center."""
        body = {"timestamp": _milliseconds(issue), "webhookEvent": event, "comment": self._comment(comment)}
        # so neither can be trusted to say whose comment on what it is
        if not self._is_data_center:
            fields = {name: issue.fields.get(name) for name in _SHORT}
            shown = {"id": issue.id, "self": f"{self._api}/issue/{issue.id}", "key": issue.key, "fields": fields}
            body |= {"issue": shown, "eventType": "primaryAction"}
        return self._signed(body, secret)

    def _comment(self, comment: dict[str, Any]) -> dict[str, Any]:
        return {**comment, "body": _markup(comment["body"])}

    def _plain(self, name: str, value: Any) -> Any:
        return _markup(value) if name in self._texts else value

    def _signed(self, told: dict[str, Any], secret: str | None) -> Webhook:
        self._count += 1
        body = json.dumps(told).encode()
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "User-Agent": "Atlassian HttpClient stand-in",
            "X-Atlassian-Webhook-Identifier": hashlib.sha256(f"{self._api} {self._count}".encode()).hexdigest()[:32],
            "X-Atlassian-Webhook-Flow": "Primary",
        }
        if secret is not None:
            headers["X-Hub-Signature"] = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
        return Webhook(headers, body)


def _markup(value: Any) -> Any:
    return documents.markup(value) if isinstance(value, dict) else value


def _milliseconds(issue: Issue) -> int:
    return round(read_time(issue.fields["updated"]).timestamp() * 1000)
