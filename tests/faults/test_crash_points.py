"""A command that dies between any two of its statements has happened as a whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.faults import crash_child

from tm.service import editing, lifecycle
from tm.service.work import Caller, Work
from tm.store.listing import Listing
from tm.store.sqlite import SCHEMA_VERSION, SqliteDatabase
from tm.testing import FakeClock

CHILD = Path(crash_child.__file__)
OWN = """
select 'task', title, status, revision, waits, blocked_reason is null, completion_summary from task
union all select 'event', type, origin, revision, json_extract(snapshot, '$.title'), owed_to, data from event
union all select 'label', label, 0, 0, 0, 0, 0 from label
union all select 'criterion', criterion, verdict, position, 0, 0, 0 from criterion
union all select 'measurement', name, value, source, 0, 0, 0 from measurement
union all select 'dependency', count(*), 0, 0, 0, 0, 0 from dependency
union all select 'tombstone', purged_at is null, 0, 0, 0, 0, 0 from tombstone
union all select 'key', use_case, 0, 0, 0, 0, 0 from idempotency
order by 1, 2, 3, 4"""


def add(database, title, *, depends_on=(), **fields):
    work = Work(database, FakeClock(), Caller(origin="cli", actor="alice"))
    return editing.add(work, {"title": title, **fields}, depends_on=depends_on)


def prepare(path, command):
    """A store in which the command has much to do; the ids it is called with."""
    with SqliteDatabase(str(path)) as database:
        if command == "progress":
            return [add(database, "Task")]
        if command == "add":
            return [add(database, "One"), add(database, "Two")]
        if command == "measure":
            return [add(database, "Task", criteria=crash_child.CRITERIA)]
        task = add(database, "Task", labels=("secret",), criteria=crash_child.CRITERIA)
        for title in ("Waiter", "Other waiter"):
            add(database, title, depends_on=(task,))
        add(database, "Longer waiter", depends_on=(task, add(database, "Left")))
        lifecycle.progress(Work(database, FakeClock(), Caller(origin="cli", actor="a")), task, "Secret")
        return [task]


def everything(database):
    """What is stored, without the ids that differ from run to run."""
    return database.execute(OWN).fetchall(), Listing(database).counts()


def is_sound(database):
    """Whether the file, its search index and its counts are in order."""
    counts = dict(database.execute("select status, count(*) from task group by status").fetchall())
    with database.transaction():
        database.execute("insert into task_text (task_text) values ('integrity-check')")
    kept = {status: n for status, n in Listing(database).counts().items() if n}
    return database.execute("pragma integrity_check").fetchone()[0] == "ok" and kept == counts


def die_everywhere(command, folder, ids):
    """Run the child; how each of its runs ended."""
    child = subprocess.run(
        [sys.executable, str(CHILD), command, str(folder), *ids],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    ends = child.stdout.split()
    assert ends[-1] == "finished", child.stderr
    assert set(ends[:-1]) == {"died"}
    return ends


@pytest.mark.slow
@pytest.mark.parametrize("command", ["progress", "add", "complete", "purge", "measure"])
def test_a_command_that_dies_leaves_all_or_nothing_and_repeated_under_its_key_happens_once(command, tmp_path):
    ids = prepare(tmp_path / "start.db", command)
    ends = die_everywhere(command, tmp_path, ids)
    with closing(SqliteDatabase(str(tmp_path / f"{len(ends)}.db"))) as last:
        after = everything(last)
    with closing(SqliteDatabase(str(tmp_path / "start.db"))) as start:
        before = everything(start)

    assert before != after
    assert len(ends) > 8
    for point in range(1, len(ends) + 1):
        with closing(SqliteDatabase(str(tmp_path / f"{point}.db"))) as survived:
            assert is_sound(survived), point
            # a purge goes on after its commit: the file is rewritten without what was deleted
            assert everything(survived) in ((after,) if point == len(ends) else (before, after)), point
            crash_child.run(command, survived, ids)
            assert everything(survived) == after, point
            crash_child.run(command, survived, ids)
            assert everything(survived) == after, point


@pytest.mark.slow
def test_a_store_whose_making_dies_is_made_by_the_next_command(tmp_path):
    ends = die_everywhere("first", tmp_path, [])

    assert len(ends) > 40
    for point in range(1, len(ends) + 1):
        path = tmp_path / f"{point}.db"
        with closing(SqliteDatabase(str(path))) as survived:
            crash_child.run("first", survived, [])

            assert is_sound(survived), point
            assert survived.execute("pragma user_version").fetchone()[0] == SCHEMA_VERSION
            assert survived.execute("pragma journal_mode").fetchone()[0] == "wal"
            assert Listing(survived).counts()["pending"] == 1, point
            assert path.stat().st_mode & 0o777 == 0o600
