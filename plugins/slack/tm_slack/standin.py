"""A stand-in for Slack on loopback: an incoming webhook and the Web API, keeping what people would read.

Written from Slack's documentation: arguments, limits, errors and rates are those it names. It is scriptable:
`server.script(Reply(status=429))` answers the next request, `Reply(fault="drop", is_stored=True)` after it was kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self

from tm.testing import Reply, ScriptedServer
from tm_slack.limits import block_lists, refusal, texts
from tm_slack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tm.testing import Request

PATH = "/services/T000/B000/XXXX"
API = "/api/"
TOKEN = "xoxb-stand-in"  # noqa: S105 - it opens nothing
CHANNEL = "C0TEAM"

_MARKS = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_BOLD = re.compile(r"(?<!\w)\*([^*\n]+)\*(?!\w)")


class StandIn:
    """Slack, open until `close`.

    `settings` belong under `[plugins.slack]` for a webhook, `as_bot` for a token. `pace` is the least time in
    seconds between two messages to one channel (0: no limit), told by `monotonic`; `now` dates the messages.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        pace: float = 0.0,
        monotonic: Callable[[], float] | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.workspace = Workspace(pace=pace, monotonic=monotonic, now=now)
        self.server = ScriptedServer(self._answer, port=port)
        self.settings: dict[str, Any] = {"webhook_url": self.server.url + PATH, "pace": 0}
        self.as_bot: dict[str, Any] = {
            "token": TOKEN,
            "base_url": self.server.url + API,
            "channel": CHANNEL,
            "pace": 0,
        }
        self._messages: list[dict[str, Any]] = []

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Every message posted to the webhook as it was sent, oldest first."""
        return list(self._messages)

    @property
    def received(self) -> list[str]:
        """What people read, one text a message, oldest first: by the webhook, then in the channels."""
        return [reading(message) for message in (*self._messages, *self.workspace.messages())]

    def close(self) -> None:
        """Close the server."""
        self.server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, request: Request) -> Reply:
        path = request.path.partition("?")[0]
        if path.startswith(API):
            return self.workspace.answer(path.removeprefix(API), request)
        if path != PATH:
            return Reply(status=404, body="no_service")
        try:
            message = request.json
        except ValueError:
            return Reply(status=400, body="invalid_payload")
        word = refusal(message)
        if word is not None:
            return Reply(status=400, body=word)
        if wait := self.workspace.wait_for(PATH):
            return Reply(status=429, body="rate_limited", headers={"Retry-After": wait})
        self._messages.append(message)
        return Reply(body="ok", headers={"Content-Type": "text/html"})


def open(port: int = 0) -> StandIn:
    """A stand-in listening on 127.0.0.1, on a free port if `port` is 0."""
    return StandIn(port)


def reading(message: dict[str, Any]) -> str:
    """A message as plain text; beside blocks its own `text` is not shown."""
    lines = [] if message.get("blocks") else [message.get("text", "")]
    lines += [part["text"] for blocks in block_lists(message) for block in blocks for part in texts(block)]
    shown = (_BOLD.sub(r"\1", _MARKS.sub(_shown, line)) for line in lines)
    entities = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
    text = "\n".join(filter(None, shown))
    for entity, char in entities:
        text = text.replace(entity, char)
    return text


def _shown(mark: re.Match[str]) -> str:
    target, label = mark[1], mark[2]
    if label is not None:
        return label
    return "@" + target[1:] if target[:1] in ("@", "!") else target
