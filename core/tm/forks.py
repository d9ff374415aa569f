"""Processes that plugins fork: what came back out of a plugin is no second worker, and minds signals like any."""

from __future__ import annotations

import os
import signal

STOPPING = (signal.SIGTERM, signal.SIGINT)


def end_forked(own: int) -> None:
    """End this process unless it is the one with that id: a plugin forked it and it came back out of the plugin."""
    if os.getpid() != own:
        os._exit(70)


def _end_on_signals() -> None:
    """A child has no worker to stop gracefully."""
    if callable(signal.getsignal(signal.SIGTERM)):
        for each in STOPPING:
            signal.signal(each, signal.SIG_DFL)


os.register_at_fork(after_in_child=_end_on_signals)
