"""What each short command costs over an interpreter that does nothing, with three plugins enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.endpoint import Endpoint
from benchmarks.figures import heading, report, skipped
from benchmarks.hubs import Hub, three_plugins
from benchmarks.installed import PYTHON
from benchmarks.pairs import ROUNDS, always, has_valgrind, instructions, peak, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.pairs import Command

POOL = ROUNDS + 10
WALL, INSTRUCTIONS, JUDGING = 2.2, 2.0, 3.0
JUDGES = ("add TITLE --criteria JSON", "complete ID --validate")
FLOOR = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("pragma journal_mode = wal")
database.execute("create table if not exists note (words text)")
database.execute("pragma synchronous = full")
database.execute("insert into note values ('half of it is done')")
print("noted", flush=True)
os._exit(0)
"""
CRITERIA = '[{"criterion": "Tests pass", "measurable": "test_failures == 0"}, {"criterion": "Reviewed"}]'


def run(*, is_quick: bool) -> None:
    """Measure every hot verb with a worker elsewhere, then two of them starting a drain each."""
    rounds = 11 if is_quick else ROUNDS
    with Endpoint() as endpoint:
        hub = Hub("verbs", plugins=three_plugins(), webhook=endpoint.url)
        verbs = _verbs(hub, _tasks(hub, 100 if is_quick else 1000))
        heading('Hot verbs, three plugins, FULL durability, delivery = "worker", over `python -c pass`')
        report("one INSERT by sqlite3, committed durably: wall", _floor(hub, rounds))
        for name, make in verbs.items():
            report(
                f"{name}: wall",
                ratio(make, always(hub.bare()), rounds=rounds),
                at_most=JUDGING if name in JUDGES else WALL,
            )
        _instructions(hub, verbs)
        _memory(hub, verbs)
        _background(endpoint, rounds)


def _tasks(hub: Hub, count: int) -> list[str]:
    """Fill the store; the ids of `POOL` tasks that are ready to be completed come back."""
    ids = []
    for number in range(POOL):
        words = ("--priority", "high", "--assignee", "alice", "--label", "core", "--criterion", "coverage >= 85")
        ids.append(hub.tm("add", f"Task {number}", *words).strip())
        hub.tm("measure", ids[-1], "coverage=91")
    for number in range(count - POOL):
        hub.tm("add", f"Task {number} of the crowd", "--assignee", "bob")
    return ids


def _verbs(hub: Hub, ids: list[str]) -> dict[str, Callable[[int], Command]]:
    def on(words: str, *more: str) -> Callable[[int], Command]:
        return lambda number: hub.command(words, ids[number % POOL], *more)

    return {
        "progress ID TEXT": on("progress", "half of it is done"),
        "add TITLE --priority high": lambda n: hub.command("add", f"Another task {n}", "--priority", "high"),
        "add TITLE --criteria JSON": lambda n: hub.command("add", f"Judged task {n}", "--criteria", CRITERIA),
        "add TITLE --criterion EXPR": lambda n: hub.command("add", f"Judged task {n}", "--criterion", "coverage >= 85"),
        "context ID --shared TEXT": on("context", "--shared", "staging is at v12"),
        "block ID --reason TEXT": on("block", "--reason", "waiting for the key"),
        "complete ID --validate": on("complete", "--validate"),
        "show ID --format json": on("show", "--format", "json"),
        "list --limit 50 --format json": always(hub.command("list", "--limit", "50", "--format", "json")),
    }


def _floor(hub: Hub, rounds: int) -> float:
    """What any durable write from Python takes on this disk now."""
    write = hub.bare()._replace(argv=(str(PYTHON), "-c", FLOOR, str(hub.folder / "floor.db")))
    return ratio(always(write), always(hub.bare()), rounds=rounds)


def _instructions(hub: Hub, verbs: dict[str, Callable[[int], Command]]) -> None:
    if not has_valgrind():
        skipped("instructions", "valgrind is not installed")
        return
    bare = instructions(hub.bare())
    for name, make in verbs.items():
        goal = JUDGING if name in JUDGES else INSTRUCTIONS
        report(f"{name}: instructions", instructions(make(POOL - 1)) / bare, at_most=goal)


def _memory(hub: Hub, verbs: dict[str, Callable[[int], Command]]) -> None:
    bare = peak(hub.bare())
    for name in ("progress ID TEXT", "show ID --format json", "list --limit 50 --format json"):
        figures = peak(verbs[name](0)) / bare
        report(f"{name}: peak memory", figures, at_most=1.5)


def _background(endpoint: Endpoint, rounds: int) -> None:
    heading('The same with delivery = "background": each command finds no worker and starts a drain')
    hub = Hub("background", plugins=three_plugins(), delivery="background", webhook=endpoint.url)
    task = hub.tm("add", "A task").strip()
    hub.wait_for_drain()
    for name, words in {
        "progress ID TEXT": ("progress", task, "half of it is done"),
        "show ID --format json": ("show", task, "--format", "json"),
    }.items():
        command = hub.command(*words)
        found = ratio(always(command), always(hub.bare()), rounds=rounds, after=hub.wait_for_drain)
        report(f"{name}: wall", found, at_most=WALL)
        if has_valgrind():
            report(f"{name}: instructions", instructions(command) / instructions(hub.bare()), at_most=INSTRUCTIONS)
            hub.wait_for_drain()
