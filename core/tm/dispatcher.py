"""One pass over the outbox: fan out, judge, claim, call, record. Never changes a task."""

from __future__ import annotations

import inspect
from datetime import timedelta
from random import random as default_random
from typing import TYPE_CHECKING, Any

from tm.clock import instant, stamp
from tm.errors import Outcome
from tm.events import SYNC_REQUESTED
from tm.retry import GIVE_UP_AFTER, Settled, breaker_pause, settle, stale_claim
from tm.store.events import Events
from tm.store.links import Links
from tm.store.outbox import Claimed, Ending, Outbox
from tm.store.plugins import Health, PluginRecords
from tm.values import Value

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from tm.clock import Clock
    from tm.events import Event
    from tm.plugins import Plugin
    from tm.store.protocol import Database

BATCH = 200
KEEP_DELIVERED, KEEP_DEAD, KEEP_ATTEMPTS = timedelta(days=14), timedelta(days=90), timedelta(days=7)


class Result(Value):
    """How one call ended: `error` is what the hook raised, None when it returned."""

    claimed: Claimed
    error: BaseException | None = None


class Dispatcher:
    """What a worker does, as single steps; it owns no thread and no loop.

    `plugins` are the ones enabled here by name, whatever their state. `lend` makes the hub for a call:
    `lend(plugin, claimed, database)`. `me` names this process in the claims. Only the holder of the worker
    lock may use a dispatcher.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        plugins: Mapping[str, Plugin],
        lend: Callable[..., Any],
        log: logging.Logger,
        me: str,
        random: Callable[[], float] = default_random,
    ) -> None:
        self._database = database
        self._clock = clock
        self.plugins = plugins
        self._lend = lend
        self._log = log
        self._me = me
        self._random = random
        self._outbox = Outbox(database)
        self._records = PluginRecords(database)
        self._links = Links(database)

    def admit(self) -> None:
        """Note the plugins seen here for the first time; what happened before stays unsaid to them."""
        known = self._records.health()
        if all(name in known for name in self.plugins):
            return
        with self._database.transaction():
            for name in self.plugins:
                self._admit(name)

    def _admit(self, name: str) -> None:
        at = stamp(self._clock.now())
        if self._records.admit(name, since_seq=Events(self._database).latest(), at=at):
            self._log.info("admitted", extra={"plugin": name})

    def note_states(self) -> None:
        """Write down each plugin's state, for those who ask without loading it; log what changed."""
        health = self._records.health()
        changed = [
            health[name].with_(state=plugin.state, state_reason=plugin.reason or None)
            for name, plugin in self.plugins.items()
            if name in health
            and (health[name].state, health[name].state_reason) != (plugin.state, plugin.reason or None)
        ]
        if changed:
            with self._database.transaction():
                for each in changed:
                    self._records.save_health(each)
                    level = self._log.info if each.state == "active" else self._log.warning
                    level(
                        "plugin state",
                        extra={"plugin": each.name, "state": each.state, "reason": each.state_reason},
                    )

    def reclaim(self) -> int:
        """Put back what a dead worker had claimed; how many there were."""
        orphans = self._outbox.orphans()
        if not orphans:
            return 0
        now = self._clock.now()
        with self._database.transaction():
            health = self._records.health()
            for orphan in orphans:
                wait, failures = stale_claim(orphan.reclaims, orphan.failures, random=self._random)
                self._outbox.reclaim(orphan, due_at=stamp(now + wait), failures=failures, at=stamp(now))
                if failures > orphan.failures and orphan.plugin in health:
                    self._records.save_health(_failed(health[orphan.plugin], now=now))
        self._log.warning("reclaimed", extra={"deliveries": len(orphans)})
        return len(orphans)

    def fan_out(self) -> int:
        """Make the deliveries of one batch of events, in order; how many events there were."""
        if not self._outbox.has_unfanned():
            return 0
        with self._database.transaction():
            owed = self._outbox.unfanned(BATCH)
            since = {name: each.since_seq for name, each in self._records.health().items()}
            now = stamp(self._clock.now())
            for each in owed:
                for name in dict.fromkeys((*each.owed_to, *self.plugins)):
                    if name not in since:
                        self._admit(name)
                        since[name] = each.event.seq
                    if name in each.owed_to or each.event.seq > since[name]:
                        self._owe(name, each.event, now)
            self._outbox.mark_fanned([each.event.seq for each in owed], at=now)
        return len(owed)

    def _owe(self, name: str, event: Event, now: str) -> bool:
        if event.origin == name:
            return False
        plugin = self.plugins.get(name)
        is_judged = plugin is not None and plugin.is_active
        if plugin is not None and is_judged and not self._wants(plugin, event):
            return False
        line = event.task_id or f"event:{event.seq}"
        return self._outbox.owe(name, event_seq=event.seq, line=line, at=now, judged=is_judged)

    def _wants(self, plugin: Plugin, event: Event) -> bool:
        if event.type == SYNC_REQUESTED:
            return plugin.hook_for(event) is not None
        has_filter = plugin.settings.when is not None
        is_linked = has_filter and self._links.is_linked(plugin.name, event.task_id or "")
        return plugin.wants(event, is_linked=is_linked)

    def replay(self, name: str, events: Sequence[Event]) -> int:
        """Fan past events out to one plugin on a person's word; how many deliveries that made."""
        now = stamp(self._clock.now())
        with self._database.transaction():
            return sum(self._owe(name, event, now) for event in events)

    def judge(self) -> int:
        """Ask active plugins whether they want what was owed to them while they were not."""
        count = 0
        for plugin in self.plugins.values():
            waiting = self._outbox.unjudged(plugin.name, BATCH) if plugin.is_active else []
            if waiting:
                with self._database.transaction():
                    for delivery_id, event in waiting:
                        is_wanted = self._wants(plugin, event)
                        self._outbox.judge(delivery_id, is_wanted=is_wanted, at=stamp(self._clock.now()))
            count += len(waiting)
        return count

    def turn(self, results: Sequence[Result], room: Mapping[str, int]) -> list[Claimed]:
        """Record how calls ended and claim the next ones, in one commit.

        `room` says how many more calls each plugin may have in flight.
        """
        if not results and not any(room.values()):
            return []
        with self._database.transaction():
            self._record(results)
            return self._claim(room)

    def _claim(self, room: Mapping[str, int]) -> list[Claimed]:
        now = stamp(self._clock.now())
        health = self._records.health()
        claimed: list[Claimed] = []
        for name, free in room.items():
            plugin, state = self.plugins.get(name), health.get(name)
            if plugin is None or state is None or not plugin.is_active or state.paused:
                continue
            if state.open_until and state.open_until > now:
                continue
            limit = min(free, 1) if state.trips else free
            claimed += self._outbox.claim(name, now=now, limit=limit, by=self._me) if limit > 0 else []
        return claimed

    def call(self, claimed: Claimed, database: Database) -> Result:
        """Call the one hook a delivery is for, on the caller's thread. Catches everything but KeyboardInterrupt."""
        plugin = self.plugins[claimed.plugin]
        hook = plugin.hook_for(claimed.event)
        try:
            if hook is not None:
                refuse_coroutine(hook(event=claimed.event, hub=self._lend(plugin, claimed, database)))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit() in a dependency must not end the worker
            return Result(claimed=claimed, error=error)
        return Result(claimed=claimed)

    def _record(self, results: Sequence[Result]) -> None:
        if not results:
            return
        now = self._clock.now()
        health = self._records.health()
        for result in results:
            name = result.claimed.plugin
            health[name] = self._finish(result, health[name], now)
        for name in {result.claimed.plugin for result in results}:
            self._records.save_health(health[name])

    def _finish(self, result: Result, health: Health, now: datetime) -> Health:
        claimed = result.claimed
        fields = {
            "delivery": claimed.id,
            "plugin": claimed.plugin,
            "attempt": claimed.attempt,
            "event": claimed.event.id,
        }
        if result.error is None:
            ending = Ending(state="delivered", outcome="delivered")
            is_kept = self._outbox.finish(claimed, ending, at=stamp(now))
            self._log.log(20 if is_kept else 30, "delivered" if is_kept else "claim lost", extra=fields)
            return _succeeded(health, now=now)
        settled, ending = self._settled(result, now)
        if not self._outbox.finish(claimed, ending, at=stamp(now)):
            self._log.warning("claim lost", extra=fields)
            return health
        self._log.warning(settled.outcome, extra={**fields, "error": ending.error, "due_at": ending.due_at})
        return _shaken(health, settled, error=ending.error or "", now=now)

    def _settled(self, result: Result, now: datetime) -> tuple[Settled, Ending]:
        claimed, error = result.claimed, result.error or Outcome()
        plugin = self.plugins[claimed.plugin]
        settled = settle(
            error,
            failures=claimed.failures,
            age=now - instant(claimed.first_attempt_at),
            give_up_after=plugin.settings.max_age or GIVE_UP_AFTER,
            random=self._random,
        )
        is_dead = settled.outcome == "dead"
        ending = Ending(
            state="dead" if is_dead else "pending",
            outcome=settled.outcome,
            holds=not is_dead or plugin.settings.on_dead == "block",
            due_at=None if settled.after is None else stamp(now + settled.after),
            failures=claimed.failures + settled.is_counted,
            unknown=claimed.unknown or settled.may_have_happened,
            forgive=settled.outcome == "needs login",
            error=plugin.redactor.clean(_words(error)),
            error_class=type(error).__name__,
        )
        return settled, ending

    def next_due(self, names: Iterable[str]) -> datetime | None:
        """When the next delivery of these plugins is due, as far as they are active and unpaused; else None."""
        health = self._records.health()
        soonest: list[str] = []
        for name in names:
            plugin, state = self.plugins[name], health.get(name)
            due = self._outbox.next_due(name) if plugin.is_active and state and not state.paused else None
            if due and state:
                soonest.append(max(due, state.open_until or due))
        return instant(min(soonest)) if soonest else None

    def prune(self) -> int:
        """Forget one batch of what is long over; how many rows went."""
        now = self._clock.now()
        with self._database.transaction():
            return self._records.expire_state(now=stamp(now)) + self._outbox.prune(
                delivered_before=stamp(now - KEEP_DELIVERED),
                dead_before=stamp(now - KEEP_DEAD),
                attempts_before=stamp(now - KEEP_ATTEMPTS),
            )


