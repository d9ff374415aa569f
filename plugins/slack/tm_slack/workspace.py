"""The stand-in's workspace: channels with messages and threads, and the methods of the Web API that we call.

https://docs.slack.dev/reference/methods
"""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tm.testing import Reply
from tm_slack.limits import refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tm.testing import Request

SCOPES = "channels:history,chat:write,chat:write.public,groups:history,im:history,users:read,users:read.email"
_ID = re.compile(r"[CGDUW][A-Z0-9]{2,20}")
TEXT_ON_UPDATE = 4000
METADATA_LIMIT = 7500
_POST = {
    "channel", "text", "blocks", "attachments", "thread_ts", "reply_broadcast", "metadata", "unfurl_links",
    "unfurl_media", "parse",
}  # fmt: skip
_KNOWN: dict[str, set[str]] = {
    "auth.test": set(),
    "chat.postMessage": _POST,
    "chat.update": {"channel", "ts", "text", "blocks", "attachments", "metadata"},
    "conversations.history": {"channel", "oldest", "latest", "inclusive", "limit", "cursor", "include_all_metadata"},
    "conversations.replies": {
        "channel", "ts", "oldest", "latest", "inclusive", "limit", "cursor", "include_all_metadata",
    },
    "users.lookupByEmail": {"email"},
}  # fmt: skip
_NEEDS = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "users.lookupByEmail": "users:read.email",
}


