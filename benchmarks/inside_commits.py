"""Run by the measured interpreter inside a hub: changes in one process, against the raw disk or a resident worker.

`raw COUNT ROUNDS`: blocks of durable changes and of raw writes of as many bytes, alternating; prints a JSON list
of [changes' seconds, writes' seconds]. `paced COUNT`: one change after the other, apart, as somebody else's worker
delivers them; prints the instant (monotonic nanoseconds) of each commit. `writer COUNT SECONDS`: says
that it is ready, waits for a line, then makes changes with pauses of SECONDS on average; prints how long each took.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tm.app import Session
from tm.service.editing import add
from tm.service.lifecycle import progress

if TYPE_CHECKING:
    from collections.abc import Callable

LOG_SIZE = 4 * 1024 * 1024
APART = 0.06


def main(mode: str, *numbers: str) -> None:
    """Measure and print."""
    session = Session(os.environ, os.getcwd())  # noqa: PTH109 - as the command line does
    task = add(session.work({}), {"title": "A task"})

    def change(note: str = "half of it is done") -> None:
        progress(session.work({}), task, note)

    if mode == "raw":
        found: list[object] = [*_against_raw(change, count=int(numbers[0]), rounds=int(numbers[1]))]
    elif mode == "paced":
        found = [_paced(change, number) for number in range(int(numbers[0]))]
    else:
        change()
        print("ready", flush=True)
        sys.stdin.readline()
        found = [_one(change, number, pause=float(numbers[1])) for number in range(int(numbers[0]))]
    print(json.dumps(found))


def _against_raw(change: Callable[[], None], *, count: int, rounds: int) -> list[tuple[float, float]]:
    size = _bytes_of(change, count)
    found = []
    with Path("raw").open("wb+") as file:
        file.write(bytes(LOG_SIZE))
        os.fsync(file.fileno())
        for _ in range(rounds):
            found.append((_timed(change, count), _timed(_writing(file.fileno(), size), count)))
    return found


def _bytes_of(change: Callable[[], None], count: int) -> int:
    """How many bytes one change writes, the log being folded in now and then included."""
    before = _written()
    for _ in range(count):
        change()
    return (_written() - before) // count


def _written() -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("wchar")))


def _writing(file: int, size: int) -> Callable[[], None]:
    """Writes over an area as large as the store's log, as the log itself is written over."""
    block, at = os.urandom(size), 0

    def write() -> None:
        nonlocal at
        os.pwrite(file, block, at)
        os.fdatasync(file)
        at = (at + size) % (LOG_SIZE - size)

    return write


def _timed(step: Callable[[], None], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        step()
    return time.perf_counter() - start


def _paced(change: Callable[[str], None], number: int) -> int:
    time.sleep(APART * (0.5 + random.random()))  # noqa: S311 - out of step with the worker
    change(f"note {number:06d}.")
    return time.monotonic_ns()


def _one(change: Callable[[str], None], number: int, *, pause: float) -> float:
    time.sleep(2 * pause * random.random())  # noqa: S311 - writers out of step
    start = time.perf_counter()
    change(f"note {number} of {os.getpid()}")
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*sys.argv[1:])
