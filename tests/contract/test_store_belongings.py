"""What belongs to tasks: measurements, dependencies, idempotency keys, tombstones and purges."""

from __future__ import annotations

import pytest

from tm.errors import StoreError
from tm.events import Event, Snapshot
from tm.model import Criterion, Task
from tm.store.dependencies import Dependencies
from tm.store.events import Events
from tm.store.keys import Keys
from tm.store.ledger import Ledger
from tm.store.links import Link, Links
from tm.store.listing import Listing, match
from tm.store.measurements import Measurements
from tm.store.outbox import Ending, Outbox
from tm.store.plugins import PluginRecords
from tm.store.tasks import Tasks
from tm.store.tombstones import Tombstones

AT = "2026-11-22T12:00:00.000000Z"
ONE, TWO, THREE = "11111111", "22222222", "33333333"


def keep(database, *ids, **fields):
    with database.transaction():
        for task_id in ids:
            title = fields.get("title", "Ship it")
            task = Task(id=task_id, revision=1, created_at=AT, updated_at=AT, **{**fields, "title": title})
            Tasks(database).insert(task)


def measure(database, name, value, *, task_id=ONE, source=None):
    with database.transaction():
        Measurements(database).save(task_id, name, value, source=source, at=AT, origin="cli", actor="alice@example.com")


# measurements


@pytest.mark.parametrize(
    "value",
    [
        0, 1, -1, 2**53 + 1, 2**63, 10**40, 0.1, 87.5, 1e-300, 1.7976931348623157e308, True, False,
        "passed", "", "ünïcode ✓", 'quoted "twice" \\ and\nbroken', "true", "1", "null",
    ],
)  # fmt: skip
def test_a_measured_value_comes_back_with_its_type(database, value):
    measure(database, "coverage", value)

    [(found, _)] = Measurements(database).of(ONE).values()

    assert (type(found), found) == (type(value), value)


def test_the_newest_value_of_a_name_replaces_the_one_before(database):
    measure(database, "coverage", 80, source="ci")
    measure(database, "coverage", 85.5, source="sonar")

    assert Measurements(database).of(ONE) == {"coverage": (85.5, "sonar")}


def test_measurements_belong_to_one_task_and_come_in_order_of_their_names(database):
    measure(database, "b", 1)
    measure(database, "a", 2)
    measure(database, "a", 3, task_id=TWO)

    assert list(Measurements(database).of(ONE).items()) == [("a", (2, None)), ("b", (1, None))]


# dependencies


def depend(database, task_id, *targets):
    with database.transaction():
        for target in targets:
            Dependencies(database).add(task_id, target)


def test_dependencies_are_kept_once_and_in_order(database):
    depend(database, ONE, THREE, TWO, THREE)

    assert Dependencies(database).of(ONE) == [TWO, THREE]
    assert Dependencies(database).of(TWO) == []


@pytest.mark.parametrize(
    ("status", "is_open"),
    [("pending", True), ("in_progress", True), ("blocked", True), ("completed", False), ("cancelled", False)],
)
def test_only_unfinished_tasks_are_open_dependencies(database, status, is_open):
    keep(database, TWO, status=status)
    depend(database, ONE, TWO)

    assert Dependencies(database).open_of(ONE) == ([TWO] if is_open else [])


def test_only_tasks_blocked_by_their_dependencies_wait_for_one(database):
    keep(database, TWO, status="blocked", waits=True)
    keep(database, THREE, status="blocked", waits=False)
    depend(database, TWO, ONE)
    depend(database, THREE, ONE)

    assert Dependencies(database).waiting_for(ONE) == [TWO]


def test_a_chain_is_followed_to_its_end_and_a_ring_ends_the_search(database):
    depend(database, ONE, TWO)
    depend(database, TWO, THREE)
    depend(database, THREE, TWO)
    dependencies = Dependencies(database)

    assert dependencies.reaches(ONE, THREE)
    assert dependencies.reaches(ONE, ONE)
    assert not dependencies.reaches(TWO, ONE)


def test_clearing_and_forgetting_cut_either_side(database):
    depend(database, ONE, TWO, THREE)
    depend(database, TWO, THREE)
    with database.transaction():
        Dependencies(database).clear(TWO)
        Dependencies(database).forget(THREE)

    assert [Dependencies(database).of(each) for each in (ONE, TWO)] == [[TWO], []]


# idempotency keys


