"""Deliveries a second through the worker, over a bare loop of the same client."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from benchmarks.endpoint import Endpoint
from benchmarks.figures import heading, median, report, report_absolute
from benchmarks.hubs import Hub
from benchmarks.installed import PYTHON

SLOW = 0.2
_LOOP = Path(__file__).with_name("inside_delivery.py")
_CLIENTS = {"http.client": "poster", "httpx.Client": "poster", "slack": "slack"}


def run(*, is_quick: bool) -> None:
    """Deliver as fast as it goes, then to an endpoint that takes 200 ms."""
    count, rounds = (300, 3) if is_quick else (1000, 7)
    for threads in (4,) if is_quick else (4, 8):
        heading(f"Deliveries of {count} events, {threads} in flight, over a bare loop of the same client")
        for client in _CLIENTS:
            _fast(client, threads=threads, count=count, rounds=rounds)
    heading(f"Deliveries to an endpoint that takes {SLOW * 1000:.0f} ms, over the ideal")
    for threads, goal in ((8, 0.95), (64, 0.9)):
        for client in ("http.client", "slack"):
            _slow(client, threads=threads, goal=goal, rounds=1 if is_quick else 3)


def _fast(client: str, *, threads: int, count: int, rounds: int) -> None:
    with Endpoint() as endpoint:
        found = _measure(client, endpoint.url, threads=threads, count=count, rounds=rounds)
    report(f"{client}, {threads} in flight", median([bare / worker for worker, bare in found]), at_least=0.7)
    report_absolute(
        f"{client}, {threads} in flight: worker", count / median([worker for worker, _ in found]), unit="a second"
    )


def _slow(client: str, *, threads: int, goal: float, rounds: int) -> None:
    count = threads * 20
    with Endpoint(wait=SLOW) as endpoint:
        found = _measure(client, endpoint.url, threads=threads, count=count, rounds=rounds)
    ideal = count / threads * SLOW
    report(f"{client}, {threads} in flight", median([ideal / worker for worker, _ in found]), at_least=goal)
    report(f"{client}, {threads} in flight: the bare loop", median([ideal / bare for _, bare in found]))


def _measure(client: str, url: str, *, threads: int, count: int, rounds: int) -> list[tuple[float, float]]:
    plugin = _CLIENTS[client]
    told = 'events = ["created"]\npace = 0\n' if plugin == "slack" else ""
    text = f"[plugins.{plugin}]\nconcurrency = {threads}\n{told}"
    hub = Hub("deliveries", plugins=text, webhook=url if plugin == "slack" else "")
    for path in hub.store.parent.glob("tm.db*"):
        path.unlink()
    command = [str(PYTHON), str(_LOOP), client, url, str(count), str(rounds)]
    with (hub.folder / "worker.log").open("w") as log:
        done = subprocess.run(
            command, env=hub.environ, cwd=hub.root, check=True, stdout=subprocess.PIPE, stderr=log, text=True
        )
    return [(worker, bare) for worker, bare in json.loads(done.stdout)]
