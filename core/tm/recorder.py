"""Writing down how calls ended, each on its own, so that one odd error spoils no other plugin's books."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tm.clock import instant, stamp
from tm.errors import Outcome, OutcomeUnknown
from tm.retry import Settled, failed, settle, shaken, stale_claim, succeeded
from tm.store.outbox import Claimed, Ending, Orphan, Outbox
from tm.store.plugins import Health, PluginRecords
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tm.config.plugin import PluginSettings
    from tm.plugins import Plugin
    from tm.store.protocol import Database

    Told = tuple[int, str, dict[str, Any]]


class Result(Value):
    """How one call ended: `error` is what the hook raised, None when it returned; `remarks` what it said it did."""

    claimed: Claimed
    error: BaseException | None = None
    remarks: tuple[str, ...] = ()


class Recorder:
    """Keeps the books of deliveries and of the plugins' health, inside the caller's transaction.

    Nothing a plugin raises, however odd, gets past it.
    """

    def __init__(
        self,
        database: Database,
        *,
        plugins: Mapping[str, Plugin],
        random: Callable[[], float],
    ) -> None:
        self._plugins = plugins
        self._random = random
        self._outbox = Outbox(database)
        self._records = PluginRecords(database)

    def record(self, results: Sequence[Result], health: dict[str, Health], *, now: datetime) -> list[Told]:
        """Write down how calls ended and keep `health` up to date; what to log once that is committed."""
        at = stamp(now)
        before = dict(health)
        lost = self._outbox.finish_delivered([each.claimed for each in results if each.error is None], at=at)
        told = []
        for result in results:
            claimed = result.claimed
            if result.remarks:
                self._outbox.note(claimed, self._plugins[claimed.plugin].redactor.clean(" · ".join(result.remarks)))
            if result.error is not None:
                told.append(self._record_failure(claimed, result.error, health=health, now=now))
            elif claimed.id in lost:
                told.append(_lost(claimed))
            else:
                health[claimed.plugin] = succeeded(health[claimed.plugin], at=at)
                told.append((logging.INFO, "delivered", _fields(claimed)))
        for name in {result.claimed.plugin for result in results}:
            if health[name] is not before[name]:
                self._records.save_health(health[name])
        return told

    def _record_failure(
        self, claimed: Claimed, error: BaseException, *, health: dict[str, Health], now: datetime
    ) -> Told:
        settled, ending = self._judged(claimed, error, now)
        if not self._outbox.finish(claimed, ending, at=stamp(now)):
            return _lost(claimed)
        was = health[claimed.plugin]
        shook = shaken(was, settled, error=ending.error or "", now=now, is_probe=claimed.is_probe)
        if (shook.paused or shook.open_until) and not (was.paused or was.open_until):
            shook = shook.with_(settings_mark=self._plugins[claimed.plugin].settings_mark())
        health[claimed.plugin] = shook
        fields = {**_fields(claimed), "error": ending.error, "due_at": ending.due_at}
        return logging.INFO if settled.outcome == "later" else logging.WARNING, settled.outcome, fields

    def _judged(self, claimed: Claimed, error: BaseException, now: datetime) -> tuple[Settled, Ending]:
        """What an error means; one that cannot even be looked at is a surprise like any other."""
        try:
            return self._settled(claimed, error, now)
        except BaseException as odd:  # a plugin's exception may do anything when it is asked something
            return self._settled(claimed, OutcomeUnknown(_odd_words(error, odd)), now)

    def _settled(self, claimed: Claimed, error: BaseException, now: datetime) -> tuple[Settled, Ending]:
        plugin = self._plugins[claimed.plugin]
        settings = plugin.base
        settled = settle(
            error,
            failures=claimed.failures,
            age=now - instant(claimed.first_attempt_at),
            give_up_after=settings.max_age,
            random=self._random,
        )
        ending = _ending(settled, failures=claimed.failures, settings=settings, now=now)
        return settled, ending.with_(
            unknown=claimed.unknown or settled.may_have_happened,
            forgive=settled.outcome == "needs login",
            error=plugin.redactor.clean(_words(error)),
            error_class=plugin.redactor.clean(class_name(error)),
        )

    def reclaim(self, orphans: Sequence[Orphan], *, now: datetime) -> None:
        """Put back in line what a dead worker had claimed."""
        health = self._records.health()
        for orphan in orphans:
            if self._reclaim(orphan, now).is_counted:
                health[orphan.plugin] = failed(health[orphan.plugin], now=now, is_probe=True)
                self._records.save_health(health[orphan.plugin])

    def _reclaim(self, orphan: Orphan, now: datetime) -> Settled:
        known = self._plugins.get(orphan.plugin)
        settings = known.base if known and known.is_active else None
        settled = stale_claim(
            orphan.reclaims,
            failures=orphan.failures,
            age=now - instant(orphan.first_attempt_at),
            give_up_after=settings.max_age if settings else None,
            random=self._random,
        )
        ending = _ending(settled, failures=orphan.failures, settings=settings, now=now)
        self._outbox.reclaim(orphan, ending, at=stamp(now))
        return settled


def _fields(claimed: Claimed) -> dict[str, Any]:
    return {
        "delivery": claimed.id,
        "plugin": claimed.plugin,
        "attempt": claimed.attempt,
        "event": claimed.event.id,
    }


def _lost(claimed: Claimed) -> Told:
    return logging.WARNING, "claim lost", _fields(claimed)


def _ending(settled: Settled, *, failures: int, settings: PluginSettings | None, now: datetime) -> Ending:
    is_dead = settled.outcome == "dead"
    return Ending(
        state="dead" if is_dead else "pending",
        outcome=settled.outcome,
        holds=not is_dead or settings is None or settings.on_dead == "block",
        due_at=None if settled.after is None else stamp(now + settled.after),
        failures=failures + settled.is_counted,
    )


def words_of(error: BaseException) -> str:
    """An error in words, whatever it does when asked for them."""
    try:
        return _words(error)
    except BaseException as odd:  # a plugin's exception may do anything when it is asked something
        return _odd_words(error, odd)


def class_name(error: BaseException) -> str:
    """The name of an error's class, whatever that class says its name is."""
    return str(type.__dict__["__name__"].__get__(type(error)))


def _odd_words(error: BaseException, odd: BaseException) -> str:
    return f"{class_name(error)} was raised, and looking at it raised {class_name(odd)}."


def _words(error: BaseException) -> str:
    text = str.__getitem__(str(error), slice(None)).strip()  # a plain one, should it be of a class of its own
    if isinstance(error, Outcome) and text:
        return text
    where = _where(error)
    return f"{class_name(error)}: {text}{where}" if text else f"{class_name(error)}{where}"


def _where(error: BaseException) -> str:
    """The line of the plugin that raised, for its author."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"
