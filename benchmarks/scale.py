"""Whether commands stay as quick as the store grows."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from benchmarks.figures import heading, report, skipped
from benchmarks.hubs import Hub, three_plugins
from benchmarks.pairs import ROUNDS, always, has_valgrind, instructions, ratio
from benchmarks.stores import store_of

if TYPE_CHECKING:
    from pathlib import Path

SMALL, LARGE, QUICK_LARGE = 1_000, 1_000_000, 100_000
FLAT, FLAT_METRICS, FLAT_INSTRUCTIONS = 1.10, 1.25, 1.02


def run(*, is_quick: bool) -> None:
    """Measure the same commands in a small and in a large store."""
    large = QUICK_LARGE if is_quick else LARGE
    rounds = 11 if is_quick else ROUNDS
    small_hub, large_hub = _hub("small", store_of(SMALL)), _hub("large", store_of(large))
    heading(f"{large:,} tasks over {SMALL:,} tasks")
    small_words, large_words = _commands(small_hub), _commands(large_hub)
    for name, goal in _GOALS.items():
        here, there = large_hub.command(*large_words[name]), small_hub.command(*small_words[name])
        report(f"{name}: wall", ratio(always(here), always(there), rounds=rounds), at_most=goal)
        if has_valgrind():
            figure = instructions(here) / instructions(there)
            report(f"{name}: instructions", figure, at_most=goal if goal == FLAT_METRICS else FLAT_INSTRUCTIONS)
    if not has_valgrind():
        skipped("instructions", "valgrind is not installed")


_GOALS = {
    "list --limit 50 --format json": FLAT,
    "show ID --format json": FLAT,
    "show PREFIX --format json": FLAT,
    "progress ID TEXT": FLAT,
    "search WORD, 20 matches": FLAT,
    "search WORD, in one title of 50": FLAT,
    "list --text WORD --limit 20, in one title of 50": FLAT,
    "metrics --period last-week": FLAT_METRICS,
}


def _hub(name: str, store: Path) -> Hub:
    hub = Hub(name, plugins=three_plugins(), webhook="http://127.0.0.1:9")
    hub.adopt(store)
    return hub


def _commands(hub: Hub) -> dict[str, tuple[str, ...]]:
    task = json.loads(hub.tm("list", "--status", "in_progress", "--limit", "1", "--format", "json"))[0]["id"]
    return {
        "list --limit 50 --format json": ("list", "--limit", "50", "--format", "json"),
        "show ID --format json": ("show", task, "--format", "json"),
        "show PREFIX --format json": ("show", _prefix(hub, task), "--format", "json"),
        "progress ID TEXT": ("progress", task, "half of it is done"),
        "search WORD, 20 matches": ("search", "quasar", "--format", "json"),
        "search WORD, in one title of 50": ("search", "parser", "--format", "json"),
        "list --text WORD --limit 20, in one title of 50": ("list", "--text", "parser", "--limit", "20"),
        "metrics --period last-week": ("metrics", "--period", "last-week", "--format", "json"),
    }


def _prefix(hub: Hub, task: str) -> str:
    """The shortest prefix from six digits on that is this task's alone."""
    with sqlite3.connect(f"file:{hub.store}?mode=ro", uri=True) as database:
        for digits in range(6, 8):
            (count,) = database.execute("select count(*) from task where id glob ?", (task[:digits] + "*",)).fetchone()
            if count == 1:
                return task[:digits]
    return task
