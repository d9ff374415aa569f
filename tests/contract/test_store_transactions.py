"""Transactions: all of a change or nothing of it, seen by others only when it is whole."""

from __future__ import annotations

import threading

import pytest

from tm.errors import StoreError
from tm.events import Event, Snapshot
from tm.model import Criterion, Task
from tm.store.dependencies import Dependencies
from tm.store.events import Events
from tm.store.keys import Keys
from tm.store.links import Link, Links
from tm.store.listing import Listing
from tm.store.measurements import Measurements
from tm.store.outbox import Outbox
from tm.store.plugins import PluginRecords
from tm.store.tasks import Tasks
from tm.store.tombstones import Tombstones

AT = "2026-11-22T12:00:00.000000Z"
ID = "0a1b2c3d"
TABLES = (
    "task", "label", "criterion", "measurement", "dependency", "tombstone", "event", "delivery", "attempt",
    "plugin", "plugin_state", "link", "cursor", "pull", "idempotency",
)  # fmt: skip


def a_task(task_id=ID, **fields):
    return Task(**{"id": task_id, "title": "Ship it", "revision": 1, "created_at": AT, "updated_at": AT, **fields})


def an_event(event_id="e1"):
    now = Snapshot(title="Ship it", status="pending", priority="low")
    return Event(id=event_id, type="task.created", task_id=ID, revision=1, origin="cli", actor="a", at=AT, task=now)


def add(database, task_id=ID):
    with database.transaction():
        Tasks(database).insert(a_task(task_id))


def write_everywhere(database):
    Tasks(database).insert(a_task(labels=("a",), criteria=(Criterion(criterion="x"),)))
    Tasks(database).insert(a_task("ffffffff"))
    Measurements(database).save(ID, "n", 1, source=None, at=AT, origin="cli", actor="a")
    Dependencies(database).add(ID, "ffffffff")
    Links(database).save(Link(plugin="p", instance="", kind="k", task_id=ID, outside_id="1"), at=AT)
    seq = Events(database).record(an_event())
    records = PluginRecords(database)
    records.admit("p", since_seq=0, at=AT)
    records.add_state("p", "k", value="1", at=AT, expires_at=None)
    records.set_cursor("p", "default", value="1", at=AT)
    records.save_pull("p", pulled_at=AT, next_at=AT, error=None)
    outbox = Outbox(database)
    outbox.owe("p", event_seq=seq, line=ID, at=AT, judged=True)
    outbox.claim("p", now=AT, limit=1, by="me")
    Keys(database).keep("k", use_case="add", fingerprint="f", answer=ID, at=AT)
    Tombstones(database).bury("ffffffff", at=AT)


def write_and_stop(database, error):
    with database.transaction():
        write_everywhere(database)
        raise error


def rows(database):
    return {table: database.execute(f"select count(*) from {table}").fetchone()[0] for table in TABLES}


def test_a_block_that_ends_well_is_kept_in_every_table(database, second):
    with database.transaction():
        write_everywhere(database)

    assert min(rows(second).values()) > 0


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, StoreError])
def test_a_block_that_raises_leaves_no_trace_in_any_table(database, second, error):
    with pytest.raises(error):
        write_and_stop(database, error)

    assert max(rows(database).values()) == 0
    assert max(rows(second).values()) == 0
    assert Listing(second).counts()["pending"] == 0


def test_a_refused_statement_undoes_the_whole_block(database):
    def write_twice() -> None:
        with database.transaction():
            write_everywhere(database)
            Events(database).record(an_event())

    with pytest.raises(StoreError):
        write_twice()

    assert max(rows(database).values()) == 0


def test_after_a_block_that_raised_the_next_one_works(database, second):
    with pytest.raises(RuntimeError):
        write_and_stop(database, RuntimeError)
    add(database)
    add(second, "ffffffff")

    assert rows(database)["task"] == 2


def test_a_block_sees_its_own_writes(database):
    with database.transaction():
        Tasks(database).insert(a_task())

        assert Tasks(database).find(ID) is not None


def test_a_transaction_inside_another_is_refused_and_spoils_nothing(database, second):
    with database.transaction():
        Tasks(database).insert(a_task())
        with pytest.raises(RuntimeError, match="they do not nest"), database.transaction():
            raise AssertionError("the inner block ran")
        Tasks(database).insert(a_task("ffffffff"))

    assert rows(second)["task"] == 2


# two connections


def test_another_connection_sees_a_change_only_when_it_is_whole(database, second):
    with database.transaction():
        Tasks(database).insert(a_task())

        assert Tasks(second).find(ID) is None

    assert Tasks(second).find(ID) == a_task()


def test_the_token_moves_when_another_connection_has_committed(database, second):
    add(database)
    before = second.changed()

    assert second.changed() == before

    add(database, "ffffffff")

    assert second.changed() != before


def test_a_second_writer_waits_for_the_first_and_then_writes(database):
    order: list[str] = []
    is_lining_up = threading.Event()

    def write() -> None:
        is_lining_up.set()
        second = database.another()
        with second.transaction():
            order.append("second")
            Tasks(second).insert(a_task("ffffffff"))
        second.close()

    writer = threading.Thread(target=write)
    with database.transaction():
        writer.start()
        assert is_lining_up.wait(10)
        Tasks(database).insert(a_task())
        order.append("first")
    writer.join(timeout=10)

    assert order == ["first", "second"]
    assert rows(database)["task"] == 2


def test_writers_in_many_threads_lose_no_change(database):
    def count_up() -> None:
        own = database.another()
        for _ in range(10):
            with own.transaction():
                records = PluginRecords(own)
                was = records.get_state("p", "count", now="") or "0"
                records.delete_state("p", "count")
                records.add_state("p", "count", value=str(int(was) + 1), at=AT, expires_at=None)
        own.close()

    add(database)
    writers = [threading.Thread(target=count_up) for _ in range(8)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(timeout=60)

    assert PluginRecords(database).get_state("p", "count", now="") == "80"


def test_a_closed_connection_opens_again_when_it_is_needed(database):
    add(database)
    database.close()
    database.close()

    assert Tasks(database).find(ID) == a_task()
