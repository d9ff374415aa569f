"""Calling a plugin outside a delivery: on a thread of its own, with a limit, whatever it raises."""

from __future__ import annotations

import os
import queue
import threading
from typing import TYPE_CHECKING, Any

from tm.forks import end_forked

if TYPE_CHECKING:
    from collections.abc import Callable


class Unanswered(Exception):
    """The call is still out after its time."""


class Call:
    """A call under way on a daemon thread, started at once; one that hangs keeps nobody but itself."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._ended: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()  # as the worker's
        threading.Thread(target=self._run, daemon=True).start()

    def outcome(self, *, seconds: float) -> tuple[Any, BaseException | None]:
        """What it returned, or None and what it raised; Unanswered if it is still out after so many seconds."""
        try:
            return self._ended.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            return None, Unanswered(f"no answer within {seconds:g} s")

    def _run(self) -> None:
        own = os.getpid()
        try:
            ended: tuple[Any, BaseException | None] = (self._function(), None)
        except BaseException as error:  # sys.exit() in a dependency must not pass for an answer
            ended = (None, error)
        end_forked(own)
        self._ended.put(ended)
