"""The outbox: events not yet fanned out, and the deliveries made of them, with every change of their state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.jsontext import dumps
from tm.store.events import event_of
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from tm.events import Event
    from tm.store.protocol import Database

DIED = "the worker died during the call"
# `state in ('pending', 'claimed')` beside a narrower condition is what the partial index of the deliveries asks for
UNFANNED = """
select seq, id, type, task_id, revision, origin, actor, caused_by, at, changes, data, snapshot, owed_to
from event where fanned_out_at is null order by seq limit ?"""
HAS_UNFANNED = "select 1 from event where fanned_out_at is null limit 1"
MARK_FANNED = "update event set fanned_out_at = ? where seq = ?"
OWE = """
insert into delivery (event_seq, plugin, line, judged, due_at, owed_since) values (?, ?, ?, ?, ?, ?)
on conflict (event_seq, plugin) do nothing"""
FORGET_DROPPED = "delete from delivery where plugin = ? and event_seq = ? and state = 'dropped'"
IS_WOKEN = """
select 1 from delivery join event on event.seq = delivery.event_seq
where delivery.plugin = ? and delivery.line = ? and delivery.holds = 1 and delivery.state = 'pending'
  and event.type = 'sync.requested' limit 1"""
UNJUDGED = """
select delivery.id, event.seq, event.id, event.type, event.task_id, event.revision, event.origin, event.actor,
  event.caused_by, event.at, event.changes, event.data, event.snapshot
from delivery join event on event.seq = delivery.event_seq
where delivery.plugin = ? and delivery.state in ('pending', 'claimed') and delivery.state = 'pending'
  and delivery.judged = 0 order by delivery.event_seq limit ?"""
JUDGE = "update delivery set judged = 1 where id = ?"
NOT_WANTED = """
update delivery set judged = 1, state = 'dropped', holds = 0, ended_at = ?, error = 'not wanted by the plugin'
where id = ?"""
DUE = """
select d.id, d.line, d.generation + 1, d.attempt + 1, coalesce(d.first_attempt_at, :now), d.unknown, d.failures,
  e.seq, e.id, e.type, e.task_id, e.revision, e.origin, e.actor, e.caused_by, e.at, e.changes, e.data, e.snapshot
from delivery d cross join event e on e.seq = d.event_seq
where d.plugin = :plugin and d.state in ('pending', 'claimed') and d.state = 'pending' and d.judged = 1
  and d.due_at <= :now and (not :only_suspect or d.reclaims > 0)
  and not exists (
    select 1 from delivery h
    where h.plugin = d.plugin and h.line = d.line and h.event_seq < d.event_seq and h.holds = 1)
order by d.due_at, d.event_seq limit :n"""
CLAIM = """
update delivery set state = 'claimed', generation = generation + 1, attempt = attempt + 1, claimed_by = ?,
  first_attempt_at = coalesce(first_attempt_at, ?)
where id in (select value from json_each(?))"""
LOG_ATTEMPTS = """
insert into attempt (delivery_id, generation, attempt, started_at)
select id, generation, attempt, ? from delivery where id in (select value from json_each(?))"""
FINISH_DELIVERED = """
update delivery set state = 'delivered', holds = 0, failures = 0, unknown = 0, error = null, error_class = null,
  ended_at = ?, claimed_by = null
from (select value ->> 0 as id, value ->> 1 as generation from json_each(?)) as ended
where delivery.id = ended.id and delivery.generation = ended.generation and delivery.state = 'claimed'
returning delivery.id"""
END_ATTEMPT = """
update attempt set ended_at = ?, outcome = ?, error = ? where delivery_id = ? and generation = ?"""
NOTE = "update attempt set note = ? where delivery_id = ? and generation = ?"
FINISH = """
update delivery set state = :state, holds = :holds, due_at = coalesce(:due_at, due_at), failures = :failures,
  first_attempt_at = case when :forgive then null else first_attempt_at end,
  attempt = attempt - :forgive, unknown = :unknown, error = :error, error_class = :error_class, ended_at = :ended_at,
  claimed_by = null
