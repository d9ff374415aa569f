"""One pass over the outbox: claim what was fanned out, call, record. Never changes a task."""

from __future__ import annotations

import inspect
from datetime import timedelta
from random import random as default_random
from typing import TYPE_CHECKING, Any

from tm.clock import instant, stamp
from tm.fanout import FanOut
from tm.recorder import Recorder, Result
from tm.retry import breaker_pause, clamp, rested, resting
from tm.store.outbox import Claimed, Outbox
from tm.store.plugins import Health, PluginRecords

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence
    from datetime import datetime

    from tm.clock import Clock
    from tm.plugins import Plugin
    from tm.store.protocol import Database

KEEP_DELIVERED, KEEP_DEAD, KEEP_ATTEMPTS = timedelta(days=14), timedelta(days=90), timedelta(days=7)


class Dispatcher:
    """What a worker does, as single steps; it owns no thread and no loop. `fan` is the first half of it.

    `plugins` are the ones enabled here by name, whatever their state. `lend` makes the hub for a call:
    `lend(plugin, claimed, database)`. `me` names this process in the claims. Only the holder of the worker
    lock may use a dispatcher.
    """

    def __init__(  # noqa: PLR0913 - composed here, named by keyword
        self,
        database: Database,
        clock: Clock,
        *,
        plugins: Mapping[str, Plugin],
        lend: Callable[..., Any],
        log: logging.Logger,
        me: str,
        random: Callable[[], float] = default_random,  # noqa: S311 - jitter
    ) -> None:
        self._database = database
        self._clock = clock
        self.plugins = plugins
        self._lend = lend
        self._log = log
        self._me = me
        self._outbox = Outbox(database)
        self._records = PluginRecords(database)
        self._recorder = Recorder(database, plugins=plugins, random=random)
        self.fan = FanOut(database, clock, plugins=plugins, log=log)
        self._last_look: datetime | None = None

    def note_states(self) -> None:
        """Write down each plugin's state, for those who ask without loading it; log what changed.

        A plugin that is active again, or paused and settled otherwise by now, goes on as if it had never rested.
        """
        health = self._records.health()
        noted = {name: _noted(health[name], plugin) for name, plugin in self.plugins.items() if name in health}
        changed = [each for name, each in noted.items() if each != health[name]]
        if not changed:
            return
        with self._database.transaction():
            for each in changed:
                self._records.save_health(each)
                if each.state == "active" and not each.paused:
                    self._outbox.forget_age(each.name)
                if (each.state, each.state_reason) != (health[each.name].state, health[each.name].state_reason):
                    level = self._log.info if each.state == "active" else self._log.warning
                    level(
                        "plugin state",
                        extra={"plugin": each.name, "state": each.state, "reason": each.state_reason},
                    )

    def reclaim(self, *, except_for: Container[int] = ()) -> int:
        """Put back what a dead worker had claimed; how many there were. `except_for` are deliveries still out."""
        orphans = [each for each in self._outbox.orphans() if each.id not in except_for]
        if not orphans:
            return 0
        with self._database.transaction():
            self._recorder.reclaim(orphans, now=self._clock.now())
        self._log.warning("reclaimed", extra={"deliveries": len(orphans)})
        return len(orphans)

    def mind_clock(self) -> bool:
        """Whether the clock was set back since the last look (the first look says so too).

        Then no wait lasts longer than it was meant to. Costs nothing otherwise: a worker asks every round.
        """
        now, last = self._clock.now(), self._last_look
        self._last_look = now
        if last is not None and now >= last:
            return False
        with self._database.transaction():
            for name, health in self._records.health().items():
                self._set_right(name, now)
                if health.open_until and health.open_until > stamp(now):
                    until = _clamped(health.open_until, since=health.last_error_at or health.since_at, now=now)
                    self._records.save_health(health.with_(open_until=until))
        return True

    def _set_right(self, name: str, now: datetime) -> None:
        for delivery_id, due_at, since in self._outbox.waiting(name, now=stamp(now)):
            right = _clamped(due_at, since=since, now=now)
            if right < due_at:
                self._outbox.set_due(delivery_id, due_at=right)

    def turn(self, results: Sequence[Result], room: Mapping[str, int], *, only_suspect: bool = False) -> list[Claimed]:
        """Record how calls ended and claim the next ones, in one commit.

        `room` says how many more calls each plugin may have in flight; with `only_suspect` one delivery is claimed
        at most, of those with which a worker died before.
        """
        if not results and not any(room.values()):
            return []
        self.mind_clock()
        with self._database.transaction():
            health = self._records.health()
            told = self._recorder.record(results, health, now=self._clock.now())
            claimed = self._claim(room, health, only_suspect=only_suspect)
        for level, message, fields in told:
            self._log.log(level, message, extra=fields)
        return claimed

    def _claim(self, room: Mapping[str, int], health: Mapping[str, Health], *, only_suspect: bool) -> list[Claimed]:
        now = stamp(self._clock.now())
        claimed: list[Claimed] = []
        for name, free in room.items():
            plugin, state = self.plugins.get(name), health.get(name)
            if plugin is None or state is None or not plugin.is_active or state.paused:
                continue
            if state.open_until and state.open_until > now:
                continue
            limit = min(free, 1) if state.trips or only_suspect else free
            due = (
                self._outbox.claim(name, now=now, limit=limit, by=self._me, only_suspect=only_suspect)
                if limit > 0
                else []
            )
            claimed += self._probing(state, due) if state.trips else due
            if only_suspect and claimed:
                break
        return claimed

    def _probing(self, health: Health, due: list[Claimed]) -> list[Claimed]:
        """One probe at a time: the plugin rests again until the call has ended, or hung for too long."""
        pause = breaker_pause(health.failures, health.trips)
        if due and pause:
            self._records.save_health(resting(health, pause, now=self._clock.now()))
        return [each.with_(is_probe=True) for each in due]

    def call(self, claimed: Claimed, database: Database) -> Result:
        """Call the one hook a delivery is for, on the caller's thread. Catches everything but KeyboardInterrupt."""
        plugin = self.plugins[claimed.plugin]
        hook = plugin.hook_for(claimed.event)
        remarks: list[str] = []
        error: BaseException | None = None
        try:
            if hook is not None:
                hub = self._lend(plugin, claimed, database)
                remarks = hub.remarks
                refuse_coroutine(hook(event=claimed.event, hub=hub))
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # sys.exit() in a dependency must not end the worker
            error = raised
        return Result(claimed=claimed, error=error, remarks=tuple(map(str, remarks)))

    def next_due(self, names: Iterable[str]) -> datetime | None:
        """When the next delivery of these plugins is due, as far as they are active and unpaused; else None."""
        self.mind_clock()
        wanted = list(names)
        health = self._records.health() if wanted else {}
        soonest: list[str] = []
        for name in wanted:
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
    """Raise TypeError for a hook that returned something to be awaited or iterated: nobody would."""
    if inspect.isawaitable(returned) or inspect.isgenerator(returned) or inspect.isasyncgen(returned):
        close = getattr(returned, "close", None)
        if close is not None:
            close()
        raise TypeError("the hook returned a coroutine or generator; hooks are plain functions")


def _clamped(until: str, *, since: str, now: datetime) -> str:
    return stamp(clamp(instant(until), since=instant(since), now=now))


def _noted(health: Health, plugin: Plugin) -> Health:
    was_active = health.state == "active"
    health = health.with_(state=plugin.state, state_reason=plugin.reason or None)
    if not plugin.is_active:
        return health
    is_resting = health.paused or health.open_until
    is_mended = is_resting and plugin.settings_mark() != health.settings_mark
    return rested(health) if is_mended or not was_active else health
