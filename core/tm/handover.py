"""After the commit: who delivers. Looks for a living worker by its kernel lock, starts a drain if there is none."""

from __future__ import annotations

import fcntl
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tm.store.protocol import Database


LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
"""How a lock file is opened."""


def is_ci(environ: Mapping[str, str]) -> bool:
    """Whether this runs in a CI job: the variable CI says so."""
    return environ.get("CI", "").lower() in ("true", "1", "yes")


def mode(delivery: str, environ: Mapping[str, str]) -> str:
    """The delivery mode in force: `auto` is inline in CI, else background."""
    if delivery != "auto":
        return delivery
    return "inline" if is_ci(environ) else "background"


def has_overdue(database: Database, plugins: Sequence[str], *, now: str) -> bool:
    """Whether something could be delivered right now, if somebody did it."""
    from tm.store.overdue import is_overdue  # no changing command asks

    return any(is_overdue(database, name, now=now) for name in plugins)


def is_worker_free(path: str) -> bool:
    """Whether no worker or drain is alive for the store at `path`."""
    try:
        lock = os.open(f"{path}.worker", LOCK_FLAGS, 0o600)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def start_drain(arguments: Sequence[str], environ: Mapping[str, str], *, is_detached: bool) -> int:
    """Start `python -m tm` with these arguments and return its process id.

    A detached one outlives this process and says nothing; the other writes both its streams to stderr.
    """
    command = [sys.executable, "-m", "tm", *arguments]
    if is_detached:
        silent = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
        return os.posix_spawn(sys.executable, command, environ, file_actions=silent, setsid=True)
    nothing_in = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0)
    out_to_err = (os.POSIX_SPAWN_DUP2, 2, 1)
    return os.posix_spawn(sys.executable, command, environ, file_actions=[nothing_in, out_to_err])
