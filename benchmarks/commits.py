"""Durable changes: how soon the worker tells of them, how they compare with the disk, how writers share the store."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.endpoint import Endpoint
from benchmarks.figures import heading, median, quantile, report, report_absolute
from benchmarks.hubs import Hub
from benchmarks.installed import PYTHON

WRITERS = 32
PAUSE = 0.5
_CHANGES = Path(__file__).with_name("inside_commits.py")


def run(*, is_quick: bool) -> None:
    """Measure the three."""
    _latency(50 if is_quick else 300)
    _against_the_disk(rounds=5 if is_quick else 25)
    _writers(1 if is_quick else 7)


def _latency(count: int) -> None:
    heading("From commit to the request at the server, with a resident `tm worker`")
    with Endpoint() as endpoint:
        hub = Hub("latency", plugins='[plugins.slack]\nevents = ["progress"]\npace = 0\n', webhook=endpoint.url)
        with hub.worker():
            commits = _changes(hub, "paced", str(count))
            hub.tm("deliver")  # waits for the worker's lock at most, then for nothing
        arrivals = {found[1]: at for at, body in endpoint.arrivals() if (found := re.search(r"note (\d{6})\.", body))}
    took = [(arrivals[f"{n:06d}"] - at) / 1e6 for n, at in enumerate(commits) if f"{n:06d}" in arrivals]
    report_absolute("median", median(took), unit="ms", at_most=25)
    report_absolute("99th of 100", quantile(took, 0.99), unit="ms", at_most=100)
    report("requests over commits", len(took) / count, at_least=1)


def _against_the_disk(rounds: int) -> None:
    heading("Durable changes in one process, over raw write + fdatasync of as many bytes")
    hub = Hub("disk")
    found = _changes(hub, "raw", "40", str(rounds))
    report("changes a second", median([raw / change for change, raw in found]), at_least=0.5)
    report_absolute("changes a second", 40 / median([change for change, _ in found]), unit="a second")


def _writers(rounds: int) -> None:
    heading(f"{WRITERS} writer processes: nothing lost, nobody told that the store is locked")
    busy, longest, paced = [], [], []
    for _ in range(rounds):
        turn = WRITERS * median(_crowd(1, count=200, pause=0))
        together = _crowd(WRITERS, count=30, pause=0)
        busy.append(quantile(together, 0.99) / turn)
        longest.append(max(together) / turn)
        alone = _crowd(1, count=WRITERS * 10, pause=PAUSE / WRITERS)
        paced.append(quantile(_crowd(WRITERS, count=10, pause=PAUSE), 0.99) / quantile(alone, 0.99))
    report(f"without pause: 99th of 100, over {WRITERS} times one writer's median", median(busy), at_most=5)
    report("without pause: longest, over the same", median(longest))
    report(f"a change every {PAUSE:g} s each: 99th of 100, over one writer as busy", median(paced), at_most=5)


def _crowd(writers: int, *, count: int, pause: float) -> list[float]:
    """How long every change took. Raises RuntimeError when a change failed or is not there afterwards."""
    hub = Hub("writers")
    command = [str(PYTHON), str(_CHANGES), "writer", str(count), str(pause)]
    crew = [
        subprocess.Popen(command, env=hub.environ, cwd=hub.root, stdin=-1, stdout=-1, stderr=-1, text=True)
        for _ in range(writers)
    ]
    for each in crew:
        assert each.stdout is not None
        each.stdout.readline()
    for each in crew:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    ended = [each.communicate() for each in crew]
    if any(each.returncode for each in crew):
        raise RuntimeError(next(err for _, err in ended if err))
    with sqlite3.connect(hub.store) as database:
        (kept,) = database.execute("select count(*) from event where type = 'task.progressed'").fetchone()
    if kept != writers * (count + 1):
        raise RuntimeError(f"{writers * (count + 1) - kept} changes are lost")
    return [took for out, _ in ended for took in json.loads(out)]


def _changes(hub: Hub, *words: str) -> Any:
    command = [str(PYTHON), str(_CHANGES), *words]
    done = subprocess.run(command, env=hub.environ, cwd=hub.root, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)
