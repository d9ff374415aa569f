"""Many tasks at once: importing them, and listing them all."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from benchmarks.figures import heading, report, report_absolute
from benchmarks.hubs import Hub
from benchmarks.installed import PYTHON, WORK
from benchmarks.pairs import peak, wall
from benchmarks.stores import MAKER, store_of

if TYPE_CHECKING:
    from pathlib import Path


def run(*, is_quick: bool) -> None:
    """Measure import by tasks a second, the list of everything by its memory."""
    heading("Many tasks at once")
    count = 20_000 if is_quick else 100_000
    source = _source(count)
    hub = Hub("import")
    took = wall(hub.command("import", str(source)))
    report_absolute(f"tm import of {count:,} tasks", count / took, unit="tasks/s", at_least=20_000)
    report("the same, seconds over as many rows made by plain SQL", took / _plain_sql(hub, count))
    rows = 100_000 if is_quick else 1_000_000
    hub.adopt(store_of(rows))
    words = ("list", "--format", "jsonl")
    start = time.perf_counter()
    used = peak(hub.command(*words), rounds=1)
    took = time.perf_counter() - start
    report(f"tm list of {rows:,} tasks: peak memory over `pass`", used / peak(hub.bare()), at_most=2.0)
    report_absolute(f"tm list of {rows:,} tasks", rows / took, unit="tasks/s")


def _plain_sql(hub: Hub, count: int) -> float:
    """Seconds that the store's own tables, indexes and triggers take for as many tasks and twice the events."""
    path = hub.folder / "plain.db"
    return wall(hub.bare()._replace(argv=(str(PYTHON), str(MAKER), str(path), str(count))))


def _source(count: int) -> Path:
    path = WORK / "import.jsonl"
    with path.open("w") as file:
        for number in range(count):
            task = {
                "title": f"Task {number}",
                "description": f"What is known about number {number}.",
                "priority": "high",
                "assignee": f"person{number % 40}@example.com",
                "labels": ["core"],
            }
            file.write(json.dumps(task) + "\n")
    return path
