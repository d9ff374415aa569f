"""The spool of an import: checked rows in a temporary table, and the few statements that make tasks of them.

Filling it takes no lock: nobody waits while a file is read.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tm.store.protocol import Database

PLAIN_FIELDS = ("title", "description", "priority", "assignee", "team", "labels")
# a plain row says '' for unset: None costs the driver ten times the time of a text
UNSET = ("", "", "medium", "", "", "[]")
PLAIN = ("n", "line", "id", "event_id", *PLAIN_FIELDS)
FULL = (
    *PLAIN, "given", "status", "deadline", "estimated_hours", "actual_hours", "criteria", "measurements", "depends_on",
    "feedback_quality", "feedback_timeliness", "feedback_note", "feedback_automated", "completion_summary",
    "blocked_reason", "blocked_from", "data", "created_at", "started_at", "updated_at", "completed_at",
)  # fmt: skip
FORGET = "drop table if exists temp.spool"
CREATE = f"create temp table spool (n integer primary key, {', '.join(FULL[1:])}, waits)"
ADD_PLAIN, ADD_FULL = (
    f"insert into temp.spool ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"  # noqa: S608 - constants
    for columns in (PLAIN, FULL)
)
INDEXES = (
    "create index temp.spool_by_id on spool (id)",
    "create index temp.spool_full on spool (given) where given is not null",
)
TWICE = """
select a.n, a.line, a.id, b.line from temp.spool a join temp.spool b on b.id = a.id and b.n < a.n
where a.given = 1 and b.given = 1 order by a.n limit 1"""
TAKEN = """
select n, line, id, exists (select 1 from main.task where id = spool.id) from temp.spool
where given = 1 and (exists (select 1 from main.task where id = spool.id)
  or exists (select 1 from main.tombstone where task_id = spool.id))
order by n limit 1"""
MISSING = """
select s.n, s.line, d.value from temp.spool s, json_each(s.depends_on) d
where s.given is not null and not exists (select 1 from main.task where id = d.value)
  and not exists (select 1 from temp.spool where id = d.value and given = 1)
order by s.n limit 1"""
INNER = """
select s.id, d.value from temp.spool s, json_each(s.depends_on) d
where s.given is not null and exists (select 1 from temp.spool where id = d.value and given = 1)
order by s.n"""
PLACE = "select n, line from temp.spool where id = ? and given = 1"
RENAME_TWINS = """
update temp.spool set id = lower(hex(randomblob(4)))
where given is not 1 and id in (select id from temp.spool group by id having count(*) > 1)"""
RENAME_TAKEN = """
update temp.spool set id = lower(hex(randomblob(4)))
where given is not 1 and (exists (select 1 from main.task where id = spool.id)
  or exists (select 1 from main.tombstone where task_id = spool.id))"""
OPEN_TARGETS = """
select s.n, s.id, s.status, s.blocked_from, d.value from temp.spool s, json_each(s.depends_on) d
where s.given is not null and s.status in ('pending', 'in_progress', 'blocked')
  and (s.status <> 'blocked' or s.blocked_reason is null)
  and coalesce((select status from temp.spool where id = d.value and given = 1),
    (select status from main.task where id = d.value)) in ('pending', 'in_progress', 'blocked')
order by s.n, d.value"""
WAIT = """
update temp.spool set status = ?, blocked_from = ?, blocked_reason = ?, waits = 1 where n = ?"""
FREE = """
update temp.spool set status = blocked_from, blocked_from = null
where given is not null and status = 'blocked' and blocked_reason is null"""
TASKS = """
insert into task (id, title, description, status, priority, assignee, team, deadline, estimated_hours, actual_hours,
  feedback_quality, feedback_timeliness, feedback_note, feedback_automated, completion_summary, blocked_reason,
  blocked_from, waits, revision, created_at, started_at, updated_at, completed_at)
select id, title, nullif(description, ''), ifnull(status, 'pending'), priority, nullif(assignee, ''), nullif(team, ''),
  deadline, estimated_hours, actual_hours, feedback_quality, feedback_timeliness, feedback_note,
  ifnull(feedback_automated, 0), completion_summary, blocked_reason, blocked_from, ifnull(waits, 0), 1,
  ifnull(created_at, :now), started_at, ifnull(updated_at, :now), completed_at
from temp.spool order by n"""
BELONGINGS = (
    """insert into label (task_id, label)
       select s.id, l.value from temp.spool s, json_each(s.labels) l order by s.id""",
    """insert into criterion (task_id, position, criterion, measurable, manual, verdict)
       select s.id, c.key + 1, json_extract(c.value, '$.criterion'), json_extract(c.value, '$.measurable'),
         json_extract(c.value, '$.manual'), json_extract(c.value, '$.verdict')
       from temp.spool s, json_each(s.criteria) c where s.given is not null""",
    """insert into measurement (task_id, name, value, measured_at, origin, actor)
       select s.id, m.key, m.value, :now, :origin, :actor
       from temp.spool s, json_each(s.measurements) m where s.given is not null""",
    """insert into dependency (task_id, depends_on)
       select s.id, d.value from temp.spool s, json_each(s.depends_on) d where s.given is not null""",
)
EVENTS = """
insert into event (id, type, task_id, revision, origin, actor, at, data, snapshot, owed_to, fanned_out_at)
select event_id, 'task.created', id, 1, :origin, :actor, :now, ifnull(data, '{"imported":true}'),
  json_object('title', title, 'status', ifnull(status, 'pending'), 'priority', priority,
    'assignee', nullif(assignee, ''), 'team', nullif(team, ''),
    'labels', json(labels), 'deadline', deadline),
  :owed_to, :fanned_out_at
