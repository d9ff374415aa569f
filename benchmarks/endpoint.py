"""An HTTP endpoint in a process of its own, so that it shares no interpreter with what calls it.

Every POST is answered `ok` after a wait, or never. `GET /arrivals` gives the instants (monotonic nanoseconds)
and bodies of all POSTs so far as JSON, and forgets them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

NEVER = -1.0
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n"


class Endpoint:
    """The process: open from the moment it is made, answering after `wait` seconds (`NEVER`: not at all)."""

    def __init__(self, *, wait: float = 0.0) -> None:
        command = [sys.executable, str(Path(__file__).resolve()), str(wait)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def arrivals(self) -> list[tuple[int, str]]:
        """Instant and body of every POST since the last look, oldest first."""
        with urllib.request.urlopen(f"{self.url}/arrivals") as reply:  # noqa: S310 - loopback
            return [(at, body) for at, body in json.load(reply)]

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Connection(asyncio.Protocol):
    """One keep-alive connection, parsed by hand: a framework would be slower than its callers."""

    def __init__(self, wait: float, arrivals: list[tuple[int, str]]) -> None:
        self._wait = wait
        self._arrivals = arrivals
        self._unread = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            head = self._unread[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(self._unread) < end + 4 + length:
                return
            body, self._unread = self._unread[end + 4 : end + 4 + length], self._unread[end + 4 + length :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"get /arrivals"):
            text = json.dumps(self._arrivals).encode()
            self._arrivals.clear()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
            return
        self._arrivals.append((time.monotonic_ns(), body.decode()))
        is_last = b"connection: close" in head
        if self._wait == 0:
            self._reply(is_last=is_last)
        elif self._wait > 0:
            asyncio.get_running_loop().call_later(self._wait, lambda: self._reply(is_last=is_last))

    def _reply(self, *, is_last: bool) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(_OK + (b"Connection: close\r\n\r\nok" if is_last else b"\r\nok"))
        if is_last:
            self._transport.close()


async def _serve(wait: float) -> None:
    arrivals: list[tuple[int, str]] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(wait, arrivals), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(float(sys.argv[1])))
