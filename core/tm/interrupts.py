"""Telling a person's Ctrl-C from a KeyboardInterrupt that a plugin raises by itself."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def watched_keyboard() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether SIGINT has come since; as always it also raises KeyboardInterrupt.

    Where the program minds signals in a way of its own, or on another thread than the main one, none raises
    anything, so whatever is raised there is a plugin's own doing.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: False
        return
    came: list[int] = []

    def note(number: int, _frame: object) -> NoReturn:
        came.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
