"""A scripted HTTP server on loopback: it answers, or fails, exactly as a test tells it to."""

from __future__ import annotations

import json
import socket
import struct
from collections import deque
from contextlib import suppress
from datetime import timedelta
from http.client import responses
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self

from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Fault = Literal["unread", "drop", "reset", "short", "stall", "drip", "trickle", "garbage"]

_WAITING_ROOM = 1024
_NOTHING = timedelta(0)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Request(Value):
    """One request as it arrived: `path` with its query, header names in lower case, the raw body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body read as JSON. Raises ValueError when it is something else."""
        return json.loads(self.body)


class Reply(Value):
    """What the server sends back; a dict or list as `body` goes out as JSON.

    `delay` is the wait before the reply. With `is_stored` the server's `answer` hears of the request first,
    so that a stand-in keeps what was sent, and this reply goes out in place of the one it gave.

    `fault` goes wrong on purpose: `unread` closes before the request is read (it is not in `requests`),
    `drop` closes after reading it, `reset` does so with a TCP reset, `short` promises the whole body and
    sends half, `stall` sends nothing until the server closes, `drip` sends the body byte by byte with `delay`
    before each, `trickle` the head as well, `garbage` sends what is no HTTP. A redirect is a `status` of 3xx
    with a `Location` header.
    """

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes | str | dict[str, Any] | list[Any] = b""
    delay: timedelta = _NOTHING
    fault: Fault | None = None
    is_stored: bool = False


class ScriptedServer:
    """An HTTP/1.1 server with keep-alive on 127.0.0.1, open from the moment it is made.

    Requests get the scripted replies in order; once the script is used up, and where there is none, they get
    what `answer` returns (an empty 200 by default). `answer` is called by one thread at a time. What it
    raises, `close` raises again. `port` 0 picks a free one. `connections` counts those opened so far.
    """

    def __init__(self, answer: Callable[[Request], Reply] = lambda _: Reply(), *, port: int = 0) -> None:
        self._answer = answer
        self._script: deque[Reply] = deque()
        self._requests: list[Request] = []
        self._failures: list[Exception] = []
        self._lock = RLock()
        self._closing = Event()
        self._connections: dict[socket.socket, Thread] = {}
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", port), backlog=_WAITING_ROOM)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._door = Thread(target=self._accept, name=f"scripted-server-{self.port}")
        self._door.start()

    @property
    def requests(self) -> list[Request]:
        """Every request read so far, oldest first."""
        with self._lock:
            return list(self._requests)

    def script(self, *replies: Reply) -> None:
        """Append replies; each is used for one request."""
        with self._lock:
            self._script.extend(replies)

    def close(self) -> None:
        """Stop listening, end every connection and thread; raise what `answer` raised, if it did."""
        if self._closing.is_set():
            return
        self._closing.set()
        # a sleeping accept() is not woken by closing its socket, so knock
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._door.join()
        self._listener.close()
        for connection, thread in self._connections.items():
            _hang_up(connection)
            thread.join()
        if self._failures:
            raise self._failures[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._closing.is_set():
                connection.close()
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = Thread(target=self._serve, args=(connection,), name=f"{self._door.name}-connection")
            alive = {each: serving for each, serving in self._connections.items() if serving.is_alive()}
            self._connections = {**alive, connection: thread}
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rb") as stream:
                while self._exchange(connection, stream):
                    pass
        except OSError:
            pass  # the client left
        finally:
            connection.close()

    def _exchange(self, connection: socket.socket, stream: BinaryIO) -> bool:
        if not connection.recv(1, socket.MSG_PEEK) or self._leaves_unread():
            return False
        try:
            request = _read(stream, connection)
        except ValueError:
            return False  # no HTTP, or half of it
        reply = self._reply(request)
        if reply.fault not in ("drip", "trickle"):
            self._closing.wait(reply.delay.total_seconds())
        self._send(connection, reply, request)
        is_last = request.headers.get("connection", "").lower() == "close"
        return not (is_last or reply.fault or self._closing.is_set())

    def _leaves_unread(self) -> bool:
        with self._lock:
            unread = bool(self._script) and self._script[0].fault == "unread"
            if unread:
                self._script.popleft()
        return unread

    def _reply(self, request: Request) -> Reply:
        with self._lock:
            self._requests.append(request)
            scripted = self._script.popleft() if self._script else None
            if scripted and not scripted.is_stored:
                return scripted
            try:
                answer = self._answer(request)
            except Exception as error:  # it belongs to the test that wrote `answer`, not to this thread
                self._failures.append(error)
                answer = Reply(status=500, body=f"The server's answer function failed: {error!r}")
        return scripted or answer

    def _send(self, connection: socket.socket, reply: Reply, request: Request) -> None:
        head, body = _written(reply, has_body=request.method != "HEAD")
        match reply.fault:
            case None:
                connection.sendall(head + body)
            case "drip":
                connection.sendall(head)
                self._drip(connection, body, pause=reply.delay)
            case "trickle":
                self._drip(connection, head + body, pause=reply.delay)
            case "garbage":
                connection.sendall(b"\x00\xff 220 ready\r\n\r\n")
            case "short":
                connection.sendall(head + body[: len(body) // 2])
            case "stall":
                self._closing.wait()
            case "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    def _drip(self, connection: socket.socket, content: bytes, *, pause: timedelta) -> None:
        for at in range(len(content)):
            if not self._closing.wait(pause.total_seconds()):
                connection.sendall(content[at : at + 1])


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the client may have been quicker
        connection.shutdown(socket.SHUT_RDWR)


def _read(stream: BinaryIO, connection: socket.socket) -> Request:
    method, path, _version = stream.readline().decode("latin-1").split()
    headers = _headers(stream)
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b"".join(iter(lambda: _chunk(stream), b""))
    else:
        body = _exactly(int(headers.get("content-length", 0)), stream)
    return Request(method=method, path=path, headers=headers, body=body)


def _headers(stream: BinaryIO) -> dict[str, str]:
    headers = {}
    for line in iter(stream.readline, b""):
        name, _, value = line.decode("latin-1").partition(":")
        if not name.strip():
            break
        headers[name.strip().lower()] = value.strip()
    return headers


def _chunk(stream: BinaryIO) -> bytes:
    content = _exactly(int(stream.readline().partition(b";")[0], 16), stream)
    stream.readline()
    return content


def _exactly(count: int, stream: BinaryIO) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise ValueError(f"{count - len(content)} bytes are missing")
    return content


def _written(reply: Reply, *, has_body: bool) -> tuple[bytes, bytes]:
    body, kind = reply.body, "text/plain; charset=utf-8"
    if isinstance(body, dict | list):
        body, kind = json.dumps(body), "application/json"
    content = body.encode() if isinstance(body, str) else body
    headers = {"Content-Type": kind, "Content-Length": str(len(content)), **reply.headers}
    lines = [
        f"HTTP/1.1 {reply.status} {responses.get(reply.status, '')}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), content if has_body else b""
