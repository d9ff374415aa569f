"""What a person decides about deliveries: send again, give up, end a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.errors import NotFound
from tm.service.wakes import wake
from tm.store.conflicts import Conflicts
from tm.store.ledger import Ledger
from tm.store.plugins import PluginRecords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tm.store.conflicts import OpenConflict
    from tm.store.protocol import Database


def dead_letters(database: Database, plugin: str) -> list[int]:
    """All dead letters of a plugin, oldest first."""
    return [each.id for each in Ledger(database).rows(plugin=plugin, states=("dead",), limit=-1, newest_first=False)]


def redeliver(database: Database, ids: Sequence[int], *, at: str) -> None:
    """Put dead letters back in line, all or none. Raises NotFound, Refused for one that is not dead."""
    ledger = Ledger(database)
    with database.transaction():
        for each in ids:
            ledger.redeliver(each, at=at)


def drop(database: Database, ids: Sequence[int], *, at: str) -> None:
    """Give deliveries up for good, all or none. Raises NotFound, Refused for one under way or over."""
    ledger = Ledger(database)
    with database.transaction():
        for each in ids:
            ledger.drop(each, at=at)


def decide(database: Database, conflict_id: int, *, keep: str, by: str, at: str) -> OpenConflict:
    """Say which side of a conflict counts, `ours` or `theirs`, and owe its plugin a look at the task.

    Raises NotFound, Refused for one that is settled.
    """
    with database.transaction():
        found = Conflicts(database).decide(conflict_id, keep=keep, by=by, at=at)
        wake(database, found.plugin, task_id=found.task_id, data={"hint": f"conflict {conflict_id}"}, at=at)
    return found


def resume(database: Database, name: str, *, at: str) -> str | None:
    """End a plugin's pause or open breaker at `at`; what it was, or None if there was nothing to end.

    Raises NotFound for a plugin no worker has seen yet.
    """
    with database.transaction():
        health = PluginRecords(database).health().get(name)
        if health is None:
            raise NotFound(f"No worker has seen a plugin {name[:60]!r} yet. See the names: tm plugins")
        Ledger(database).resume(name, at=at)
    if health.paused:
        return health.paused
    return f"paused until {health.open_until}" if health.open_until else None
