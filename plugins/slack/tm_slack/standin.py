"""A stand-in for Slack's incoming webhook on loopback: it keeps what people would read in the channel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self

from tm.testing import Reply, ScriptedServer
from tm_slack.limits import block_lists, refusal, texts

if TYPE_CHECKING:
    from tm.testing import Request

PATH = "/services/T000/B000/XXXX"

_MARKS = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_BOLD = re.compile(r"(?<!\w)\*([^*\n]+)\*(?!\w)")


class StandIn:
    """Slack, as far as a webhook shows it, open until `close`.

    `settings` belong under `[plugins.slack]`. `server` is scriptable: `server.script(Reply(status=429))`.
    """

    def __init__(self, port: int = 0) -> None:
        self.server = ScriptedServer(self._answer, port=port)
        self.settings: dict[str, Any] = {"webhook_url": self.server.url + PATH}
        self._messages: list[dict[str, Any]] = []

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Every posted message as it was sent, oldest first."""
        return list(self._messages)

    @property
    def received(self) -> list[str]:
        """What people read in the channel, one text a message, oldest first."""
        return [reading(message) for message in self.messages]

    def close(self) -> None:
        """Close the server."""
        self.server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, request: Request) -> Reply:
        if request.path != PATH:
            return Reply(status=404, body="no_service")
        try:
            message = request.json
        except ValueError:
            return Reply(status=400, body="invalid_payload")
        word = refusal(message)
        if word is not None:
            return Reply(status=400, body=word)
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
