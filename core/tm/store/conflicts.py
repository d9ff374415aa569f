"""Conflicts of a sync that wait for a person, and the values that a sync replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.errors import NotFound, Refused
from tm.values import Value

if TYPE_CHECKING:
    from tm.store.protocol import Database

_ROW = """
select id, plugin, task_id, field, place, ours, theirs, found_at, keep, decided_by, decided_at, settled_at
from conflict where """
OPEN = f"""{_ROW}settled_at is null and (:plugin is null or plugin = :plugin)
  and (:task_id is null or task_id = :task_id) order by id"""
GET = f"{_ROW}id = ?"
# what a person decided was about these very values
PARK = """
insert into conflict (plugin, task_id, field, place, ours, theirs, found_at) values (?, ?, ?, ?, ?, ?, ?)
on conflict (plugin, task_id, field) where settled_at is null do update set
  keep = case when ours = excluded.ours and theirs = excluded.theirs then keep end,
  place = excluded.place, ours = excluded.ours, theirs = excluded.theirs"""
SETTLE = "update conflict set settled_at = ? where id = ?"
DECIDE = "update conflict set keep = ?, decided_by = ?, decided_at = ? where id = ?"
# a plan is named before it is carried out, and again when a crash came in between
LOSE = """
insert into lost_value (plugin, task_id, field, place, side, lost, kept, lost_at)
select :plugin, :task_id, :field, :place, :side, :lost, :kept, :at
where not exists (
  select 1 from lost_value l where l.id = (
    select max(id) from lost_value where plugin = :plugin and task_id = :task_id and field = :field)
  and l.side = :side and l.lost = :lost and l.kept = :kept)"""
LOST = """
select id, plugin, task_id, field, place, side, lost, kept, lost_at from lost_value
where (:task_id is null or task_id = :task_id) order by id desc limit :limit"""


class OpenConflict(Value):
    """A field that both sides changed; `ours` and `theirs` are JSON, `keep` is what a person decided, if one did.

    `place` is what people call the object outside. Instants are UTC stamps.
    """

    id: int
    plugin: str
    task_id: str
    field: str
    place: str
    ours: str
    theirs: str
    found_at: str
    keep: str | None
    decided_by: str | None
    decided_at: str | None
    settled_at: str | None


class LostValue(Value):
    """A value that a sync replaced: on which side it was, what it said and what took its place, both JSON."""

    id: int
    plugin: str
    task_id: str
    field: str
    place: str
    side: str
    lost: str
    kept: str
    lost_at: str


_OPEN = (
    "id", "plugin", "task_id", "field", "place", "ours", "theirs", "found_at", "keep", "decided_by", "decided_at",
    "settled_at",
)  # fmt: skip
_LOST = ("id", "plugin", "task_id", "field", "place", "side", "lost", "kept", "lost_at")


class Conflicts:
    """The conflicts of a store. Writes belong inside a transaction of the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, *, plugin: str | None = None, task_id: str | None = None) -> list[OpenConflict]:
        """Those that are not settled, oldest first."""
        wanted = {"plugin": plugin, "task_id": task_id}
        return [OpenConflict(**dict(zip(_OPEN, row, strict=True))) for row in self._database.execute(OPEN, wanted)]

    def get(self, conflict_id: int) -> OpenConflict:
        """One of them. Raises NotFound."""
        row = self._database.execute(GET, (conflict_id,)).fetchone()
        if row is None:
            raise NotFound(f"There is no conflict {conflict_id}. See the ids: tm conflicts list")
        return OpenConflict(**dict(zip(_OPEN, row, strict=True)))

    def park(  # noqa: PLR0913 - a row, named by keyword
        self, plugin: str, task_id: str, field: str, *, place: str, ours: str, theirs: str, at: str
    ) -> None:
        """Keep a conflict, once for each field; a decision about other values than these is forgotten."""
        self._database.execute(PARK, (plugin, task_id, field, place, ours, theirs, at))

    def settle(self, conflict_id: int, *, at: str) -> None:
        """Close a conflict."""
        self._database.execute(SETTLE, (at, conflict_id))

    def decide(self, conflict_id: int, *, keep: str, by: str, at: str) -> OpenConflict:
        """Put a person's word on record. Raises NotFound, Refused for one that is settled."""
        found = self.get(conflict_id)
        if found.settled_at:
            raise Refused(f"Conflict {conflict_id} is settled since {found.settled_at}.")
        self._database.execute(DECIDE, (keep, by, at, conflict_id))
        return found

    def lose(  # noqa: PLR0913 - a row, named by keyword
        self, plugin: str, task_id: str, field: str, *, place: str, side: str, lost: str, kept: str, at: str
    ) -> None:
        """Keep a value that is replaced, unless that is what was kept last of the field."""
        row = {"plugin": plugin, "task_id": task_id, "field": field, "place": place, "side": side}
        self._database.execute(LOSE, {**row, "lost": lost, "kept": kept, "at": at})

    def lost(self, *, task_id: str | None, limit: int) -> list[LostValue]:
        """Values that were replaced, newest first."""
        wanted = {"task_id": task_id, "limit": limit}
        return [LostValue(**dict(zip(_LOST, row, strict=True))) for row in self._database.execute(LOST, wanted)]
