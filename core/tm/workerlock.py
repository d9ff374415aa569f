"""The kernel locks that say who is alive for a store: one worker or drain, and one worker standing in line."""

from __future__ import annotations

import contextlib
import fcntl
import os
import weakref
from typing import TYPE_CHECKING

from tm.errors import StoreError
from tm.handover import LOCK_FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKER, DRAIN = "worker", "drain"


class WorkerLock:
    """The lock of the store at `path`; it dies with its process, and no process forked from that keeps it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._name = f"{path}.worker"
        self._line = f"{path}.worker.next"
        self._file: int | None = None

    def take(self, kind: str) -> bool:
        """Take the lock, as a WORKER or a DRAIN, if it is free. Raises StoreError when its file cannot be opened."""
        file = _locked(self._name)
        if file is None:
            return False
        if not _is_same(file, self._name):  # somebody cleared the folder in between
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()} {kind}\n".encode())
        self._file = file
        _HELD.add(self)
        return True

    def let_go(self) -> None:
        """Free the lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def guards(self, path: str) -> bool:
        """Whether this is, still, the lock of the store at `path`."""
        return self._file is not None and path == self.path and _is_same(self._file, self._name)

    def holder(self) -> tuple[int, str]:
        """The process id that holds it and what it is, as far as its file tells; (0, "") if it does not."""
        with contextlib.suppress(OSError, ValueError), open(self._name, encoding="ascii") as file:  # noqa: PTH123
            pid, _, kind = file.read(40).strip().partition(" ")
            return int(pid), kind
        return 0, ""

    def trouble(self) -> str | None:
        """Why nobody can take the lock, or None if its file can be opened."""
        try:
            os.close(os.open(self._name, LOCK_FLAGS, 0o600))
        except OSError as error:
            return f"The lock file {self._name} cannot be opened: {error.strerror}."
        return None

    @contextlib.contextmanager
    def standing_in_line(self) -> Iterator[None]:
        """Let a lingering drain see that a worker waits for the lock."""
        file = _locked(self._line)
        try:
            yield
        finally:
            if file is not None:
                os.close(file)

    def is_wanted(self) -> bool:
        """Whether a worker stands in line for it."""
        try:
            file = os.open(self._line, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(file)
        return False


def _locked(name: str) -> int | None:
    try:
        file = os.open(name, LOCK_FLAGS, 0o600)
    except OSError as error:
        raise StoreError(f"The lock file {name} cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


def _is_same(file: int, name: str) -> bool:
    try:
        there, here = os.stat(name, follow_symlinks=False), os.fstat(file)  # noqa: PTH116 - beside fstat
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


_HELD: weakref.WeakSet[WorkerLock] = weakref.WeakSet()


def _forget_in_child() -> None:
    """A plugin may fork; a child that kept the lock would outlive the worker and keep it from everybody."""
    for lock in _HELD:
        lock.let_go()


os.register_at_fork(after_in_child=_forget_in_child)