def refuse_coroutine(returned: object) -> None:
    """Raise TypeError for a hook that returned something to be awaited: nobody would."""
    if inspect.isawaitable(returned):
        close = getattr(returned, "close", None)
        if close is not None:
            close()
        raise TypeError("the hook returned a coroutine; hooks are plain functions")


def _words(error: BaseException) -> str:
    text = str(error).strip()
    if isinstance(error, Outcome) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _succeeded(health: Health, *, now: datetime) -> Health:
    return health.with_(failures=0, trips=0, open_until=None, last_success_at=stamp(now))


def _shaken(health: Health, settled: Settled, *, error: str, now: datetime) -> Health:
    health = health.with_(last_error=error, last_error_at=stamp(now))
    if settled.outcome == "needs login":
        return health.with_(paused=f"needs login: {error}"[:500], paused_at=stamp(now))
    if settled.pause is not None:
        return health.with_(open_until=stamp(now + settled.pause))
    return _failed(health, now=now) if settled.is_counted else health


def _failed(health: Health, *, now: datetime) -> Health:
    failures = health.failures + 1
    pause = breaker_pause(failures, health.trips)
    if pause is None:
        return health.with_(failures=failures)
    return health.with_(failures=failures, trips=health.trips + 1, open_until=stamp(now + pause))
