"""Letting plugins look outside on their intervals, each on a thread of its own."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from tm.clock import stamp
from tm.errors import NeedsLogin
from tm.forks import end_forked
from tm.recorder import words_of
from tm.retry import asked_wait
from tm.store.plugins import PluginRecords

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable

    from tm.clock import Clock
    from tm.plugins import Plugin
    from tm.store.protocol import Database

PAUSE = 30.0
LOGIN_REST = timedelta(minutes=5)
"""How long a plugin whose credentials are refused looks no more: some lock an account that knocks too often."""


class Pulls:
    """The pulls of a hub's active plugins. `pull(plugin, database)` makes one; whatever it raises is noted."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        plugins: Iterable[Plugin],
        pull: Callable[[Plugin, Database], None],
        log: logging.Logger,
    ) -> None:
        self._database = database
        self._clock = clock
        self._plugins = [each for each in plugins if each.is_active and "pull" in each.hooks]
        self._pull = pull
        self._log = log
        self._running: dict[str, threading.Thread] = {}
        self._not_before: dict[str, float] = {}

    def start_what_is_due(self) -> None:
        """Start the pulls whose time has come and that are not under way."""
        now = stamp(self._clock.now())
        pulls = PluginRecords(self._database).pulls() if self._plugins else {}
        for plugin in self._plugins:
            due = pulls.get(plugin.name)
            if self._may_start(plugin.name) and (due is None or due[1] <= now):
                thread = threading.Thread(target=self._run, args=(plugin,), daemon=True, name=f"tm-pull-{plugin.name}")
                self._running[plugin.name] = thread
                thread.start()

    def _may_start(self, name: str) -> bool:
        running = self._running.get(name)
        return not (running and running.is_alive()) and self._clock.monotonic() >= self._not_before.get(name, 0)

    def _run(self, plugin: Plugin) -> None:
        own, database = os.getpid(), self._database.another()
        error: BaseException | None = None
        try:
            self._pull(plugin, database)
        except BaseException as caught:  # whatever a plugin raises, the worker goes on
            error = caught
        end_forked(own)
        try:
            note_pull(plugin, database, clock=self._clock, error=error, log=self._log)
        except BaseException as failure:  # its next time is not on record; without a pause it would be at once
            self._not_before[plugin.name] = self._clock.monotonic() + PAUSE
            self._log.error("pull not noted", extra={"plugin": plugin.name, "error": words_of(failure)})
        finally:
            database.close()


def _asked(error: BaseException) -> timedelta | None:
    """How long a pull that failed wants to wait, if it can be asked."""
    try:
        return asked_wait(error)
    except BaseException:  # a plugin's exception may do anything when it is asked something
        return None


def note_pull(
    plugin: Plugin, database: Database, *, clock: Clock, error: BaseException | None, log: logging.Logger
) -> None:
    """Write down how a pull ended and when the next one is due; a failed one waits as long as any."""
    now = clock.now()
    words = plugin.redactor.clean(words_of(error)) if error else None
    later = _asked(error) if error else None
    if issubclass(type(error), NeedsLogin):  # what is raised may do anything when it is asked something
        later = max(plugin.base.interval, LOGIN_REST)
    with database.transaction():
        PluginRecords(database).save_pull(
            plugin.name,
            pulled_at=None if error else stamp(now),
            next_at=stamp(now + (later or plugin.base.interval)),
            error=words,
        )
    if error:
        log.warning("pull failed", extra={"plugin": plugin.name, "error": words})
