"""The one call to Slack: a WebhookClient that sends once, follows nothing and asks no environment."""

from __future__ import annotations

import logging
import ssl
from base64 import b64encode
from functools import cache
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from slack_sdk.webhook import WebhookClient, WebhookResponse

from tm_slack.outcome import NotConnected

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from urllib.request import Request

ANSWER_LIMIT = 4096

# the SDK logs the secret address at DEBUG; a logger of no family cannot be switched on from outside
_SILENT = logging.Logger("tm_slack.sdk", level=logging.CRITICAL + 1)


class Webhook(WebhookClient):
    """An incoming webhook, reached directly or through `proxy`, never by a redirect.

    `timeout` limits every step and, while the answer trickles in, the whole call, by the seconds of
    `monotonic`.
    """

    def __init__(self, url: str, *, timeout: timedelta, proxy: str | None, monotonic: Callable[[], float]) -> None:
        super().__init__(url, logger=_SILENT, retry_handlers=[])
        self._seconds = timeout.total_seconds()
        self._through = proxy
        self._monotonic = monotonic

    def post(self, message: dict[str, Any]) -> WebhookResponse:
        """Send a message and return the answer, whatever its status.

        Raises NotConnected when nothing was sent; OSError and HTTPException leave open whether it was.
        """
        return self.send_dict(message)

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        until = self._monotonic() + self._seconds
        connection = self._connection()
        try:
            _connect(connection)
            headers = {**dict(req.header_items()), "Connection": "close"}
            connection.request("POST", urlsplit(url).path, body=req.data, headers=headers)
            with connection.getresponse() as answer:
                body = self._read(answer, until=until)
                headers = dict(answer.headers.items())
                return WebhookResponse(url=url, status_code=answer.status, body=body, headers=headers)
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        target = urlsplit(self.url)
        host, seconds = target.hostname or "", self._seconds
        if target.scheme == "http":
            return HTTPConnection(host, target.port, timeout=seconds)
        if self._through is None:
            return HTTPSConnection(host, target.port, timeout=seconds, context=_tls())
        proxy = urlsplit(self._through)
        line = HTTPSConnection(proxy.hostname or "", proxy.port or 80, timeout=seconds, context=_tls())
        line.set_tunnel(host, target.port or 443, headers=_authorisation(proxy.username, proxy.password))
        return line

    def _read(self, answer: HTTPResponse, *, until: float) -> str:
        body = b""
        # byte by byte, because a larger read waits for all of it however slowly it comes
        while len(body) < ANSWER_LIMIT and (byte := answer.read(1)):
            body += byte
            if self._monotonic() > until:
                raise TimeoutError("the answer trickles in too slowly")
        if answer.length and len(body) < ANSWER_LIMIT:
            raise IncompleteRead(body, answer.length)
        return body.decode("utf-8", "replace")


def _connect(connection: HTTPConnection) -> None:
    try:
        connection.connect()
    except OSError as error:
        raise NotConnected(str(error) or type(error).__name__) from error


def _authorisation(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
