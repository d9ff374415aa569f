"""The loop around the dispatcher: threads, signals, deadlines, pulls, and when to stop."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from tm.errors import StoreError
from tm.forks import STOPPING, end_forked
from tm.recorder import Result
from tm.values import Value

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tm.clock import Clock
    from tm.dispatcher import Dispatcher
    from tm.pulls import Pulls
    from tm.store.outbox import Claimed
    from tm.store.protocol import Database

POLL = 0.02
GATHER = 0.001
CALL_LIMIT = 60.0
LINGER = timedelta(minutes=10)
HOUSEKEEPING = timedelta(hours=1)
GRACE = 20.0
LOOK_AROUND = 0.5
ALONE = 2.0


class Plan(Value):
    """How long a worker goes on: `forever`, or until nothing is due plus a while of `linger` for retries."""

    forever: bool = False
    linger: timedelta = timedelta(0)


class Surroundings:
    """What a worker looks at now and then besides its work; as it is here, nothing ever changes."""

    def is_outdated(self) -> bool:
        """Whether the settings have changed since it was made."""
        return False

    def is_wanted(self) -> bool:
        """Whether somebody else wants its place."""
        return False

    def loss(self) -> str:
        """Why the store is not its own any more, as a sentence; empty while it is."""
        return ""


class _Threads:
    """A plugin's own threads: a hung call starves nobody else. Daemons, because a thread cannot be killed."""

    def __init__(self, count: int, work: Callable[[Claimed], None]) -> None:
        self._todo: queue.SimpleQueue[Claimed] = queue.SimpleQueue()
        self._work = work
        self._started = 0
        self.count = count

    def call(self, claimed: Claimed, *, in_flight: int) -> None:
        self._todo.put(claimed)
        if self._started < min(self.count, in_flight):
            self._started += 1
            threading.Thread(target=self._run, daemon=True, name=f"tm-{claimed.plugin}").start()

    def _run(self) -> None:
        own = os.getpid()
        while True:
            self._work(self._todo.get())
            end_forked(own)


