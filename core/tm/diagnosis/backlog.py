"""What is owed and whether anybody is at it: the worker, the outbox, pauses, overdue pulls."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tm.clock import stamp
from tm.handover import is_worker_free, mode
from tm.hub import Finding
from tm.store.ledger import Ledger
from tm.store.plugins import PluginRecords
from tm.workerlock import WorkerLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tm.app import Session
    from tm.plugins import Plugin
    from tm.store.ledger import Standing
    from tm.store.plugins import Health
    from tm.store.protocol import Database

LATE = timedelta(hours=1)


def worker_finding(session: Session) -> Finding:
    """Whether a worker is alive, and whether one is needed."""
    lock = WorkerLock(session.path)
    if trouble := lock.trouble():
        advice = f"Check its owner and permissions: ls -l {session.path}.worker"
        return Finding(level="error", message=f"{trouble} Nothing can be delivered.", advice=advice)
    if not is_worker_free(session.path):
        pid, kind = lock.holder()
        return Finding(level="ok", message=f"A {kind or 'worker'} is alive{f' (process {pid})' if pid else ''}.")
    how = mode(session.core.delivery, session.environ)
    if how != "worker" or not session.core.plugins:
        return Finding(level="ok", message=f"No worker is alive; none is needed now (delivery is {how}).")
    is_owed = any(each.owed for each in Ledger(session.database).standings())
    return Finding(
        level="error" if is_owed or Ledger(session.database).unfanned()[0] else "warning",
        message="Delivery is left to a worker, and none is alive.",
        advice="Start one: tm worker (a systemd unit is in examples/tm-worker.service)",
    )


def outbox_findings(session: Session, *, only: str | None = None) -> Iterator[tuple[str, Finding]]:
    """What each plugin is owed, for how long, and its dead letters; one good word if there is nothing."""
    ledger, late = Ledger(session.database), stamp(session.clock.now() - LATE)
    standings = [each for each in ledger.standings() if only in (None, each.plugin)]
    waiting, oldest = ledger.unfanned() if session.core.plugins else (0, None)
    if waiting and oldest and oldest < late and only is None:
        message = f"{waiting} events are yet to be handed to the plugins, since {oldest}."
        yield "outbox", Finding(level="warning", message=message, advice="Deliver them: tm deliver")
    for each in standings:
        for finding in _owed(each, ledger, late=late, is_enabled=each.plugin in session.core.plugins):
            yield each.plugin, finding
    total = sum(each.owed for each in standings)
    yield (
        "outbox",
        Finding(
            level="ok", message=f"{total} deliveries are owed; {waiting} events are yet to be handed to the plugins."
        ),
    )


def _owed(standing: Standing, ledger: Ledger, *, late: str, is_enabled: bool) -> Iterator[Finding]:
    name = standing.plugin
    if standing.owed and not is_enabled:
        message = f"{standing.owed} deliveries are owed to {name}, which is not enabled."
        advice = f"Enable it: [plugins.{name}], or give them up: tm delivery drop --plugin {name}"
        yield Finding(level="warning", message=message, advice=advice)
    elif standing.owed and standing.oldest and ((why := ledger.why_owed(name)) or standing.oldest < late):
        error = f" The last attempt: {why}" if why else ""
        message = f"{standing.owed} deliveries are owed, the oldest since {standing.oldest}.{error}"
        advice = f"See why: tm delivery list --owed --plugin {name}"
        yield Finding(level="warning", message=message, advice=advice)
    if standing.dead:
        message = f"{standing.dead} dead letters; the last one's reason: {ledger.why_dead(name) or 'unknown'}"
        advice = f"Look: tm delivery list --dead --plugin {name}; then redeliver or drop them."
        yield Finding(level="warning", message=message, advice=advice)


def pause_finding(health: Health, *, now: str) -> Finding | None:
    """Why a plugin is not called at the moment, or None if nothing holds it."""
    advice = f"Once mended: tm plugins resume {health.name}"
    if health.paused:
        return Finding(level="error", message=f"paused: {health.paused}", advice=advice)
    if health.open_until and health.open_until > now:
        message = f"paused until {health.open_until}: {health.last_error or 'it failed several times'}"
        return Finding(level="warning", message=message, advice=advice)
    return None


def pull_finding(plugin: Plugin, database: Database, *, now: datetime) -> Finding | None:
    """Whether a plugin that looks outside does so in time; None if it does not pull at all, or is in time."""
    if "pull" not in plugin.hooks:
        return None
    pulled_at, next_at, error = PluginRecords(database).pulls().get(plugin.name, (None, "", None))
    if error:
        return Finding(level="warning", message=f"The last pull failed: {error}", advice="It is tried again.")
    if next_at < stamp(now - plugin.base.interval):
        message = f"Its pull is overdue (last: {pulled_at or 'never'})."
        return Finding(level="warning", message=message, advice="Pulls run in a worker only: tm worker")
    return None
