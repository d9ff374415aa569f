"""Dependencies: who waits, who is freed and by what, and the rings that are refused."""

from __future__ import annotations

import pytest

from tm.errors import NotFound, Refused
from tm.service import completion, editing, lifecycle
from tm.store.dependencies import Dependencies

FINISH = {
    "completed": completion.complete,
    "cancelled": lifecycle.cancel,
    "deleted": editing.delete,
}


def finish(desk, task_id, how="completed"):
    FINISH[how](desk.work(), task_id)


def depend(desk, task_id, *refs):
    work = desk.work()
    editing.update(work, task_id, {}, depends_on=refs)
    return work


def targets(desk, task_id):
    return Dependencies(desk.database).of(task_id)


# waiting


def test_a_new_task_with_open_dependencies_is_blocked_and_says_what_it_waits_for(desk):
    one, two = sorted([desk.add(), desk.add()])
    waiter = desk.add(depends_on=(two, one))
    task = desk.task(waiter)
    [event] = desk.events(waiter)

    assert (task.status, task.blocked_from, task.waits) == ("blocked", "pending", True)
    assert task.blocked_reason == f"waits for {one}, {two}"
    assert (event.type, event.task.status, event.data) == ("task.created", "blocked", {"waits_for": [one, two]})


def test_a_new_task_whose_dependencies_are_finished_is_not_blocked(desk):
    done = desk.add()
    finish(desk, done)
    task_id = desk.add(depends_on=(done,))

    assert desk.task(task_id).status == "pending"
    assert targets(desk, task_id) == [done]


def test_a_reason_names_only_what_is_still_open(desk):
    done, left = desk.add(), desk.add()
    finish(desk, done)

    assert desk.task(desk.add(depends_on=(done, left))).blocked_reason == f"waits for {left}"


def test_what_was_typed_short_is_kept_and_told_as_the_full_id(desk):
    target = desk.add()
    waiter = desk.add(depends_on=(target[:6],))

    assert targets(desk, waiter) == [target]
    assert desk.events(waiter)[0].data == {"waits_for": [target]}


def test_a_dependency_on_nothing_is_refused_and_no_task_is_added(desk):
    with pytest.raises(NotFound, match="There is no task '0a1b2c3d'"):
        desk.add(depends_on=("0a1b2c3d",))
    assert desk.history() == []


# being freed


@pytest.mark.parametrize("how", FINISH)
def test_finishing_the_last_dependency_frees_the_waiter_as_an_event_of_its_own(desk, how):
    target = desk.add()
    waiter = desk.add(depends_on=(target,))
    finish(desk, target, how)
    task, event = desk.task(waiter), desk.events(waiter)[-1]

    assert (task.status, task.blocked_reason, task.blocked_from, task.waits) == ("pending", None, None, False)
    assert (event.type, event.origin, event.actor) == ("task.unblocked", "tm", "alice@example.com")
    assert event.caused_by == desk.events(target)[-1].id
    assert event.data == {"note": "dependencies finished"}


@pytest.mark.parametrize("how", FINISH)
def test_finishing_one_of_two_only_shortens_the_reason(desk, how):
    one, two = desk.add(), desk.add()
    waiter = desk.add(depends_on=(one, two))
    finish(desk, one, how)
    event = desk.events(waiter)[-1]

    assert desk.task(waiter).status == "blocked"
    assert desk.task(waiter).blocked_reason == f"waits for {two}"
    assert (event.type, event.origin, list(event.changes)) == ("task.updated", "tm", ["blocked_reason"])

    finish(desk, two)

    assert desk.task(waiter).status == "pending"


def test_a_deleted_dependency_is_forgotten(desk):
    target = desk.add()
    waiter = desk.add(depends_on=(target,))
    finish(desk, target, "deleted")

    assert targets(desk, waiter) == []


def test_a_deleted_waiter_waits_no_more(desk):
    target = desk.add()
    waiter = desk.add(depends_on=(target,))
    editing.delete(desk.work(), waiter)
    finish(desk, target)

    assert desk.types(waiter) == ["created", "deleted"]


def test_many_waiters_are_freed_at_once_and_a_chain_only_by_one_link(desk):
    first = desk.add()
    waiters = [desk.add(depends_on=(first,)) for _ in range(3)]
    last = desk.add(depends_on=(waiters[0],))
    finish(desk, first)

    assert [desk.task(each).status for each in waiters] == ["pending"] * 3
    assert desk.task(last).status == "blocked"


