"""Looking at deliveries and steering them by hand: list, show, redeliver, drop, and the state of the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tm.errors import NotFound, Refused
from tm.store.outbox import Outbox
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tm.store.protocol import Database

_ROW = """
select d.id, d.plugin, event.type, event.id, event.task_id, d.state, d.attempt, d.failures, d.due_at, d.owed_since,
  d.unknown, d.error, d.error_class, d.ended_at, d.holds, json_extract(event.snapshot, '$.title'),
  (select min(id) from delivery h
   where d.state = 'pending' and h.plugin = d.plugin and h.line = d.line and h.event_seq < d.event_seq and h.holds = 1)
from delivery d join event on event.seq = d.event_seq"""
_WANTED = """
where (:plugin is null or d.plugin = :plugin)
  and (:states = '[]' or d.state in (select value from json_each(:states)))
order by case when :newest then -d.id else d.id end limit :limit"""
LIST = _ROW + _WANTED
GET = _ROW + " where d.id = ?"
ATTEMPTS = """
select attempt.attempt, attempt.started_at,
  coalesce(attempt.ended_at, case when d.state = 'delivered' then d.ended_at end),
  coalesce(attempt.outcome, case when d.state = 'delivered' then 'delivered' end), attempt.error, attempt.note
from attempt join delivery d on d.id = attempt.delivery_id
where attempt.delivery_id = ? order by attempt.generation"""
REDELIVER = """
update delivery set state = 'pending', holds = 1, due_at = ?1, failures = 0, reclaims = 0, first_attempt_at = null,
  generation = generation + 1, ended_at = null
where id = ?2 and state = 'dead'"""
DROP = """
update delivery set state = 'dropped', holds = 0, ended_at = ?1, generation = generation + 1
where id = ?2 and state in ('dead', 'pending')"""
RESUME = """
update plugin set paused = null, paused_at = null, failures = 0, trips = 0, open_until = null where name = ?"""
# the first condition is what the partial index of the deliveries asks for
AT_ONCE = """
update delivery set due_at = ?
where plugin = ? and state in ('pending', 'claimed') and state = 'pending' and due_at > ?"""
STATUS = """
select p.name, p.state, p.state_reason, p.paused, p.open_until, p.last_error, p.last_success_at,
  (select count(*) from delivery where plugin = p.name and state in ('pending', 'claimed')),
  (select min(owed_since) from delivery where plugin = p.name and state in ('pending', 'claimed')),
  (select count(*) from delivery where plugin = p.name and state = 'dead')
