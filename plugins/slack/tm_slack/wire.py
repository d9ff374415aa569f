"""One HTTP exchange: sent once, following nothing, over before its time is up, on a connection that may be kept."""

from __future__ import annotations

import io
import select
import ssl
import threading
from base64 import b64encode
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from tm_slack.outcome import NotConnected

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    Key = tuple[str, str, str | None]

ANSWER_LIMIT = 1_000_000
# a server closes idle connections after longer; a message sent into one that just closed would be in doubt
KEPT_FOR = 2.0


class Answer(NamedTuple):
    """What came back, whatever its status; of a body longer than ANSWER_LIMIT only the beginning."""

    status: int
    headers: dict[str, str]
    body: str


class Wire:
    """Exchanges with http and https addresses, reached directly or, for https, through `proxy`.

    `timeout` limits connecting, and all of sending and receiving together, by the seconds of `monotonic`. Every
    thread keeps connections of its own.
    """

    def __init__(self, *, timeout: timedelta, proxy: str | None, monotonic: Callable[[], float]) -> None:
        self._seconds = timeout.total_seconds()
        self._proxy = proxy
        self._monotonic = monotonic

    def exchange(self, url: str, *, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """POST once and return the answer.

        Raises NotConnected when nothing was sent; OSError and HTTPException leave open whether it was.
        """
        target = urlsplit(url)
        connection = self._kept(target) or self._fresh(target)
        until = self._monotonic() + self._seconds
        connection.response_class = _by(until, self._monotonic)  # type: ignore[assignment]  # called like the class
        is_whole = False
        try:
            if connection.sock is not None:
                connection.sock.settimeout(self._seconds)
            path = f"{target.path}?{target.query}" if target.query else target.path
            connection.request("POST", path, body=body, headers=dict(headers))
            with connection.getresponse() as answer:
                content = _content(answer)
                is_whole = answer.isclosed() and not answer.will_close
                return Answer(answer.status, dict(answer.headers.items()), content)
        finally:
            if is_whole:
                _own().keep(self._key(target), connection, at=self._monotonic())
            else:
                connection.close()

    def _kept(self, target: SplitResult) -> HTTPConnection | None:
        connection = _own().take(self._key(target), at=self._monotonic())
        if connection is not None and not _is_quiet(connection.sock):
            connection.close()
            return None
        return connection

    def _fresh(self, target: SplitResult) -> HTTPConnection:
        connection = self._towards(target)
        connection.response_class = _by(self._monotonic() + self._seconds, self._monotonic)  # type: ignore[assignment]
        try:
            connection.connect()
        except (OSError, HTTPException) as error:  # the latter: what a proxy said was no HTTP
            connection.close()
            raise NotConnected(str(error) or type(error).__name__) from error
        return connection

    def _towards(self, target: SplitResult) -> HTTPConnection:
        host, seconds = target.hostname or "", self._seconds
        if target.scheme == "http":
            return HTTPConnection(host, target.port, timeout=seconds)
        if self._proxy is None:
            return HTTPSConnection(host, target.port, timeout=seconds, context=_tls())
        proxy = urlsplit(self._proxy)
        line = HTTPSConnection(proxy.hostname or "", proxy.port or 80, timeout=seconds, context=_tls())
        line.set_tunnel(host, target.port or 443, headers=_authorisation(proxy.username, proxy.password))
        return line

    def _key(self, target: SplitResult) -> Key:
        return target.scheme, target.netloc, self._proxy


class _Clocked(io.RawIOBase):
    """What a socket sends, for as long as there is time left."""

    def __init__(self, sock: socket.socket, until: float, monotonic: Callable[[], float]) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._until = until
        self._monotonic = monotonic

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int | None:
        left = self._until - self._monotonic()
        if left <= 0:
            raise TimeoutError("the answer trickles in too slowly")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)  # type: ignore[arg-type]  # whatever BufferedReader hands over

    def close(self) -> None:
        self._raw.close()
        super().close()


class _ClockedSocket:
    """As much of a socket as HTTPResponse asks for."""

    def __init__(self, raw: _Clocked) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._raw)


def _by(until: float, monotonic: Callable[[], float]) -> Callable[..., HTTPResponse]:
    def respond(sock: socket.socket, debuglevel: int = 0, method: str | None = None) -> HTTPResponse:
        clocked = _ClockedSocket(_Clocked(sock, until, monotonic))
        return HTTPResponse(clocked, debuglevel, method)  # type: ignore[arg-type]  # all it asks for

    return respond


def _content(answer: HTTPResponse) -> str:
    content = answer.read(ANSWER_LIMIT)
    if answer.length and len(content) < ANSWER_LIMIT:
        raise IncompleteRead(content, answer.length)
    if not answer.isclosed() and len(content) < ANSWER_LIMIT:
        answer.read(1)  # of a body in chunks the end still stands in the line
    return content.decode("utf-8", "replace")


def _is_quiet(sock: socket.socket | None) -> bool:
    """Whether nothing has come since, not even the end."""
    if sock is None:
        return False
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poll.poll(0)


class _Connections:
    """The connections one thread keeps; they end with it."""

    def __init__(self) -> None:
        self._kept: dict[Key, tuple[HTTPConnection, float]] = {}

    def take(self, key: Key, *, at: float) -> HTTPConnection | None:
        """The connection kept under a key if it is young enough; it is kept no more."""
        for old in [each for each, (_, since) in self._kept.items() if at - since > KEPT_FOR]:
            self._kept.pop(old)[0].close()
        connection, _ = self._kept.pop(key, (None, at))
        return connection

    def keep(self, key: Key, connection: HTTPConnection, *, at: float) -> None:
        """Keep a connection for the next exchange."""
        self._kept[key] = (connection, at)

    def __del__(self) -> None:
        for connection, _ in self._kept.values():
            connection.close()


_local = threading.local()


def _own() -> _Connections:
    if not hasattr(_local, "connections"):
        _local.connections = _Connections()
    own: _Connections = _local.connections
    return own


def _authorisation(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