where id = :id and generation = :generation and state = 'claimed'"""
ORPHANS = """
select id, plugin, generation, failures, reclaims, first_attempt_at from delivery
where plugin in (select name from plugin) and state in ('pending', 'claimed') and state = 'claimed'"""
RECLAIM = """
update delivery set state = :state, holds = :holds, unknown = 1, generation = generation + 1, reclaims = reclaims + 1,
  failures = :failures, due_at = coalesce(:due_at, due_at), claimed_by = null, ended_at = :ended_at,
  error = :error, error_class = 'reclaimed'
where id = :id and generation = :generation and state = 'claimed'"""
WAITING = """
select d.id, d.due_at, coalesce((select max(ended_at) from attempt where delivery_id = d.id), d.owed_since)
from delivery d
where d.plugin = ? and d.state in ('pending', 'claimed') and d.state = 'pending' and d.due_at > ?"""
SET_DUE = "update delivery set due_at = ? where id = ?"
FORGET_AGE = """
update delivery set first_attempt_at = null
where plugin = ? and state in ('pending', 'claimed') and state = 'pending'"""
NEXT_DUE = """
select d.due_at from delivery d
where d.plugin = :plugin and d.state in ('pending', 'claimed') and d.state = 'pending' and d.judged = 1
  and not exists (
    select 1 from delivery h
    where h.plugin = d.plugin and h.line = d.line and h.event_seq < d.event_seq and h.holds = 1)
order by d.due_at limit 1"""
OF_EVENTS = """
select delivery.plugin, delivery.state, delivery.error, delivery.id, delivery.event_seq,
  (select note from attempt where delivery_id = delivery.id order by generation desc limit 1)