from plugin p order by p.name"""
# of what is due first (the first condition is the index's own), and of what died last
WHY_OWED = """
select error from delivery
where plugin = ? and state in ('pending', 'claimed') and state = 'pending' and error is not null
order by due_at limit 1"""
WHY_DEAD = "select error from delivery where plugin = ? and state = 'dead' order by ended_at desc, id desc limit 1"
UNFANNED = "select count(*), min(at) from event where fanned_out_at is null"


class Row(Value):
    """A delivery with what people ask of it. Instants are UTC stamps.

    `held_by` is the id of an earlier delivery of its line which goes first.
    """

    id: int
    plugin: str
    event_type: str
    event_id: str
    task_id: str | None
    state: str
    attempt: int
    failures: int
    due_at: str
    owed_since: str
    unknown: bool
    error: str | None
    error_class: str | None
    ended_at: str | None
    holds: bool
    title: str | None
    held_by: int | None


class Standing(Value):
    """How much a plugin is owed, since when, and what stands in the way."""

    plugin: str
    state: str
    state_reason: str | None
    paused: str | None
    open_until: str | None
    last_error: str | None
    last_success_at: str | None
    owed: int
    oldest: str | None
    dead: int


class AttemptRow(NamedTuple):
    """One try at a delivery; `note` is what the plugin said it did. Instants are UTC stamps."""

    attempt: int
    started_at: str
    ended_at: str | None
    outcome: str | None
    error: str | None
    note: str | None


_COLUMNS = (
    "id", "plugin", "event_type", "event_id", "task_id", "state", "attempt", "failures", "due_at", "owed_since",
    "unknown", "error", "error_class", "ended_at", "holds", "title", "held_by",
)  # fmt: skip
_STANDING = (
    "plugin", "state", "state_reason", "paused", "open_until", "last_error", "last_success_at", "owed", "oldest",
    "dead",
)  # fmt: skip


class Ledger:
    """The deliveries of a store, for people. Writes belong inside a transaction of the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, *, plugin: str | None, states: Sequence[str], limit: int, newest_first: bool = True) -> list[Row]:
        """Deliveries of a plugin (or all) in these states (or any)."""
        from tm.jsontext import dumps

        wanted = {
            "plugin": plugin,
            "states": dumps(list(states)),
            "limit": limit,
            "newest": int(newest_first),
        }
        return [_row(row) for row in self._database.execute(LIST, wanted)]

    def get(self, delivery_id: int) -> Row:
        """One delivery. Raises NotFound."""
        row = self._database.execute(GET, (delivery_id,)).fetchone()
        if row is None:
            raise NotFound(f"There is no delivery {delivery_id}. See the ids: tm delivery list")
        return _row(row)

    def why_owed(self, plugin: str) -> str | None:
        """How the last attempt ended at what is due first, of all that waits for another one."""
        return self._first(WHY_OWED, plugin)

    def why_dead(self, plugin: str) -> str | None:
        """What the plugin's last dead letter died of."""
        return self._first(WHY_DEAD, plugin)

    def _first(self, query: str, plugin: str) -> str | None:
        row = self._database.execute(query, (plugin,)).fetchone()
        return row[0] if row else None

    def attempts(self, delivery_id: int) -> list[AttemptRow]:
        """The attempts on record, in order."""
        return [AttemptRow(*row) for row in self._database.execute(ATTEMPTS, (delivery_id,))]

    def redeliver(self, delivery_id: int, *, at: str) -> None:
        """Put a dead letter back in line, due now. Raises Refused for one that is not dead."""
        row = self.get(delivery_id)
        if self._database.execute(REDELIVER, (at, delivery_id)).rowcount != 1:
            raise Refused(f"Delivery {delivery_id} is {row.state}; only a dead letter is redelivered.")

    def drop(self, delivery_id: int, *, at: str) -> None:
        """End a dead or pending delivery for good; its task goes on. Raises Refused for one under way or over."""
        row = self.get(delivery_id)
        if self._database.execute(DROP, (at, delivery_id)).rowcount != 1:
            raise Refused(f"Delivery {delivery_id} is {row.state}; only a dead or pending one can be dropped.")

    def resume(self, plugin: str, *, at: str) -> None:
        """Let a paused or resting plugin be called again; the age of what it is owed counts anew. Raises NotFound."""
        if self._database.execute(RESUME, (plugin,)).rowcount != 1:
            raise NotFound(f"No plugin {plugin!r} was ever delivered to. See the plugins: tm plugins")
        Outbox(self._database).forget_age(plugin)
        self._database.execute(AT_ONCE, (at, plugin, at))

    def standings(self) -> list[Standing]:
        """How each plugin ever seen stands."""
        rows = self._database.execute(STATUS)
        return [Standing(**dict(zip(_STANDING, row, strict=True))) for row in rows]

    def unfanned(self) -> tuple[int, str | None]:
        """How many events wait to be fanned out, and since when."""
        count, oldest = self._database.execute(UNFANNED).fetchone()
        return int(count), oldest


def _row(row: Any) -> Row:
    fields = dict(zip(_COLUMNS, row, strict=True))
    return Row(**{**fields, "unknown": bool(fields["unknown"]), "holds": bool(fields["holds"])})