def test_a_freed_task_returns_to_the_status_it_came_from(desk):
    target, waiter = desk.add(), desk.add()
    lifecycle.progress(desk.work(), waiter, "begun")
    depend(desk, waiter, target)

    assert desk.task(waiter).blocked_from == "in_progress"

    finish(desk, target)

    assert desk.task(waiter).status == "in_progress"


def test_a_task_a_person_blocked_is_not_freed_by_its_dependencies(desk):
    target = desk.add()
    waiter = desk.add(depends_on=(target,))
    lifecycle.block(desk.work(), waiter, reason="no key either")
    finish(desk, target)

    assert desk.task(waiter).status == "blocked"
    assert desk.task(waiter).blocked_reason == "no key either"


def test_a_person_may_unblock_a_waiter_and_it_is_not_freed_twice(desk):
    target = desk.add()
    waiter = desk.add(depends_on=(target,))
    lifecycle.unblock(desk.work(), waiter)
    finish(desk, target)

    assert desk.types(waiter) == ["created", "unblocked"]


def test_a_waiter_that_nothing_changes_for_hears_nothing(desk):
    once, left = desk.add(), desk.add()
    waiter = desk.add(depends_on=(once, left))
    finish(desk, once)
    lifecycle.reopen(desk.work(), once)
    finish(desk, once)

    assert desk.types(waiter) == ["created", "updated"]


# changing dependencies


def test_new_dependencies_replace_the_old_and_block_with_an_event_that_says_why(desk):
    old, new, task_id = desk.add(), desk.add(), desk.add()
    finish(desk, old)
    depend(desk, task_id, old)
    depend(desk, task_id, new)
    _, first, second, blocked = desk.events(task_id)

    assert targets(desk, task_id) == [new]
    assert (first.type, first.data) == ("task.updated", {"waits_for": [old]})
    assert (second.type, second.data) == ("task.updated", {"waits_for": [new]})
    assert (blocked.type, blocked.origin, blocked.caused_by) == ("task.blocked", "tm", second.id)
    assert blocked.data == {"reason": f"waits for {new}"}
    assert blocked.changes["status"] == ("pending", "blocked")


def test_taking_the_open_dependencies_away_frees_the_task(desk):
    target = desk.add()
    waiter = desk.add(depends_on=(target,))
    depend(desk, waiter)

    assert desk.task(waiter).status == "pending"
    assert targets(desk, waiter) == []
    assert desk.types(waiter) == ["created", "updated", "unblocked"]


def test_the_same_dependencies_again_change_nothing(desk):
    target = desk.add()
    waiter = desk.add(depends_on=(target,))
    work = depend(desk, waiter, target)

    assert work.remarks == [f"Task {waiter} already is like that; nothing was changed."]
    assert desk.types(waiter) == ["created"]


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_finished_task_is_not_blocked_by_new_dependencies(desk, status):
    target, task_id = desk.add(), desk.add()
    finish(desk, task_id, status)
    depend(desk, task_id, target)

    assert desk.task(task_id).status == status
    assert targets(desk, task_id) == [target]


def test_a_persons_block_keeps_its_reason_over_new_dependencies(desk):
    target, task_id = desk.add(), desk.add()
    lifecycle.block(desk.work(), task_id, reason="no key")
    depend(desk, task_id, target)

    assert desk.task(task_id).blocked_reason == "no key"


# rings


def test_a_task_cannot_wait_for_itself(desk):
    task_id = desk.add()

    with pytest.raises(Refused, match=f"Task {task_id} cannot wait for itself"):
        depend(desk, task_id, task_id)
    assert targets(desk, task_id) == []


def test_a_ring_is_refused_and_the_old_dependencies_stay(desk):
    first = desk.add()
    second = desk.add(depends_on=(first,))
    third = desk.add(depends_on=(second,))
    other = desk.add()
    depend(desk, first, other)
    before = desk.task(first), desk.types(first)

    with pytest.raises(Refused) as caught:
        depend(desk, first, third)

    assert str(caught.value) == f"Task {first} cannot wait for {third}: {third} already waits for {first}."
    assert targets(desk, first) == [other]
    assert (desk.task(first), desk.types(first)) == before


def test_a_diamond_is_no_ring(desk):
    top = desk.add()
    left, right = desk.add(depends_on=(top,)), desk.add(depends_on=(top,))
    bottom = desk.add(depends_on=(left, right))
    for each in (top, left, right):
        finish(desk, each)

    assert desk.task(bottom).status == "pending"