from delivery where delivery.event_seq between ? and ? order by delivery.event_seq, delivery.plugin"""
UNFANNED_BETWEEN = "select count(*) from event where seq between ? and ? and fanned_out_at is null"
PRUNE_DELIVERIES = """
delete from delivery where id in (
  select id from delivery where state in ('delivered', 'dead', 'dropped') and holds = 0
    and ((state in ('delivered', 'dropped') and ended_at < ?1) or (state = 'dead' and ended_at < ?2))
  order by id limit ?3)"""
PRUNE_THEIR_ATTEMPTS = """
delete from attempt where delivery_id in (
  select id from delivery where state in ('delivered', 'dead', 'dropped') and holds = 0
    and ((state in ('delivered', 'dropped') and ended_at < ?1) or (state = 'dead' and ended_at < ?2))
  order by id limit ?3)"""
PRUNE_WAKES = """
delete from event where seq in (
  select seq from event where private_to is not null
    and not exists (select 1 from delivery where delivery.event_seq = event.seq) limit ?)"""
PRUNE_ATTEMPTS = """
delete from attempt where (delivery_id, generation) in (
  select attempt.delivery_id, attempt.generation
  from delivery cross join attempt on attempt.delivery_id = delivery.id
  where delivery.state in ('delivered', 'dead', 'dropped') and delivery.ended_at < ? limit ?)"""


class Owed(Value):
    """An event waiting to be fanned out, and the names its command wrote beside it."""

    event: Event
    owed_to: tuple[str, ...]


class Claimed(Value):
    """A delivery claimed for one call. Instants are UTC stamps; `attempt` counts from 1.

    `is_probe` marks the one call that a plugin at rest after many failures is let make.
    """

    id: int
    event: Event
    plugin: str
    line: str
    generation: int
    attempt: int
    first_attempt_at: str
    failures: int
    unknown: bool
    is_probe: bool = False


class Ending(Value):
    """What becomes of a claimed delivery.

    `forgive` takes the attempt back as if it had not been made. `due_at` None leaves the time as it was.
    """

    state: str
    outcome: str
    holds: bool = False
    due_at: str | None = None
    failures: int = 0
    unknown: bool = False
    forgive: bool = False
    error: str | None = None
    error_class: str | None = None


class Orphan(Value):
    """A delivery whose worker died while it was claimed."""

    id: int
    plugin: str
    generation: int
    failures: int
    reclaims: int
    first_attempt_at: str


class Outbox:
    """The deliveries of a store. Every method that changes something belongs inside a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unfanned(self, limit: int) -> list[Owed]:
        """The oldest events not yet fanned out, in order."""
        rows = self._database.execute(UNFANNED, (limit,)).fetchall()
        return [Owed(event=event_of(row[:-1]), owed_to=tuple(filter(None, row[-1].split(",")))) for row in rows]

    def has_unfanned(self) -> bool:
        """Whether any event waits to be fanned out."""
        return self._database.execute(HAS_UNFANNED).fetchone() is not None

    def mark_fanned(self, seqs: Iterable[int], *, at: str) -> None:
        """Take events out of the outbox: all their deliveries exist."""
        self._database.executemany(MARK_FANNED, [(at, seq) for seq in seqs])

    def owe_all(self, owed: Sequence[tuple[str, int, str, bool]], *, at: str) -> None:
        """Make deliveries, each out of plugin, event seq, line and whether it is judged, unless they are there."""
        rows = [(seq, plugin, line, int(judged), at, at) for plugin, seq, line, judged in owed]
        self._database.executemany(OWE, rows)

    def owe(self, plugin: str, *, event_seq: int, line: str, at: str, judged: bool) -> bool:
        """Make the one delivery of an event to a plugin; False if it is there already."""
        return self._database.execute(OWE, (event_seq, plugin, line, int(judged), at, at)).rowcount == 1

    def forget_dropped(self, plugin: str, *, event_seq: int) -> None:
        """Make room for a delivery that had been dropped."""
        self._database.execute(FORGET_DROPPED, (plugin, event_seq))

    def is_woken(self, plugin: str, *, line: str) -> bool:
        """Whether a wake of this line waits to be looked at."""
        return self._database.execute(IS_WOKEN, (plugin, line)).fetchone() is not None

    def unjudged(self, plugin: str, limit: int) -> list[tuple[int, Event]]:
        """Deliveries made while the plugin could not say whether it wants them."""
        rows = self._database.execute(UNJUDGED, (plugin, limit)).fetchall()
        return [(row[0], event_of(row[1:])) for row in rows]

    def judge(self, delivery_id: int, *, is_wanted: bool, at: str) -> None:
        """Record whether the plugin wants such a delivery; an unwanted one is dropped."""
        if is_wanted:
            self._database.execute(JUDGE, (delivery_id,))
        else:
            self._database.execute(NOT_WANTED, (at, delivery_id))

    def claim(self, plugin: str, *, now: str, limit: int, by: str, only_suspect: bool = False) -> list[Claimed]:
        """Claim what is due for a plugin, at most one delivery per line, and log the attempts.

        With `only_suspect` only what a worker died with counts.
        """
        wanted = {"plugin": plugin, "now": now, "n": limit, "only_suspect": int(only_suspect)}
        rows = self._database.execute(DUE, wanted).fetchall()
        claims = [_claimed(row, plugin) for row in rows]
        if claims:
            ids = dumps([each.id for each in claims])
            self._database.execute(CLAIM, (by, now, ids))
            self._database.execute(LOG_ATTEMPTS, (now, ids))
        return claims

    def finish(self, claimed: Claimed, ending: Ending, *, at: str) -> bool:
        """Record how a call that did not deliver ended. False, changing nothing, if the claim was lost meanwhile."""
        done = self._database.execute(
            FINISH,
            {
                "id": claimed.id,
                "generation": claimed.generation,
                "state": ending.state,
                "holds": int(ending.holds),
                "due_at": ending.due_at,
                "failures": ending.failures,
                "unknown": int(ending.unknown),
                "forgive": int(ending.forgive),
                "error": ending.error,
                "error_class": ending.error_class,
                "ended_at": None if ending.state == "pending" else at,
            },
        )
        if done.rowcount != 1:
            return False
        log = (at, ending.outcome, ending.error, claimed.id, claimed.generation)
        self._database.execute(END_ATTEMPT, log)
        return True

    def finish_delivered(self, claims: Sequence[Claimed], *, at: str) -> set[int]:
        """Record that these calls delivered; the ids of those whose claim was lost meanwhile, left as they are.

        The attempt that delivered ends when its delivery does: it is not written down twice.
        """
        if not claims:
            return set()
        ended = dumps([(each.id, each.generation) for each in claims])
        kept = {row[0] for row in self._database.execute(FINISH_DELIVERED, (at, ended)).fetchall()}
        return {each.id for each in claims} - kept

    def note(self, claimed: Claimed, text: str) -> None:
        """Keep with an attempt what the plugin says it did."""
        self._database.execute(NOTE, (text, claimed.id, claimed.generation))

    def orphans(self) -> list[Orphan]:
        """Deliveries still claimed although no worker is alive."""
        names = ("id", "plugin", "generation", "failures", "reclaims", "first_attempt_at")
        return [Orphan(**dict(zip(names, row, strict=True))) for row in self._database.execute(ORPHANS)]

    def reclaim(self, orphan: Orphan, ending: Ending, *, at: str) -> None:
        """Put an orphan back in line, or bury it; what it was about to do may have happened.

        Changes nothing if the claim ended meanwhile.
        """
        done = self._database.execute(
            RECLAIM,
            {
                "id": orphan.id,
                "generation": orphan.generation,
                "state": ending.state,
                "holds": int(ending.holds),
                "due_at": ending.due_at,
                "failures": ending.failures,
                "error": DIED,
                "ended_at": None if ending.state == "pending" else at,
            },
        )
        if done.rowcount == 1:
            log = (at, "reclaimed", DIED, orphan.id, orphan.generation)
            self._database.execute(END_ATTEMPT, log)

    def waiting(self, plugin: str, *, now: str) -> list[tuple[int, str, str]]:
        """The plugin's deliveries that are not due yet: id, due time, and when that wait began."""
        return self._database.execute(WAITING, (plugin, now)).fetchall()

    def set_due(self, delivery_id: int, *, due_at: str) -> None:
        """Move a pending delivery's due time."""
        self._database.execute(SET_DUE, (due_at, delivery_id))

    def forget_age(self, plugin: str) -> None:
        """Count the age of the plugin's pending deliveries anew: it could not be called, and that is not theirs."""
        self._database.execute(FORGET_AGE, (plugin,))

    def next_due(self, plugin: str) -> str | None:
        """When the plugin's next delivery that nothing holds back is due, or None."""
        row = self._database.execute(NEXT_DUE, {"plugin": plugin}).fetchone()
        return row[0] if row else None

    def of_events(self, first: int, last: int) -> list[tuple[str, str, str | None, int, int, str | None]]:
        """Plugin, state, error, delivery id, event seq and what was done last, of the deliveries of a run of events."""
        return self._database.execute(OF_EVENTS, (first, last)).fetchall()

    def unfanned_between(self, first: int, last: int) -> int:
        """How many events of a run still wait to be fanned out."""
        return int(self._database.execute(UNFANNED_BETWEEN, (first, last)).fetchone()[0])

    def prune(self, *, delivered_before: str, dead_before: str, attempts_before: str, limit: int = 500) -> int:
        """Forget one batch of old attempts, of old deliveries with theirs, and of wakes that were answered.

        Returns how many rows went. What is still owed keeps its attempts.
        """
        old = (delivered_before, dead_before, limit)
        count = self._database.execute(PRUNE_ATTEMPTS, (attempts_before, limit)).rowcount
        count += self._database.execute(PRUNE_THEIR_ATTEMPTS, old).rowcount
        count += self._database.execute(PRUNE_DELIVERIES, old).rowcount
        return count + self._database.execute(PRUNE_WAKES, (limit,)).rowcount


def _claimed(row: Any, plugin: str) -> Claimed:
    delivery_id, line, generation, attempt, first_attempt_at, unknown, failures, *event = row
    return Claimed(
        id=delivery_id,
        event=event_of(event),
        plugin=plugin,
        line=line,
        generation=generation,
        attempt=attempt,
        first_attempt_at=first_attempt_at,
        failures=failures,
        unknown=bool(unknown),
    )
