"""Measuring commands side by side: wall time in interleaved pairs, instructions, peak memory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.figures import median
from benchmarks.installed import PYTHON, WORK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

ROUNDS = 25
_PEAK = """
import os, sys
silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, used = os.wait4(child, 0)
print(used.ru_maxrss)
sys.exit(status != 0)
"""


class Command(NamedTuple):
    """A program with its arguments, environment and folder."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    folder: Path


def wall(command: Command) -> float:
    """Seconds from the start of the process to its end. Raises RuntimeError when it fails."""
    os.chdir(command.folder)
    argv, actions = command.argv, _silent()
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, command.environ, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - start
    if status != 0:
        raise RuntimeError(f"{' '.join(argv)} failed: {(WORK / 'stderr').read_text()}")
    return took


def ratio(
    measured: Callable[[int], Command],
    base: Callable[[int], Command],
    *,
    rounds: int = ROUNDS,
    after: Callable[[], None] = lambda: None,
) -> float:
    """The median ratio of `rounds` pairs; who goes first alternates, `after` runs after each command.

    Both make the command of a round from its number; the first two rounds warm up and do not count.
    """
    found = []
    for number in range(rounds + 2):
        took = {}
        for side in (measured, base) if number % 2 else (base, measured):
            took[side] = wall(side(number))
            after()
        found.append(took[measured] / took[base])
    return median(found[2:])


def always(command: Command) -> Callable[[int], Command]:
    """The same command in every round."""
    return lambda _: command


def has_valgrind() -> bool:
    """Whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def instructions(command: Command) -> int:
    """Instructions executed by the process itself, its children left out. Repeatable but for what the store holds."""
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    environ = {**command.environ, "PYTHONHASHSEED": "0"}
    script = [] if command.argv[0] == str(PYTHON) else [str(PYTHON)]
    done = subprocess.run(
        [*tool, *script, *command.argv], env=environ, cwd=command.folder, capture_output=True, text=True, check=False
    )
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or collected is None:
        raise RuntimeError(f"{' '.join(command.argv)} failed under valgrind: {done.stderr[-2000:]}")
    return int(collected[1])


def peak(command: Command, *, rounds: int = 5) -> float:
    """Median peak memory in KiB. A small process starts it: a child is billed for its parent's memory."""
    launcher = (str(PYTHON), "-S", "-E", "-c", _PEAK)
    return median([_peak(command._replace(argv=(*launcher, *command.argv))) for _ in range(rounds)])


def _peak(command: Command) -> float:
    done = subprocess.run(command.argv, env=command.environ, cwd=command.folder, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command.argv)} failed: {done.stderr.decode()}")
    return float(done.stdout)


def _silent() -> Sequence[tuple[int, int, str, int, int]]:
    to_file = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return (
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(WORK / "stderr"), to_file, 0o600),
    )