from temp.spool order by n"""
LAST_ROW = "select coalesce(max(row), 0) from task"
TRIGGERS = "select name, sql from sqlite_schema where type = 'trigger' and tbl_name = 'task' order by name"
COUNT = """
update task_count set n = task_count.n + added.n
from (select status, count(*) as n from task where row > ? group by status) as added
where added.status = task_count.status"""
INDEX_TEXT = """
insert into task_text (rowid, title, description) select row, title, description from task where row > ?"""

CACHES = ("pragma main.cache_size = -65536", "pragma temp.cache_size = -65536")
LONGEST_RUN = 8192


class Spool:
    """The rows of one import. `n` counts them from 1; `line` is where they stand in the file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        for statement in (*CACHES, FORGET, CREATE):
            database.execute(statement)

    def add(self, plain: Sequence[Sequence[Any]], full: Sequence[Sequence[Any]]) -> None:
        """Append rows of PLAIN and of FULL columns."""
        self._database.execute("begin")  # touches the temporary table alone: no other connection notices
        self._database.executemany(ADD_PLAIN, plain)
        self._database.executemany(ADD_FULL, full)
        self._database.execute("commit")

    def close(self) -> None:
        """Say that all rows are there, which makes ids quick to find; give one of two equal fresh ids another."""
        for statement in INDEXES:
            self._database.execute(statement)
        self._repeat(RENAME_TWINS)

    def twice(self) -> tuple[int, int, str, int] | None:
        """The first row whose given id an earlier one has: n, line, id, the other's line."""
        found: tuple[int, int, str, int] | None = self._database.execute(TWICE).fetchone()
        return found

    def taken(self) -> tuple[int, int, str, int] | None:
        """The first row whose given id is not free in the store: n, line, id, whether the task is still there."""
        found: tuple[int, int, str, int] | None = self._database.execute(TAKEN).fetchone()
        return found

    def missing(self) -> tuple[int, int, str] | None:
        """The first dependency that is neither in the file nor in the store: n, line, the id."""
        found: tuple[int, int, str] | None = self._database.execute(MISSING).fetchone()
        return found

    def inner_dependencies(self) -> Iterator[tuple[str, str]]:
        """Every dependency of one task of the file on another: id, and the id it waits for."""
        return iter(self._database.execute(INNER))

    def place(self, task_id: str) -> tuple[int, int]:
        """The n and line of the row that was given this id."""
        n, line = self._database.execute(PLACE, (task_id,)).fetchone()
        return n, line

    def rename_taken(self) -> None:
        """Give every fresh id that is not free in the store another one."""
        while self._repeat(RENAME_TAKEN):
            self._repeat(RENAME_TWINS)

    def waiting(self) -> Iterator[tuple[int, str, str, str, list[str]]]:
        """Rows with open dependencies: n, id, status, blocked_from, the open ids.

        Not among them are rows that a person blocked for another reason.
        """
        rows = self._database.execute(OPEN_TARGETS).fetchall()
        for (n, task_id, status, blocked_from), group in groupby(rows, key=lambda row: row[:4]):
            yield n, task_id, status, blocked_from, [row[4] for row in group]

    def block(self, rows: Sequence[tuple[str, str | None, str | None, int]]) -> None:
        """Let rows wait: status, blocked_from, blocked_reason, n. Rows left blocked without a reason are freed."""
        self._database.executemany(WAIT, rows)
        self._database.execute(FREE)

    def store(self, facts: Mapping[str, Any]) -> int:
        """Make the tasks and their events, inside the transaction of the caller; the seq of the last event.

        `facts`: now, origin, actor, owed_to, fanned_out_at. The rows are trusted: they were checked.
        """
        self._database.execute("pragma ignore_check_constraints = on")
        try:
            with unhooked(self._database):
                self._database.execute(TASKS, facts)
            for statement in BELONGINGS:
                self._database.execute(statement, facts)
            return self._database.execute(EVENTS, facts).lastrowid or 0
        finally:
            self._database.execute("pragma ignore_check_constraints = off")

    def _repeat(self, sql: str) -> bool:
        is_changed = False
        while self._database.execute(sql).rowcount > 0:
            is_changed = True
        return is_changed


@contextmanager
def unhooked(database: Database) -> Iterator[None]:
    """Insert tasks without the triggers, inside a transaction; counts and full text are made good at the end."""
    last = database.execute(LAST_ROW).fetchone()[0]
    triggers = database.execute(TRIGGERS).fetchall()
    for name, _ in triggers:
        database.execute(f"drop trigger {name}")
    yield
    database.execute(COUNT, (last,))
    database.execute(INDEX_TEXT, (last,))
    for _, sql in triggers:
        database.execute(sql)


def fresh_ids() -> Iterator[str]:
    """Random task ids without end, mostly in ascending order."""
    for run in _runs(8):
        yield from run


def fresh_event_ids(seconds: float) -> Iterator[str]:
    """Ids for events from one moment on, without end and in ascending order, in the form of `event_id`."""
    for milliseconds, run in enumerate(_runs(18), start=int(seconds * 1000)):
        time = f"{milliseconds:012x}"
        head = f"{time[:8]}-{time[8:]}-7"
        for random in run:
            yield f"{head}{random[:3]}-8{random[3:6]}-{random[6:]}"


def _runs(digits: int) -> Iterator[list[str]]:
    """Random hexadecimal numbers in sorted runs, ever longer: so the pages of an index are touched in their order."""
    size = 1
    while True:
        drawn = os.urandom(digits * size // 2).hex()
        yield sorted(drawn[place : place + digits] for place in range(0, len(drawn), digits))
        size = min(2 * size, LONGEST_RUN)