class Workspace:
    """What a bot with a token sees of Slack.

    Any channel with an id like Slack's exists unless it is in `gone`; `archived` ones take nothing, those `not_joined`
    cannot be read, and be written to with `chat:write.public` only. `members` maps e-mail addresses to users.
    `scopes` are the granted ones; with `token` None none is known. `page` is how many messages a page of history has
    at most.
    """

    def __init__(
        self,
        *,
        pace: float = 0.0,
        monotonic: Callable[[], float] | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.token: str | None = "xoxb-stand-in"  # noqa: S105 - it opens nothing
        self.scopes = set(SCOPES.split(","))
        self.gone: set[str] = set()
        self.archived: set[str] = set()
        self.not_joined: set[str] = set()
        self.closed_to_edits: set[str] = set()
        self.members: dict[str, dict[str, Any]] = {}
        self.page = 200
        self.calls: list[str] = []
        self._pace = pace
        self._monotonic = monotonic or time.monotonic
        self._now = now
        self._free_at: dict[str, float] = {}
        self._channels: dict[str, list[dict[str, Any]]] = {}
        self._last_ts = 0

    def messages(self, channel: str | None = None) -> list[dict[str, Any]]:
        """Every message that is there, as it is now, oldest first; of one channel, or of all."""
        found = [each for name, all_of_it in self._channels.items() if channel in (None, name) for each in all_of_it]
        return sorted(found, key=lambda each: float(each["ts"]))

    def roots(self, channel: str) -> list[dict[str, Any]]:
        """The messages of a channel that are in no thread of another."""
        return [each for each in self._channels.get(channel, []) if each.get("thread_ts", each["ts"]) == each["ts"]]

    def thread(self, channel: str, ts: str) -> list[dict[str, Any]]:
        """The replies in a message's thread."""
        return [each for each in self._channels.get(channel, []) if each.get("thread_ts") == ts and each["ts"] != ts]

    def delete(self, channel: str, ts: str) -> None:
        """Remove a message, as a person may."""
        self._channels[channel] = [each for each in self._channels[channel] if each["ts"] != ts]

    def wait_for(self, place: str) -> str | None:
        """The Retry-After of a place that takes nothing yet; else it is taken for the pace."""
        now = self._monotonic()
        free_at = self._free_at.get(place, 0.0)
        if now < free_at:
            return str(max(1, math.ceil(free_at - now)))
        self._free_at[place] = now + self._pace
        return None

    def answer(self, method: str, request: Request) -> Reply:
        """The answer to one call."""
        self.calls.append(method)
        try:
            arguments = _arguments(request)
        except ValueError:
            return _no("invalid_json")
        if method not in _KNOWN:
            return _no("unknown_method")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _no("invalid_auth" if request.headers.get("authorization") else "not_authed")
        if (needed := _NEEDS.get(method)) and needed not in self.scopes:
            return _no("missing_scope", needed=needed, provided=",".join(sorted(self.scopes)))
        if odd := sorted(set(arguments) - _KNOWN[method]):
            return _no("invalid_arguments", response_metadata={"messages": [f"[ERROR] unknown argument {odd[0]}"]})
        called: Callable[[dict[str, Any]], Reply] = getattr(self, f"_{method.replace('.', '_').lower()}")
        return called(arguments)

    def _auth_test(self, _: dict[str, Any]) -> Reply:
        body = {"ok": True, "user": "tm", "team": "Stand-in", "user_id": "U0TM", "team_id": "T000"}
        return Reply(body=body, headers={"X-OAuth-Scopes": ",".join(sorted(self.scopes))})

    def _chat_postmessage(self, arguments: dict[str, Any]) -> Reply:
        channel = str(arguments.get("channel", ""))
        if word := self._closed(channel) or refusal(arguments) or _wrong_metadata(arguments.get("metadata")):
            return _no(word)
        channel = f"D{channel[1:]}" if channel[:1] in ("U", "W") else channel
        root = arguments.get("thread_ts")
        if root is not None and not any(each["ts"] == root for each in self._channels.get(channel, [])):
            return _no("thread_not_found")
        if wait := self.wait_for(channel):
            return Reply(status=429, body={"ok": False, "error": "ratelimited"}, headers={"Retry-After": wait})
        message = {name: arguments[name] for name in arguments if name != "channel"}
        message |= {"ts": self._fresh_ts(), "channel": channel}
        self._channels.setdefault(channel, []).append(message)
        return Reply(body={"ok": True, "channel": channel, "ts": message["ts"], "message": message})

    def _chat_update(self, arguments: dict[str, Any]) -> Reply:
        channel, ts = str(arguments.get("channel", "")), arguments.get("ts")
        found = next((each for each in self._channels.get(channel, []) if each["ts"] == ts), None)
        if word := self._closed(channel):
            return _no(word)
        if found is None:
            return _no("message_not_found")
        if ts in self.closed_to_edits:
            return _no("edit_window_closed")
        if len(arguments.get("text", "")) > TEXT_ON_UPDATE:
            return _no("msg_too_long")
        if word := refusal(arguments):
            return _no(word)
        for name in ("text", "blocks", "attachments"):
            found[name] = arguments.get(name, found.get(name))
        found["edited"] = found.get("edited", 0) + 1
        return Reply(body={"ok": True, "channel": channel, "ts": ts, "text": found["text"]})

    def _conversations_history(self, arguments: dict[str, Any]) -> Reply:
        channel = str(arguments.get("channel", ""))
        if word := self._unreadable(channel):
            return _no(word)
        shown = [each for each in self.roots(channel) if float(each["ts"]) >= float(arguments.get("oldest") or 0)]
        shown += [each for each in self._channels.get(channel, []) if each.get("reply_broadcast") and each not in shown]
        return self._pages(sorted(shown, key=lambda each: float(each["ts"]), reverse=True), arguments)

    def _conversations_replies(self, arguments: dict[str, Any]) -> Reply:
        channel, ts = str(arguments.get("channel", "")), str(arguments.get("ts", ""))
        root = [each for each in self._channels.get(channel, []) if each["ts"] == ts]
        if word := self._unreadable(channel) or (None if root else "thread_not_found"):
            return _no(word)
        oldest = float(arguments.get("oldest") or 0)
        return self._pages([*root, *(e for e in self.thread(channel, ts) if float(e["ts"]) >= oldest)], arguments)

    def _pages(self, messages: list[dict[str, Any]], arguments: dict[str, Any]) -> Reply:
        start = int(arguments.get("cursor") or 0)
        size = min(self.page, int(arguments.get("limit") or 100))
        has_metadata = str(arguments.get("include_all_metadata", "")).lower() in ("1", "true")
        page = [
            {name: value for name, value in each.items() if has_metadata or name != "metadata"}
            for each in messages[start : start + size]
        ]
        more = start + size < len(messages)
        cursor = {"next_cursor": str(start + size) if more else ""}
        return Reply(body={"ok": True, "messages": page, "has_more": more, "response_metadata": cursor})

    def _users_lookupbyemail(self, arguments: dict[str, Any]) -> Reply:
        found = self.members.get(str(arguments.get("email", "")).lower())
        return _no("users_not_found") if found is None else Reply(body={"ok": True, "user": found})

    def _unreadable(self, channel: str) -> str | None:
        if channel[:1] in ("U", "W") or not self._is_there(channel):
            return "channel_not_found"
        return "not_in_channel" if channel in self.not_joined else None

    def _closed(self, channel: str) -> str | None:
        if not self._is_there(channel):
            return "channel_not_found"
        if channel in self.not_joined and "chat:write.public" not in self.scopes:
            return "not_in_channel"
        return "is_archived" if channel in self.archived else None

    def _is_there(self, channel: str) -> bool:
        return _ID.fullmatch(channel) is not None and channel not in self.gone

    def _fresh_ts(self) -> str:
        """The time as Slack writes it, later than any before."""
        micros = int(self._now().timestamp() * 1_000_000) if self._now else time.time_ns() // 1000
        self._last_ts = max(self._last_ts + 1, micros)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"


def _arguments(request: Request) -> dict[str, Any]:
    if "json" in request.headers.get("content-type", ""):
        found = request.json
        if not isinstance(found, dict):
            raise ValueError("no object")
        return found
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def _wrong_metadata(metadata: Any) -> str | None:
    if metadata is None:
        return None
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    if not isinstance(payload, dict) or not isinstance(metadata.get("event_type"), str):
        return "invalid_metadata_format"
    return "metadata_too_large" if len(str(payload)) > METADATA_LIMIT else None


def _no(word: str, **more: Any) -> Reply:
    return Reply(body={"ok": False, "error": word, **more})
