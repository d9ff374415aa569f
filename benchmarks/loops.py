"""The two sides of a delivery benchmark, timed in the measured interpreter: a worker, and bare loops of a client."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

from tm.logs import open_log
from tm.worker import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tm.hosting import Hosting


def deliver(hosting: Hosting) -> float:
    """How many seconds a worker takes to deliver all that is owed."""
    log = open_log(os.environ, now=hosting.session.clock.now, clean=hosting.clean)
    worker = hosting.worker(log, does_pull=False)
    start = time.perf_counter()
    worker.run(Plan())
    return time.perf_counter() - start


def send(bodies: Sequence[Any], post: Callable[[Any], object], *, threads: int) -> float:
    """How many seconds so many threads take to post all bodies, each asking for the next one."""
    waiting, lock = iter(bodies), threading.Lock()

    def loop() -> None:
        while True:
            with lock:
                body = next(waiting, None)
            if body is None:
                return
            post(body)

    crew = [threading.Thread(target=loop) for _ in range(threads)]
    start = time.perf_counter()
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    return time.perf_counter() - start
