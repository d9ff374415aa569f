"""Adding, changing, sharing context, deleting: what is kept, what is refused, what the history says."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from tm.clock import stamp
from tm.errors import NotFound, StoreError, UsageError
from tm.events import Snapshot
from tm.model import Criterion
from tm.service import editing, lifecycle, measuring
from tm.service.work import Caller, Work
from tm.store.ledger import Ledger
from tm.store.outbox import Outbox
from tm.store.sqlite import SqliteDatabase

ALICE = Caller(origin="cli", actor="alice@example.com")

NOON = "2026-11-22T12:00:00.000000Z"
LATER = "2026-11-23T12:00:00.000000Z"
COVERED = Criterion(criterion="Covered", measurable="coverage >= 85")
FIELDS = {
    "title": "Ship the parser",
    "description": "# Why\nBecause",
    "priority": "high",
    "assignee": "alice@example.com",
    "team": "platform",
    "labels": ("api", "ui"),
    "deadline": LATER,
    "estimated_hours": 4.0,
    "actual_hours": 0.5,
    "criteria": (COVERED,),
}


def refusal(desk, fields):
    with pytest.raises(UsageError) as caught:
        editing.add(desk.work(), fields)
    assert desk.history() == []
    return str(caught.value)


def change(desk, task_id, fields=None, **options):
    work = desk.work()
    editing.update(work, task_id, fields or {}, **options)
    return work


# add


def test_a_new_task_is_pending_with_medium_priority_and_the_time_it_was_added(desk):
    task = desk.task(desk.add("  Ship it "))

    assert (task.title, task.status, task.priority) == ("Ship it", "pending", "medium")
    assert (task.created_at, task.updated_at, task.revision) == (NOON, NOON, 1)
    assert (task.started_at, task.completed_at, task.labels, task.criteria) == (None, None, (), ())


def test_an_id_is_eight_lower_case_hex_digits_and_never_the_same(desk):
    ids = {desk.add() for _ in range(20)}

    assert len(ids) == 20
    assert all(len(each) == 8 and not each.strip("0123456789abcdef") for each in ids)


def test_every_field_can_be_given_from_the_start(desk):
    task = desk.task(editing.add(desk.work(), FIELDS))

    assert {name: getattr(task, name) for name in FIELDS} == FIELDS


def test_labels_are_trimmed_sorted_and_once(desk):
    assert desk.task(desk.add(labels=["b", " a ", "b"])).labels == ("a", "b")


def test_the_event_of_a_new_task_tells_the_title_but_neither_description_nor_criteria(desk):
    task_id = editing.add(desk.work(), FIELDS)
    [event] = desk.events(task_id)

    assert (event.type, event.task_id, event.revision, event.at) == ("task.created", task_id, 1, NOON)
    assert (event.origin, event.actor, event.caused_by) == ("cli", "alice@example.com", None)
    assert (event.changes, event.data) == ({}, {})
    assert event.task == Snapshot(
        title="Ship the parser", status="pending", priority="high", assignee="alice@example.com",
        team="platform", labels=("api", "ui"), deadline=LATER,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, 'A task needs a title. Example: tm add "Ship the parser"'),
        ({"title": ""}, 'A task needs a title. Example: tm add "Ship the parser"'),
        ({"title": "x", "colour": "red"}, "A task has no field 'colour' to set. Fields: title, description, "),
        ({"title": None}, "The title of a task cannot be empty."),
        ({"title": "x", "priority": None}, "The priority of a task cannot be empty."),
        ({"title": "x", "priority": "asap"}, "Unknown priority 'asap'."),
        ({"title": "x", "description": "\0"}, "The description holds a NUL character; remove it."),
        ({"title": "x", "assignee": "a\nb"}, "The assignee must be one line of 1 to 200 characters"),
        ({"title": "x", "team": " "}, "The team must be one line"),
        ({"title": "x", "labels": ["ok", ""]}, "The label must be one line"),
        ({"title": "x", "estimated_hours": -1}, "--estimated-hours must be 0 or more hours"),
        ({"title": "x", "actual_hours": float("nan")}, "--actual-hours must be 0 or more hours"),
        ({"title": "x", "criteria": [COVERED] * 11}, "11 criteria are too many; a task has at most 10."),
        ({"title": "x", "criteria": [Criterion(criterion="x", measurable="a >=")]}, "Criterion 1: "),
    ],
)
def test_a_task_that_cannot_be_is_refused_and_nothing_is_stored(desk, fields, sentence):
    assert refusal(desk, fields).startswith(sentence)


# update


@pytest.mark.parametrize("name", [each for each in FIELDS if each not in ("description", "criteria")])
def test_a_changed_field_is_told_with_what_it_was(desk, name):
    task_id = desk.add("Old title")
    was = getattr(desk.task(task_id), name)
    change(desk, task_id, {name: FIELDS[name]})
    event = desk.events(task_id)[-1]

    assert getattr(desk.task(task_id), name) == FIELDS[name]
    assert event.type == "task.updated"
    assert {field: tuple(map(plain, pair)) for field, pair in event.changes.items()} == {
        name: (plain(was), plain(FIELDS[name]))
    }


def plain(value):
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", ["description", "criteria"])
def test_a_changed_private_text_is_named_but_not_told(desk, name):
    task_id = desk.add()
    change(desk, task_id, {name: FIELDS[name]})
    event = desk.events(task_id)[-1]

    assert getattr(desk.task(task_id), name) == FIELDS[name]
    assert (event.changes, event.data) == ({}, {"fields": [name]})


@pytest.mark.parametrize("name", ["description", "assignee", "team", "deadline", "estimated_hours", "actual_hours"])
def test_a_field_that_may_be_empty_is_emptied_by_none(desk, name):
    task_id = editing.add(desk.work(), FIELDS)
    change(desk, task_id, {name: None})

    assert getattr(desk.task(task_id), name) is None


def test_an_update_moves_the_revision_and_the_time_but_not_the_creation(desk):
    task_id = desk.add()
    desk.clock.advance(timedelta(hours=1))
    change(desk, task_id, {"priority": "low"})
    task = desk.task(task_id)

    assert (task.revision, task.created_at, task.updated_at) == (2, NOON, stamp(desk.clock.now()))


def test_an_update_that_changes_nothing_says_so_and_leaves_no_event(desk):
    task_id = editing.add(desk.work(), FIELDS)
    work = change(desk, task_id, FIELDS)

    assert work.remarks == [f"Task {task_id} already is like that; nothing was changed."]
    assert (work.recorded, desk.types(task_id)) == ([], ["created"])


def test_labels_are_added_and_removed_one_by_one(desk):
    task_id = desk.add(labels=("a", "b"))
    change(desk, task_id, add_labels=["c", "a"], remove_labels=["b", "not there"])

    assert desk.task(task_id).labels == ("a", "c")


def test_a_label_both_removed_and_added_stays(desk):
    task_id = desk.add(labels=("a",))
    change(desk, task_id, add_labels=["a"], remove_labels=["a"])

    assert desk.task(task_id).labels == ("a",)


def test_new_criteria_are_judged_by_what_was_measured_before(desk):
    task_id = desk.add()
    measuring.measure(desk.work(), task_id, {"coverage": 90})
    change(desk, task_id, {"criteria": (COVERED, Criterion(criterion="read"))})

    assert [each.verdict for each in desk.task(task_id).criteria] == ["met", "unknown"]


def test_a_wrong_update_changes_nothing(desk):
    task_id = desk.add()

    with pytest.raises(UsageError):
        change(desk, task_id, {"team": "ops", "priority": "asap"})
    with pytest.raises(UsageError):
        change(desk, task_id, {"team": "ops"}, add_labels=["\n"])
    assert (desk.task(task_id).team, desk.types(task_id)) == (None, ["created"])


def test_a_finished_task_may_still_be_corrected(desk):
    task_id = desk.add()
    lifecycle.cancel(desk.work(), task_id)
    change(desk, task_id, {"title": "Better"})

    assert (desk.task(task_id).title, desk.task(task_id).status) == ("Better", "cancelled")


# context


def test_context_is_appended_and_nothing_there_is_replaced(desk):
    task_id = desk.add()
    for text in ("\n# Staging\nis at v12", "and v13"):
        editing.context(desk.work(), task_id, text)

    assert [each.data for each in desk.events(task_id)[1:]] == [
        {"text": "\n# Staging\nis at v12"},
        {"text": "and v13"},
    ]
    assert desk.types(task_id) == ["created", "context_added", "context_added"]


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_empty_context_is_refused(desk, text):
    task_id = desk.add()

    with pytest.raises(UsageError, match="Context needs words"):
        editing.context(desk.work(), task_id, text)
    assert desk.types(task_id) == ["created"]


# delete


def test_a_deleted_task_is_gone_and_its_history_ends_with_the_deletion(desk):
    task_id = desk.add()
    editing.delete(desk.work(), task_id)

    assert not desk.is_there(task_id)
    assert desk.types(task_id) == ["created", "deleted"]
    assert desk.counts() == {}
    with pytest.raises(NotFound):
        editing.delete(desk.work(), task_id)


def test_what_was_owed_for_a_deleted_task_still_goes(desk):
    task_id = editing.add(desk.work(owed_to=("slack",)), {"title": "Ship it"})
    editing.delete(desk.work(owed_to=("slack",)), task_id)

    assert [each.event.name for each in Outbox(desk.database).unfanned(10)] == ["created", "deleted"]


def words_kept(desk, task_id):
    kept = []
    for event in desk.events(task_id):
        kept += [event.task.title, event.task.assignee, event.task.team, event.task.labels]
        kept += [event.changes, event.data]
    return repr(kept)


@pytest.mark.parametrize("is_later", [False, True])
def test_a_purge_empties_every_text_at_once_or_later_by_the_full_id(desk, is_later):
    secret = {name: "Secret" for name in ("description", "assignee", "team")}
    task_id = desk.add("Secret", labels=("Secret",), criteria=(Criterion(criterion="Secret"),), **secret)
    lifecycle.progress(desk.work(), task_id, "Secret")
    editing.context(desk.work(), task_id, "Secret")
    measuring.measure(desk.work(), task_id, {"name": "Secret"}, source="Secret")
    lifecycle.block(desk.work(), task_id, reason="Secret")

    assert "Secret" in words_kept(desk, task_id)

    if is_later:
        editing.delete(desk.work(), task_id)
    editing.delete(desk.work(), task_id, purge=True)

    assert "Secret" not in words_kept(desk, task_id)
    assert len(desk.events(task_id)) == 7
    assert Ledger(desk.database).unfanned()[0] == 7


def test_a_purge_that_cannot_rewrite_the_files_says_what_is_done_and_what_is_left(desk):
    class Full(SqliteDatabase):
        def scrub(self):
            raise StoreError("The disk is full; nothing was stored.") from sqlite3.OperationalError("disk is full")

    task_id = desk.add("Secret")
    with Full(desk.database.path) as full, pytest.raises(StoreError) as caught:
        editing.delete(Work(full, desk.clock, ALICE), task_id, purge=True)

    assert str(caught.value).startswith(f"Task {task_id} is purged, but words of it are left")
    assert "(disk is full)" in str(caught.value)
    assert "nothing was stored" not in str(caught.value)
    assert "Secret" not in words_kept(desk, task_id)


def test_the_deletion_says_whether_it_was_a_purge(desk):
    kept, purged = desk.add(), desk.add()
    editing.delete(desk.work(), kept)
    editing.delete(desk.work(), purged, purge=True)

    assert [desk.events(each)[-1].data for each in (kept, purged)] == [
        {"purged": False, "links": []},
        {"purged": True, "links": []},
    ]


def test_a_purge_of_what_was_never_there_is_not_found(desk):
    with pytest.raises(NotFound):
        editing.delete(desk.work(), "0a1b2c3d", purge=True)


def test_a_deadline_that_is_past_already_is_taken_with_a_remark(desk):
    work = desk.work()
    task_id = editing.add(work, {"title": "Late", "deadline": "2001-02-03T04:05:06.000000Z"})
    editing.update(work, task_id, {"title": "Later"})
    editing.update(work, task_id, {"deadline": "2999-01-01T00:00:00.000000Z"})
    editing.update(work, task_id, {"deadline": "2002-02-03T04:05:06.000000Z"})

    assert work.remarks == [f"The deadline of task {task_id}, {y}-02-03T04:05Z, is past already." for y in (2001, 2002)]
