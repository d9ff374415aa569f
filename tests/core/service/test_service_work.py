"""The unit of work: idempotency keys, revisions, quiet changes, exact ids, and what is owed to whom."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tm.errors import InvalidTransition, NotFound, Refused, RevisionConflict
from tm.service import completion, editing, lifecycle, measuring
from tm.service.work import Caller, event_id
from tm.store.events import Events
from tm.store.outbox import Outbox

CHANGES = {
    "update": lambda work, ref: editing.update(work, ref, {"team": "ops"}),
    "context": lambda work, ref: editing.context(work, ref, "words"),
    "delete": editing.delete,
    "progress": lambda work, ref: lifecycle.progress(work, ref, "half way"),
    "block": lambda work, ref: lifecycle.block(work, ref, reason="no key"),
    "cancel": lifecycle.cancel,
    "move": lambda work, ref: lifecycle.move(work, ref, status="in_progress"),
    "complete": completion.complete,
    "measure": lambda work, ref: measuring.measure(work, ref, {"coverage": 1}),
}
EVERY = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())


# keys


@EVERY
def test_the_same_key_and_change_again_is_the_first_answer_and_no_second_change(desk, change):
    task_id = desk.add()
    first = change(desk.work(key="K"), task_id)
    before = desk.history()
    desk.clock.advance(timedelta(days=400))
    again = desk.work(key="K")

    assert change(again, task_id) == first == task_id
    assert (again.is_repeat, again.recorded) == (True, [])
    assert desk.history() == before


def test_adding_under_a_key_adds_one_task(desk):
    ids = {editing.add(desk.work(key="K"), {"title": "Ship it"}) for _ in range(3)}

    assert len(ids) == 1
    assert len(desk.history()) == 1


def test_a_deadline_typed_the_same_is_the_same_change_whenever_that_is(desk):
    def add(due):
        return editing.add(desk.work(key="K", typed={"deadline": "tomorrow"}), {"title": "Ship it", "deadline": due})

    first = add("2026-11-04T22:59:59.000000Z")

    assert add("2026-11-05T22:59:59.000000Z") == first
    assert desk.task(first).deadline == "2026-11-04T22:59:59.000000Z"


def test_a_first_change_under_a_key_is_no_repeat(desk):
    work = desk.work(key="K")
    editing.add(work, {"title": "Ship it"})

    assert (work.is_repeat, len(work.recorded)) == (False, 1)


def test_a_key_belongs_to_one_change_and_another_under_it_stores_nothing(desk):
    task_id = editing.add(desk.work(key="K"), {"title": "Ship it"})

    with pytest.raises(Refused) as caught:
        lifecycle.progress(desk.work(key="K"), task_id, "x")

    assert str(caught.value) == (
        f"The key 'K' was already used for another change (tm add on task {task_id}). "
        "Use a fresh key; nothing was stored."
    )
    assert desk.types(task_id) == ["created"]


def test_other_words_another_door_or_another_task_under_the_key_are_another_change(desk):
    one, two = desk.add(), desk.add()
    lifecycle.progress(desk.work(key="K"), one, "x")
    attempts = [
        (desk.work(key="K"), one, "y"),
        (desk.work(key="K"), two, "x"),
        (desk.work(Caller(origin="api", actor="alice@example.com"), key="K"), one, "x"),
    ]

    for work, task_id, note in attempts:
        with pytest.raises(Refused, match="already used for another change"):
            lifecycle.progress(work, task_id, note)
    assert len(desk.history()) == 4


def test_another_person_may_repeat_the_change_under_its_key(desk):
    task_id = desk.add()
    lifecycle.progress(desk.work(key="K"), task_id, "x")
    again = desk.work(Caller(origin="cli", actor="bob"), key="K")
    lifecycle.progress(again, task_id, "x")

    assert again.is_repeat


def test_a_refused_change_does_not_use_up_its_key(desk):
    task_id = desk.add()
    with pytest.raises(InvalidTransition):
        lifecycle.unblock(desk.work(key="K"), task_id)
    lifecycle.block(desk.work(), task_id, reason="x")
    work = desk.work(key="K")
    lifecycle.unblock(work, task_id)

    assert not work.is_repeat
    assert desk.task(task_id).status == "pending"


def test_a_key_answers_even_when_the_task_is_gone_by_now(desk):
    task_id = editing.add(desk.work(key="K"), {"title": "Ship it"})
    editing.delete(desk.work(), task_id)

    assert editing.add(desk.work(key="K"), {"title": "Ship it"}) == task_id
    assert not desk.is_there(task_id)


def test_a_key_nobody_chose_lets_a_different_change_run(desk):
    task_id = desk.add()
    for note in ("x", "x", "y"):
        lifecycle.progress(desk.work(key="K", key_is_own=False), task_id, note)

    assert [each.data["note"] for each in desk.events(task_id) if each.data] == ["x", "y"]


@pytest.mark.parametrize("key", ["x" * 5000, "é🚀 '; drop table task", " "])
def test_a_key_is_any_text(desk, key):
    editing.add(desk.work(key=key), {"title": "Ship it"})
    editing.add(desk.work(key=key), {"title": "Ship it"})

    assert len(desk.history()) == 1


# revisions


@EVERY
def test_a_change_for_another_revision_is_refused_and_stores_nothing(desk, change):
    task_id = desk.add()
    lifecycle.progress(desk.work(), task_id, "somebody else")
    before = desk.history(), desk.task(task_id)

    with pytest.raises(RevisionConflict) as caught:
        change(desk.work(revision=1), task_id)

    assert str(caught.value) == (
        f"Task {task_id} is at revision 3, not 1: somebody changed it. Look again: tm show {task_id}"
    )
    assert (desk.history(), desk.task(task_id)) == before


@EVERY
def test_a_change_for_the_revision_there_is_goes_through(desk, change):
    task_id = desk.add()

    assert change(desk.work(revision=1), task_id) == task_id
    assert len(desk.events(task_id)) > 1


def test_consequences_for_other_tasks_do_not_mind_the_revision(desk):
    target = desk.add()
    waiter = desk.add(depends_on=(target,))
    lifecycle.progress(desk.work(), waiter, "a note")
    completion.complete(desk.work(revision=1), target)

    assert desk.task(waiter).status == "pending"


# quiet, exact, owed


def test_a_quiet_change_is_history_at_once(desk):
    work = desk.work(owed_to=("slack",), quiet=True)
    task_id = editing.add(work, {"title": "Ship it"})
    lifecycle.progress(desk.work(owed_to=("slack",), quiet=True), task_id, "x")

    assert not Outbox(desk.database).has_unfanned()
    assert desk.types(task_id) == ["created", "progressed", "started"]


def test_every_event_of_a_change_is_owed_to_the_names_the_caller_knew(desk):
    target = desk.add()
    desk.add(depends_on=(target,))
    lifecycle.progress(desk.work(owed_to=("jira", "slack")), target, "x")
    completion.complete(desk.work(owed_to=("slack",)), target)
    owed = {each.event.name: each.owed_to for each in Outbox(desk.database).unfanned(10)}

    assert owed == {
        "created": (),
        "progressed": ("jira", "slack"),
        "started": ("jira", "slack"),
        "completed": ("slack",),
        "unblocked": ("slack",),
    }


def test_a_person_types_a_prefix_and_automation_the_whole_id(desk):
    task_id = desk.add()
    lifecycle.progress(desk.work(), task_id[:4], "x")

    with pytest.raises(NotFound):
        lifecycle.progress(desk.work(exact=True), task_id[:4], "x")
    lifecycle.progress(desk.work(exact=True), task_id, "x")


def test_automation_names_dependencies_by_the_whole_id_too(desk):
    target = desk.add()

    with pytest.raises(NotFound):
        editing.add(desk.work(exact=True), {"title": "x"}, depends_on=(target[:4],))
    assert len(desk.history()) == 1


def test_the_work_knows_the_events_it_recorded(desk):
    target = desk.add()
    desk.add(depends_on=(target,))
    work = desk.work()
    completion.complete(work, target)
    events = Events(desk.database)

    assert [events.get(seq).name for seq in work.recorded] == ["completed", "unblocked"]


# the envelope


def test_the_caller_is_the_origin_and_the_actor_and_consequences_belong_to_tm(desk):
    jira = Caller(origin="jira", actor="carol")
    task_id = editing.add(desk.work(jira, caused_by="e0"), {"title": "Ship it"})
    lifecycle.progress(desk.work(jira, caused_by="e1"), task_id, "x")
    created, progressed, started = desk.events(task_id)

    assert [(each.origin, each.actor) for each in (created, progressed, started)] == [
        ("jira", "carol"),
        ("jira", "carol"),
        ("tm", "carol"),
    ]
    assert [each.caused_by for each in (created, progressed, started)] == ["e0", "e1", progressed.id]


def test_event_ids_are_version_7_uuids_that_sort_by_time(desk):
    ids = []
    for _ in range(20):
        ids.append(event_id(desk.clock.now().timestamp()))
        desk.clock.advance(timedelta(milliseconds=1))

    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", i) for i in ids)


def test_the_time_of_a_change_is_the_clocks_and_one_for_all_it_causes(desk):
    target = desk.add()
    desk.add(depends_on=(target,))
    desk.clock.advance(timedelta(minutes=5))
    work = desk.work()
    completion.complete(work, target)

    assert {each.at for each in desk.history()[-2:]} == {"2026-11-22T12:05:00.000000Z"}