def test_a_key_keeps_its_use_case_fingerprint_and_answer(database):
    keys = Keys(database)
    with database.transaction():
        keys.keep("deploy-7", use_case="add", fingerprint="f00d", answer=ONE, at=AT)

    assert keys.find("deploy-7") == ("add", "f00d", ONE)
    assert keys.find("deploy-8") is None


def test_a_key_is_never_overwritten(database):
    with database.transaction():
        Keys(database).keep("deploy-7", use_case="add", fingerprint="f00d", answer=ONE, at=AT)

    with pytest.raises(StoreError), database.transaction():
        Keys(database).keep("deploy-7", use_case="add", fingerprint="beef", answer=TWO, at=AT)

    assert Keys(database).find("deploy-7") == ("add", "f00d", ONE)


# tombstones and purges


def a_rich_task(database):
    secret = {"assignee": "alice", "team": "ops", "labels": ("secret",), "title": "Secret title"}
    keep(database, ONE, description="Secret words", criteria=(Criterion(criterion="Secret"),), **secret)
    measure(database, "secret", "secret")
    event = Event(
        id="e1", type="task.progressed", task_id=ONE, revision=1, origin="cli", actor="bob", at=AT,
        task=Snapshot(status="pending", priority="high", **secret),
        changes={"title": (None, "Secret title")}, data={"note": "Secret note"},
    )  # fmt: skip
    with database.transaction():
        seq = Events(database).record(event)
        Links(database).save(
            Link(plugin="jira", instance="", kind="issue", task_id=ONE, outside_id="1", title="Secret"), at=AT
        )
        PluginRecords(database).admit("jira", since_seq=0, at=AT)
        outbox = Outbox(database)
        outbox.owe("jira", event_seq=seq, line=ONE, at=AT, judged=True)
        [claimed] = outbox.claim("jira", now=AT, limit=1, by="test")
        ending = Ending(state="dead", outcome="dead", error="Secret was refused", error_class="PermanentFailure")
        outbox.finish(claimed, ending, at=AT)


def bury(database, task_id=ONE):
    with database.transaction():
        Tombstones(database).bury(task_id, at=AT)


def test_a_buried_task_is_gone_with_everything_that_hung_on_it(database):
    a_rich_task(database)
    bury(database)

    assert Tasks(database).find(ONE) is None
    assert Tombstones(database).has(ONE)
    assert Measurements(database).of(ONE) == {}
    assert Links(database).of_task(ONE) == []
    assert list(Listing(database).json({"label": "secret"}, sort="created", limit=None)) == []
    assert list(Listing(database).json({"text": match("secret")}, sort="created", limit=None)) == []


def test_a_buried_task_leaves_its_history_and_its_deliveries(database):
    a_rich_task(database)
    bury(database)

    [event] = Events(database).of_task(ONE)
    [row] = Ledger(database).rows(plugin=None, states=(), limit=10)

    assert event.data == {"note": "Secret note"}
    assert row.error == "Secret was refused"


def test_burying_one_task_leaves_its_neighbour_whole(database):
    a_rich_task(database)
    keep(database, TWO, labels=("kept",), criteria=(Criterion(criterion="kept"),))
    measure(database, "kept", 1, task_id=TWO)
    before = Listing(database).show_json(TWO)
    bury(database)

    assert Listing(database).show_json(TWO) == before
    assert not Tombstones(database).has(TWO)


def test_a_purge_empties_every_text_of_the_history_and_the_delivery_log(database):
    a_rich_task(database)
    bury(database)
    with database.transaction():
        Tombstones(database).purge(ONE, at=AT)

    [event] = Events(database).of_task(ONE)
    [row] = Ledger(database).rows(plugin=None, states=(), limit=10)

    assert event.task == Snapshot(title="(purged)", status="pending", priority="high")
    assert (event.changes, event.data) == ({}, {})
    assert (row.title, row.error, row.state) == ("(purged)", None, "dead")
    assert [each[-2:] for each in Ledger(database).attempts(row.id)] == [(None, None)]


def test_a_purge_keeps_the_word_that_a_deleted_task_was_purged(database):
    deleted = Event(
        id="e1", type="task.deleted", task_id=ONE, revision=1, origin="cli", actor="bob", at=AT,
        task=Snapshot(title="Secret", status="pending", priority="high"), data={"purged": True, "links": []},
    )  # fmt: skip
    with database.transaction():
        Events(database).record(deleted)
        Tombstones(database).purge(ONE, at=AT)

    assert Events(database).of_task(ONE)[0].data == {"purged": True, "links": []}
