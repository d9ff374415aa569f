"""The calls to Slack by its own SDK, sent over our wire: once, following nothing, asking no environment."""

from __future__ import annotations

import logging
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import WebClient
from slack_sdk.webhook import WebhookClient, WebhookResponse

from tm import OutcomeUnknown
from tm_slack.outcome import NotConnected, outcome_of, outcome_of_call, outcome_without_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from urllib.request import Request

    from slack_sdk.web import SlackResponse

    from tm_slack.wire import Wire

# the SDK logs the secret address at DEBUG; a logger of no family cannot be switched on from outside
_SILENT = logging.Logger("tm_slack.sdk", level=logging.CRITICAL + 1)
# what the SDK and the standard library raise for answers that are none
_BROKEN = (OSError, HTTPException, SlackClientError, LookupError, AttributeError, TypeError, ValueError)


class Webhook(WebhookClient):
    """An incoming webhook. `now` tells an aware instant."""

    def __init__(self, url: str, wire: Wire, *, now: Callable[[], datetime]) -> None:
        super().__init__(url, logger=_SILENT, retry_handlers=[])
        self._wire = wire
        self._now = now

    def post(self, message: dict[str, Any]) -> None:
        """Send a message. Raises RetryLater, NeedsLogin, PermanentFailure or OutcomeUnknown unless it was posted."""
        try:
            answer = self.send_dict(message)
        except (NotConnected, *_BROKEN) as error:
            raise outcome_without_answer(error) from None
        wait = _header(answer.headers, "retry-after")
        failure = outcome_of(answer.status_code, answer.body, retry_after=wait, now=self._now())
        if failure is not None:
            raise failure

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        answer = self._wire.exchange(url, body=req.data, headers=dict(req.header_items()))  # type: ignore[arg-type]  # JSON
        return WebhookResponse(url=url, status_code=answer.status, body=answer.body, headers=answer.headers)


class Bot(WebClient):
    """The Web API, called with a bot's token. `now` tells an aware instant.

    Every method raises RetryLater, NeedsLogin (ScopeMissing), PermanentFailure (DestinationRefused, MessageRefused,
    CardLost) or OutcomeUnknown, by what came back.
    """

    def __init__(self, token: str, wire: Wire, *, base_url: str, now: Callable[[], datetime]) -> None:
        super().__init__(token=token, base_url=base_url, logger=_SILENT, retry_handlers=[])
        self._wire = wire
        self._now = now

    def post(self, channel: str, message: Mapping[str, Any], **more: Any) -> tuple[str, str]:
        """Post a message; the channel it really went to and its `ts`."""
        answer = self._asked(channel, lambda: self.chat_postMessage(channel=channel, **message, **more))
        if not isinstance(answer.get("ts"), str) or not isinstance(answer.get("channel"), str):
            raise OutcomeUnknown("Slack's answer names no message. Look for a proxy between here and Slack.")
        return answer["channel"], answer["ts"]

    def change(self, channel: str, ts: str, message: Mapping[str, Any]) -> None:
        """Put another message in the place of one of ours."""
        self._asked(channel, lambda: self.chat_update(channel=channel, ts=ts, **message))

    def messages(self, channel: str, *, oldest: str, thread: str | None = None, cursor: str = "") -> Mapping[str, Any]:
        """A page of a channel's messages since `oldest`, or of a thread's, with their metadata."""
        asked: dict[str, Any] = {"oldest": oldest, "inclusive": True, "limit": 200, "include_all_metadata": True}
        if cursor:
            asked["cursor"] = cursor
        if thread is None:
            return self._asked(channel, lambda: self.conversations_history(channel=channel, **asked))
        return self._asked(channel, lambda: self.conversations_replies(channel=channel, ts=thread, **asked))

    def member(self, email: str) -> Mapping[str, Any]:
        """Who has this e-mail address. Raises PermanentFailure for nobody."""
        return self._asked("users.lookupByEmail", lambda: self.users_lookupByEmail(email=email))

    def identity(self) -> tuple[Mapping[str, Any], str]:
        """Who we are to Slack, and the scopes granted as far as it says."""
        answer = self._answered("auth.test", self.auth_test)
        return answer.data, _header(answer.headers, "x-oauth-scopes") or ""  # type: ignore[return-value]  # JSON

    def _asked(self, about: str, call: Callable[[], SlackResponse]) -> Mapping[str, Any]:
        data = self._answered(about, call).data
        return data if isinstance(data, dict) else {}

    def _answered(self, about: str, call: Callable[[], SlackResponse]) -> SlackResponse:
        try:
            return call()
        except SlackApiError as error:
            response: Any = error.response
            wait = _header(response.headers, "retry-after")
            raise outcome_of_call(
                response.status_code, response.data, channel=about, retry_after=wait, now=self._now()
            ) from None
        except (NotConnected, *_BROKEN) as error:
            raise outcome_without_answer(error) from None

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        answer = self._wire.exchange(url, body=req.data, headers=dict(req.header_items()))  # type: ignore[arg-type]  # bytes
        body = answer.body.replace(str(self.token), "***")  # reasons are kept, and some quote what was sent
        return {"status": answer.status, "headers": answer.headers, "body": body}


def _header(headers: Mapping[str, Any], name: str) -> str | None:
    found: Any = {key.lower(): value for key, value in headers.items()}.get(name)
    if isinstance(found, list):
        found = found[0] if found else None
    return None if found is None else str(found)