class Worker:
    """Runs a dispatcher until its plan is fulfilled or it is told to stop.

    One thread, the caller's, owns the dispatcher and its database; each plugin's threads make the calls with
    database connections of their own. `clock` tells when pulls are due. It also ends when its `surroundings` say so;
    `is_outdated` then asks its maker to make a new one.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        dispatcher: Dispatcher,
        log: logging.Logger,
        pulls: Pulls | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._dispatcher = dispatcher
        self._log = log
        self._pulls = pulls
        self._surroundings = surroundings or Surroundings()
        self.is_outdated = False
        self._next_look_around = clock.monotonic() + LOOK_AROUND
        # not SimpleQueue: a signal near the end of its time-out makes that wait for ever
        self._results: queue.Queue[Result] = queue.Queue()
        self._local = threading.local()
        self._threads = {
            plugin.name: _Threads(plugin.base.concurrency, self._call)
            for plugin in dispatcher.plugins.values()
            if plugin.is_active
        }
        self._flying: dict[int, tuple[Claimed, float]] = {}
        self._in_flight = dict.fromkeys(dispatcher.plugins, 0)
        self._overdue: set[int] = set()
        self._has_suspects = False
        self._is_stopped = False  # plain, for a signal may come while an Event holds its own lock
        self._is_ending = False
        self._next_housekeeping = clock.now() + timedelta(minutes=1)
        self._down_since: float | None = None
        self._seen: object = None
        self._due: datetime | None = None

    def stop(self, *_: object) -> None:
        """Finish the calls under way, claim nothing more, end."""
        self._is_stopped = self._is_ending = True

    def follow(self, former: Worker) -> None:
        """Take over the calls that are still out from the worker before this one, in the same process."""
        self._results = former._results
        self._overdue |= former._overdue
        for claimed, since in former._flying.values():
            if claimed.plugin in self._in_flight:
                self._flying[claimed.id] = (claimed, since)
                self._in_flight[claimed.plugin] += 1

    @property
    def has_calls_out(self) -> bool:
        """Whether calls are still under way that it did not wait for."""
        return bool(self._flying)

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._is_stopped

    def run(self, plan: Plan) -> None:
        """Go on until the plan is fulfilled. The caller holds the worker lock. Raises StoreError when that is lost."""
        with self._signals():
            self._dispatcher.fan.admit()
            self._dispatcher.note_states()
            self._has_suspects = self._dispatcher.reclaim(except_for=self._flying) > 0
            while not self._is_ending:
                self._round()
                if not plan.forever and self._is_done(plan):
                    self._tidy_up()
                    return
                self._look_around()
            self._land()

    def _round(self) -> None:
        """One turn of the loop: wait for something to happen, then do what there is to do."""
        results = self._wait(0 if self._seen is None else POLL)
        try:
            self._look_at_the_outbox(is_turn_next=bool(results))
            if results or self._has_suspects or (self._due is not None and self._due <= self._clock.now()):
                for claimed in self._turn(results):
                    self._fly(claimed)
                self._due = self._dispatcher.next_due(self._with_room())
            self._look_after_time()
        except StoreError as error:
            self._store_is_down(results, error)
            return
        if self._down_since is not None:
            self._down_since = None
            self._log.info("store is back")

    def _turn(self, results: list[Result]) -> list[Claimed]:
        """Record and claim; what a worker died of or with is called alone, so that it takes no other call along."""
        if not self._has_suspects:
            return self._dispatcher.turn(results, self._room())
        now = self._clock.monotonic()
        if any(now - since < ALONE for _, since in self._flying.values()):
            return self._dispatcher.turn(results, {})
        suspects = self._dispatcher.turn(results, self._room(), only_suspect=True)
        self._has_suspects = bool(suspects)
        return suspects

    def _tidy_up(self) -> None:
        """One batch is enough for a drain: there will be others."""
        with contextlib.suppress(StoreError):
            self._dispatcher.prune()

    def _look_at_the_outbox(self, *, is_turn_next: bool) -> None:
        is_set_back = self._dispatcher.mind_clock()
        changed = self._database.changed()
        if changed == self._seen and not is_set_back:
            return
        has_more = self._dispatcher.fan.fan_out() > 0  # one batch a round, so that a flood holds up no delivery
        if not has_more:
            self._dispatcher.fan.judge()
        if not is_turn_next:
            self._due = self._dispatcher.next_due(self._with_room())
        self._seen = None if has_more else changed

    def _store_is_down(self, results: list[Result], error: StoreError) -> None:
        """A full disk or a locked store passes: keep the results, say so once, try again shortly."""
        for result in results:
            self._results.put(result)
            self._flying[result.claimed.id] = (result.claimed, self._clock.monotonic())
            self._in_flight[result.claimed.plugin] += 1
        if self._down_since is None:
            self._down_since = self._clock.monotonic()
            self._log.error("store is down", extra={"error": str(error)})
        for _ in range(50):
            if not self._is_ending:
                time.sleep(POLL)

    def _wait(self, seconds: float) -> list[Result]:
        results = []
        with contextlib.suppress(queue.Empty):
            results.append(self._results.get(timeout=seconds))
            until = self._clock.monotonic() + GATHER
            while len(results) < len(self._flying):  # to commit each by itself would cost more than its call
                results.append(self._results.get(timeout=max(0.0, until - self._clock.monotonic())))
        for result in results:
            if self._flying.pop(result.claimed.id, None):
                self._in_flight[result.claimed.plugin] -= 1
            self._overdue.discard(result.claimed.id)
        return results

    def _room(self) -> dict[str, int]:
        return {name: threads.count - self._in_flight[name] for name, threads in self._threads.items()}

    def _with_room(self) -> list[str]:
        return [name for name, free in self._room().items() if free > 0]

    def _fly(self, claimed: Claimed) -> None:
        self._flying[claimed.id] = (claimed, self._clock.monotonic())
        self._in_flight[claimed.plugin] += 1
        self._threads[claimed.plugin].call(claimed, in_flight=self._in_flight[claimed.plugin])

    def _call(self, claimed: Claimed) -> None:
        try:
            result = self._dispatcher.call(claimed, self._own_database())
        except BaseException as error:  # a plugin may even raise KeyboardInterrupt; this thread must live
            result = Result(claimed=claimed, error=error)
        self._results.put(result)

    def _own_database(self) -> Database:
        """This thread's connection."""
        if not hasattr(self._local, "database"):
            self._local.database = self._database.another()
        database: Database = self._local.database
        return database

    def _look_around(self) -> None:
        """Now and then: end when the settings have changed, or when somebody wants this place."""
        now = self._clock.monotonic()
        if now < self._next_look_around:
            return
        self._next_look_around = now + LOOK_AROUND
        if reason := self._surroundings.loss():
            raise StoreError(reason)
        if self._surroundings.is_outdated():
            self._log.info("settings changed")
            self.is_outdated = True
            self._is_ending = True
        elif self._surroundings.is_wanted():
            self.stop()

    def _look_after_time(self) -> None:
        now = self._clock.monotonic()
        for claimed, since in self._flying.values():
            if now - since > CALL_LIMIT and claimed.id not in self._overdue:
                self._overdue.add(claimed.id)
                self._log.warning(
                    "call hangs",
                    extra={"delivery": claimed.id, "plugin": claimed.plugin, "seconds": round(now - since)},
                )
        if self._pulls is not None:
            self._pulls.start_what_is_due()
        if self._clock.now() >= self._next_housekeeping:
            self._next_housekeeping = self._clock.now() + HOUSEKEEPING
            while self._dispatcher.prune():
                pass

    def _is_done(self, plan: Plan) -> bool:
        """Nothing due soon, nothing under way but calls that hang; a store that stays down ends it too."""
        if self._down_since is not None:
            return self._clock.monotonic() - self._down_since > GRACE
        if self._seen is None or self._has_suspects or len(self._flying) > len(self._overdue):
            return False
        return self._due is None or self._due > self._clock.now() + plan.linger

    def _land(self) -> None:
        """Let the calls under way end, within reason; what is still out is reclaimed by the next worker."""
        until = self._clock.monotonic() + GRACE
        while self._flying and self._clock.monotonic() < until:
            results = self._wait(POLL)
            if results:
                self._dispatcher.turn(results, {})
        self._log.info("stopped", extra={"left": len(self._flying)})

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT stop gracefully, where signals can be had (the main thread)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.stop) for each in STOPPING}
        try:
            yield
        finally:
            for each, action in before.items():
                signal.signal(each, action)
