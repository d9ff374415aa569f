"""Waiting for a busy kernel lock with a limit: flock itself knows no time-out."""

from __future__ import annotations

import fcntl
import os
import threading

from tm.errors import StoreError


def wait_for_lock(lock: int, seconds: float, path: str) -> None:
    """Stand in the kernel's line for the lock of an open file. Raises StoreError after `seconds`.

    The place in the line outlives the error: close the file, and a lock that still comes is let go with it.
    """
    place = _Place(lock)
    place.thread.start()
    if not place.done.wait(seconds):
        raise StoreError(
            f"The store {path} has been busy for {seconds:g} s: another tm holds its write lock. "
            "Try again, or look for a stopped process: tm doctor"
        )
    if place.error is not None:
        raise StoreError(f"The store {path} cannot be locked: {place.error}.")


class _Place:
    """One place in the line: a thread that blocks in the kernel, so that waiting stays fair."""

    def __init__(self, lock: int) -> None:
        self._lock = os.dup(lock)
        self.done = threading.Event()
        self.error: OSError | None = None
        self.thread = threading.Thread(target=self._wait, daemon=True)

    def _wait(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        except OSError as error:
            self.error = error
        self.done.set()
        os.close(self._lock)
