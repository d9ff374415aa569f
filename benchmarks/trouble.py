"""What a command costs while the endpoint its events go to is slow, hangs or refuses."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

from benchmarks.endpoint import NEVER, Endpoint
from benchmarks.figures import heading, report
from benchmarks.hubs import Hub, three_plugins
from benchmarks.pairs import ROUNDS, always, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.pairs import Command

SETTLE = 0.1


def run(*, is_quick: bool) -> None:
    """Measure `tm progress` with three plugins against a hub that has none."""
    rounds = 11 if is_quick else 2 * ROUNDS
    plain = Hub("plain")
    base = _progress(plain)
    for delivery in ("worker", "background"):
        resident = "with a resident `tm worker`" if delivery == "worker" else "and the drains it starts"
        heading(f'`tm progress`, delivery = "{delivery}" {resident}, over a hub without plugins')
        for name, open_endpoint in _ENDPOINTS.items():
            with open_endpoint() as url:
                hub = Hub("trouble", plugins=three_plugins(), delivery=delivery, webhook=url)
                with hub.worker() if delivery == "worker" else contextlib.nullcontext():
                    found = ratio(_progress(hub), base, rounds=rounds, after=lambda: time.sleep(SETTLE))
                if delivery == "background":
                    hub.stop_drain()
            report(f"endpoint {name}", found, at_most=1.05 if delivery == "worker" else None)


def _progress(hub: Hub) -> Callable[[int], Command]:
    task = hub.tm("add", "A task").strip()
    hub.tm("progress", task, "the first note starts it")
    return always(hub.command("progress", task, "half of it is done"))


@contextlib.contextmanager
def _answering(wait: float) -> Iterator[str]:
    with Endpoint(wait=wait) as endpoint:
        yield endpoint.url


@contextlib.contextmanager
def _refusing() -> Iterator[str]:
    """An address where nobody listens, kept from others by a socket that is bound only."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


_ENDPOINTS: dict[str, Callable[[], contextlib.AbstractContextManager[str]]] = {
    "takes 200 ms": lambda: _answering(0.2),
    "hangs": lambda: _answering(NEVER),
    "refuses": _refusing,
}
