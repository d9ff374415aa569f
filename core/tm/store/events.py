"""Events: recording them in the change's transaction, reading the history back."""

from __future__ import annotations

from tm.events import Event, Snapshot
from tm.jsontext import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from tm.store.protocol import Database

RECORD = """
insert into event (id, type, task_id, revision, origin, actor, caused_by, at, changes, data, snapshot, owed_to,
  private_to, fanned_out_at)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
GET = """
select seq, id, type, task_id, revision, origin, actor, caused_by, at, changes, data, snapshot
from event where seq = ?"""
FIND = """
select seq, id, type, task_id, revision, origin, actor, caused_by, at, changes, data, snapshot
from event where id = ?"""
AFTER = """
select seq, id, type, task_id, revision, origin, actor, caused_by, at, changes, data, snapshot
from event where seq > ? and private_to is null order by seq limit ?"""
OF_TASK = """
select seq, id, type, task_id, revision, origin, actor, caused_by, at, changes, data, snapshot
from event where task_id = ? and private_to is null order by seq"""
SINCE = """
select seq, id, type, task_id, revision, origin, actor, caused_by, at, changes, data, snapshot
from event where at >= ? and private_to is null order by seq"""
NEVER_OWED = """
select seq, id, type, task_id, revision, origin, actor, caused_by, at, changes, data, snapshot
from event
where at >= ?1 and private_to is null and origin <> ?2
  and not exists (
    select 1 from delivery d where d.event_seq = event.seq and d.plugin = ?2 and d.state <> 'dropped')
order by seq"""
LATEST = "select coalesce(max(seq), 0) from event"


class Events:
    """The events of a store: history and outbox in one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        event: Event,
        *,
        owed_to: Sequence[str] = (),
        private_to: str | None = None,
        fanned_out_at: str | None = None,
    ) -> int:
        """Append an event inside the change's transaction and return its seq.

        `owed_to` are the plugins the command knew to be enabled. `fanned_out_at` keeps it out of the outbox.
        """
        done = self._database.execute(
            RECORD,
            (
                event.id, event.type, event.task_id, event.revision or None, event.origin, event.actor,
                event.caused_by, event.at, dumps(event.changes), dumps(event.data), snapshot_text(event.task),
                ",".join(owed_to), private_to, fanned_out_at,
            ),
        )  # fmt: skip
        return done.lastrowid or 0

    def get(self, seq: int) -> Event:
        """The event with this seq, which must exist."""
        return event_of(self._database.execute(GET, (seq,)).fetchone())

    def find(self, event_id: str) -> Event | None:
        """The event with this id, or None."""
        row = self._database.execute(FIND, (event_id,)).fetchone()
        return event_of(row) if row else None

    def after(self, seq: int, *, limit: int = 1000) -> list[Event]:
        """The next events of the history, in order."""
        return [event_of(row) for row in self._database.execute(AFTER, (seq, limit))]

    def of_task(self, task_id: str) -> list[Event]:
        """The whole history of one task, in order."""
        return [event_of(row) for row in self._database.execute(OF_TASK, (task_id,))]

    def since(self, at: str) -> Iterator[Event]:
        """The history since an instant, in order."""
        return (event_of(row) for row in self._database.execute(SINCE, (at,)))

    def never_owed(self, plugin: str, *, since: str) -> list[Event]:
        """The events since an instant that a plugin was never owed, in order; its own are left out."""
        return [event_of(row) for row in self._database.execute(NEVER_OWED, (since, plugin))]

    def latest(self) -> int:
        """The seq of the newest event, 0 in an empty store."""
        return int(self._database.execute(LATEST).fetchone()[0])


def snapshot_text(task: Snapshot) -> str:
    """A snapshot as the JSON that is stored."""
    return dumps(
        {
            "title": task.title,
            "status": task.status,
            "priority": task.priority,
            "assignee": task.assignee,
            "team": task.team,
            "labels": task.labels,
            "deadline": task.deadline,
        }
    )


def event_of(row: Any) -> Event:
    """An event from a row with the columns that GET selects."""
    from json import loads  # no hot verb reads events

    seq, event_id, kind, task_id, revision, origin, actor, caused_by, at, changes, data, task = row
    fields = loads(task)
    fields["labels"] = tuple(fields.get("labels", ()))
    return Event(
        seq=seq,
        id=event_id,
        type=kind,
        task_id=task_id,
        revision=revision or 0,
        origin=origin,
        actor=actor,
        caused_by=caused_by,
        at=at,
        changes={} if changes == "{}" else {name: (old, new) for name, (old, new) in loads(changes).items()},
        data={} if data == "{}" else loads(data),
        task=Snapshot(**fields),
    )
