"""Events: the history comes back as it was recorded, in order, and never twice."""

from __future__ import annotations

import pytest

from tm.errors import StoreError
from tm.events import Event, Snapshot
from tm.store.events import Events
from tm.store.outbox import Outbox

AT, LATER = "2026-11-22T12:00:00.000000Z", "2026-11-23T12:00:00.000000Z"
ONE, TWO = "11111111", "22222222"
NOW = Snapshot(title="Ship it", status="pending", priority="medium")


def an_event(event_id="e1", **fields):
    return Event(
        **{
            "id": event_id, "type": "task.progressed", "task_id": ONE, "revision": 1, "origin": "cli",
            "actor": "alice@example.com", "at": AT, "task": NOW, **fields,
        }
    )  # fmt: skip


def record(database, *events, **options):
    with database.transaction():
        return [Events(database).record(event, **options) for event in events]


def test_every_part_of_the_envelope_comes_back(database):
    full = an_event(
        caused_by="e0",
        changes={"title": ("Old", "Ship it 🚀"), "labels": ([], ["a"]), "deadline": (None, LATER)},
        data={"note": 'a "quoted"\nline', "percent": 50, "rows": [{"ok": True, "value": 0.5}], "none": None},
        task=Snapshot(
            title="Ship it 🚀", status="in_progress", priority="critical", assignee="alice", team="ops",
            labels=("a", "b"), deadline=LATER,
        ),
    )  # fmt: skip
    [seq] = record(database, full)

    assert Events(database).get(seq) == full.with_(seq=seq)
    assert Events(database).find("e1") == full.with_(seq=seq)


def test_an_event_without_a_task_comes_back_without_one(database):
    [seq] = record(database, an_event(task_id=None, revision=0))

    assert Events(database).get(seq).task_id is None
    assert Events(database).get(seq).revision == 0


def test_an_unknown_event_is_not_found_and_an_empty_history_has_no_end(database):
    assert Events(database).find("e1") is None
    assert Events(database).latest() == 0


def test_the_seq_grows_with_every_event(database):
    seqs = record(database, *[an_event(f"e{n}", revision=n) for n in range(1, 6)])

    assert seqs == sorted(set(seqs))
    assert Events(database).latest() == seqs[-1]


def test_a_seq_is_not_given_again_after_its_transaction_failed(database):
    [first] = record(database, an_event("e1"))
    with pytest.raises(StoreError):
        record(database, an_event("e2", revision=2), an_event("e2", revision=3))
    [second] = record(database, an_event("e3", revision=2))

    assert second > first
    assert Events(database).find("e2") is None


def test_an_event_id_and_a_revision_of_a_task_are_recorded_once(database):
    record(database, an_event("e1"))

    with pytest.raises(StoreError):
        record(database, an_event("e1", revision=2))
    with pytest.raises(StoreError):
        record(database, an_event("e2", revision=1))
    record(database, an_event("e2", revision=1, task_id=TWO))


def test_the_history_is_read_on_from_a_seq_in_bites(database):
    seqs = record(database, *[an_event(f"e{n}", revision=n) for n in range(1, 6)])
    events = Events(database)

    assert [each.id for each in events.after(0, limit=2)] == ["e1", "e2"]
    assert [each.id for each in events.after(seqs[1], limit=10)] == ["e3", "e4", "e5"]
    assert events.after(seqs[-1]) == []


def test_one_tasks_history_and_the_history_since_an_instant_are_parts_of_the_whole(database):
    record(database, an_event("e1"), an_event("e2", task_id=TWO, at=LATER), an_event("e3", revision=2, at=LATER))
    events = Events(database)

    assert [each.id for each in events.of_task(ONE)] == ["e1", "e3"]
    assert [each.id for each in events.since(LATER)] == ["e2", "e3"]
    assert [each.id for each in events.since(AT)] == ["e1", "e2", "e3"]


def test_a_private_wake_is_no_history(database):
    wake = an_event("e1", type="sync.requested", revision=0)
    [seq] = record(database, wake, private_to="jira", fanned_out_at=AT)
    events = Events(database)

    assert (events.after(0), events.of_task(ONE), list(events.since(AT))) == ([], [], [])
    assert events.get(seq).id == "e1"


def test_two_wakes_of_one_task_do_not_count_as_revisions(database):
    wakes = [an_event(f"e{n}", type="sync.requested", revision=0) for n in (1, 2)]

    assert len(record(database, *wakes, private_to="jira", fanned_out_at=AT)) == 2


def test_an_event_waits_to_be_fanned_out_with_the_names_it_is_owed_to(database):
    record(database, an_event("e1"), owed_to=("jira", "slack"))
    record(database, an_event("e2", revision=2))

    assert [(each.event.id, each.owed_to) for each in Outbox(database).unfanned(10)] == [
        ("e1", ("jira", "slack")),
        ("e2", ()),
    ]


def test_an_event_recorded_as_fanned_out_never_enters_the_outbox(database):
    record(database, an_event("e1"), owed_to=("jira",), fanned_out_at=AT)

    assert not Outbox(database).has_unfanned()
    assert Outbox(database).unfanned(10) == []
    assert [each.id for each in Events(database).after(0)] == ["e1"]
