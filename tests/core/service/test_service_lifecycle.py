"""Progress, block, unblock, cancel, reopen, move: what becomes of the task and what the history says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tm.clock import stamp
from tm.errors import InvalidTransition, NotFound, UsageError
from tm.service import completion, lifecycle

NOON = "2026-11-22T12:00:00.000000Z"
WAYS_IN = {
    "pending": (),
    "in_progress": (lambda work, task_id: lifecycle.progress(work, task_id, "begun"),),
    "blocked": (lambda work, task_id: lifecycle.block(work, task_id, reason="no key"),),
    "completed": (lambda work, task_id: completion.complete(work, task_id),),
    "cancelled": (lambda work, task_id: lifecycle.cancel(work, task_id),),
}


def in_status(desk, *statuses):
    task_id = desk.add()
    for status in statuses:
        for step in WAYS_IN[status]:
            step(desk.work(), task_id)
    return task_id


def refused(desk, task_id, call, *arguments, **options):
    before = desk.task(task_id), desk.types(task_id)
    with pytest.raises((InvalidTransition, UsageError)) as caught:
        call(desk.work(), task_id, *arguments, **options)
    assert (desk.task(task_id), desk.types(task_id)) == before
    return str(caught.value)


# progress


def test_the_first_progress_starts_a_pending_task_as_an_event_of_its_own(desk):
    task_id = desk.add()
    desk.clock.advance(timedelta(hours=1))
    lifecycle.progress(desk.work(), task_id, "half way", percent=50)
    _, noted, started = desk.events(task_id)

    assert (noted.type, noted.origin, noted.data) == ("task.progressed", "cli", {"note": "half way", "percent": 50})
    assert (noted.changes, noted.caused_by) == ({}, None)
    assert (started.type, started.origin, started.caused_by) == ("task.started", "tm", noted.id)
    assert started.changes == {"status": ("pending", "in_progress")}
    assert (noted.revision, started.revision) == (2, 3)
    assert desk.task(task_id).status == "in_progress"
    assert desk.task(task_id).started_at == stamp(desk.clock.now())


def test_further_progress_is_one_event_and_keeps_the_time_of_the_start(desk):
    task_id = in_status(desk, "in_progress")
    desk.clock.advance(timedelta(hours=1))
    lifecycle.progress(desk.work(), task_id, "\n## more\n")

    assert desk.types(task_id) == ["created", "progressed", "started", "progressed"]
    assert desk.events(task_id)[-1].data == {"note": "\n## more\n"}
    assert desk.task(task_id).started_at == NOON


@pytest.mark.parametrize("status", ["blocked", "completed", "cancelled"])
def test_progress_on_any_other_task_is_kept_as_a_note_and_said(desk, status):
    task_id = in_status(desk, status)
    work = desk.work()
    lifecycle.progress(work, task_id, "late")

    assert desk.task(task_id).status == status
    assert desk.events(task_id)[-1].type == "task.noted"
    assert desk.events(task_id)[-1].data == {"note": "late"}
    assert work.remarks == [f"Task {task_id} is {status}; the progress was kept as a note."]


@pytest.mark.parametrize(
    ("note", "percent", "sentence"),
    [
        ("", None, "A progress note needs words."),
        (" \n", None, "A progress note needs words."),
        ("x", -1, "--percent must be from 0 to 100, not -1."),
        ("x", 101, "--percent must be from 0 to 100, not 101."),
        ("a\0b", None, "The progress note holds a NUL character; remove it."),
        ("x" * 100_001, None, "The progress note has 100001 characters; at most 100000 are kept."),
    ],
)
def test_progress_without_sense_is_refused(desk, note, percent, sentence):
    task_id = desk.add()

    assert refused(desk, task_id, lifecycle.progress, note, percent=percent).startswith(sentence)


# block and unblock


@pytest.mark.parametrize("status", ["pending", "in_progress"])
def test_a_blocked_task_says_why_and_returns_to_where_it_came_from(desk, status):
    task_id = in_status(desk, status)
    lifecycle.block(desk.work(), task_id, reason=" no key ")
    blocked = desk.task(task_id)
    lifecycle.unblock(desk.work(), task_id, note="got it")
    told_blocked, told_unblocked = desk.events(task_id)[-2:]

    assert (blocked.status, blocked.blocked_reason, blocked.blocked_from) == ("blocked", "no key", status)
    assert (desk.task(task_id).status, desk.task(task_id).blocked_reason) == (status, None)
    assert (told_blocked.type, told_blocked.data) == ("task.blocked", {"reason": "no key"})
    assert told_blocked.changes == {"status": (status, "blocked"), "blocked_reason": (None, "no key")}
    assert (told_unblocked.type, told_unblocked.data) == ("task.unblocked", {"note": "got it"})


def test_blocking_a_blocked_task_replaces_the_reason_and_remembers_the_first_status(desk):
    task_id = in_status(desk, "in_progress", "blocked")
    lifecycle.block(desk.work(), task_id, reason="no disk")

    assert desk.task(task_id).blocked_reason == "no disk"
    assert desk.events(task_id)[-1].changes == {"blocked_reason": ("no key", "no disk")}

    lifecycle.unblock(desk.work(), task_id)

    assert desk.task(task_id).status == "in_progress"
    assert desk.events(task_id)[-1].data == {}


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_finished_task_is_not_blocked(desk, status):
    task_id = in_status(desk, status)

    assert refused(desk, task_id, lifecycle.block, reason="x") == (
        f"Task {task_id} is {status}; it cannot become blocked. Reopen it first: tm reopen {task_id}"
    )


@pytest.mark.parametrize("status", ["pending", "in_progress", "completed", "cancelled"])
def test_what_is_not_blocked_is_not_unblocked(desk, status):
    task_id = in_status(desk, status)

    assert refused(desk, task_id, lifecycle.unblock) == (
        f"Task {task_id} is {status}, not blocked; nothing was changed."
    )


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_block_without_a_reason_is_refused(desk, reason):
    assert refused(desk, desk.add(), lifecycle.block, reason=reason).startswith("Say why it is blocked.")


# cancel and reopen


@pytest.mark.parametrize("statuses", [("pending",), ("in_progress",), ("blocked",), ("in_progress", "blocked")])
def test_any_open_task_can_be_given_up_with_a_reason(desk, statuses):
    task_id = in_status(desk, *statuses)
    lifecycle.cancel(desk.work(), task_id, reason="not needed")
    task = desk.task(task_id)

    assert (task.status, task.blocked_reason, task.blocked_from) == ("cancelled", None, None)
    assert desk.events(task_id)[-1].data == {"reason": "not needed"}
    assert desk.events(task_id)[-1].changes["status"] == (statuses[-1], "cancelled")


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_finished_task_is_not_cancelled(desk, status):
    assert "cancelled" in refused(desk, in_status(desk, status), lifecycle.cancel)


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_finished_task_reopens_in_progress_and_is_no_longer_done(desk, status):
    task_id = in_status(desk, status)
    lifecycle.reopen(desk.work(), task_id, reason="a bug")
    task = desk.task(task_id)

    assert (task.status, task.completed_at, task.started_at) == ("in_progress", None, NOON)
    assert (desk.events(task_id)[-1].type, desk.events(task_id)[-1].data) == ("task.reopened", {"reason": "a bug"})


def test_a_reopened_task_keeps_the_time_of_its_first_start(desk):
    task_id = in_status(desk, "in_progress", "completed")
    desk.clock.advance(timedelta(days=1))
    lifecycle.reopen(desk.work(), task_id)

    assert desk.task(task_id).started_at == NOON


@pytest.mark.parametrize("status", ["pending", "in_progress", "blocked"])
def test_an_open_task_is_not_reopened(desk, status):
    task_id = in_status(desk, status)

    assert refused(desk, task_id, lifecycle.reopen) == (
        f"Task {task_id} is {status}; only a completed or cancelled task reopens."
    )


# move


def test_a_task_is_started_and_put_back(desk):
    task_id = desk.add()
    lifecycle.move(desk.work(), task_id, status="in_progress")

    assert (desk.task(task_id).status, desk.task(task_id).started_at) == ("in_progress", NOON)

    lifecycle.move(desk.work(), task_id, status="pending")

    assert desk.task(task_id).status == "pending"
    assert desk.types(task_id) == ["created", "started", "paused"]


@pytest.mark.parametrize(
    ("status", "there", "sentence"),
    [
        ("pending", "pending", "is already pending; nothing was changed."),
        ("in_progress", "in_progress", "is already in_progress; nothing was changed."),
        ("blocked", "pending", "is blocked. Unblock it first: tm unblock "),
        ("blocked", "in_progress", "is blocked. Unblock it first: tm unblock "),
        ("completed", "pending", "is completed; it cannot become pending. Reopen it first: tm reopen "),
        ("pending", "completed", "A task becomes completed by a verb of its own: tm complete "),
        ("pending", "cancelled", "A task becomes cancelled by a verb of its own: tm cancel "),
        ("pending", "blocked", "A task becomes blocked by a verb of its own: tm block "),
        ("pending", "done", "Unknown status here 'done'."),
    ],
)
def test_a_move_that_is_none_is_refused(desk, status, there, sentence):
    assert sentence in refused(desk, in_status(desk, status), lifecycle.move, status=there)


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_finished_task_moved_to_in_progress_is_taken_up_again(desk, status):
    task_id = in_status(desk, status)
    lifecycle.move(desk.work(), task_id, status="in_progress")

    assert (desk.task(task_id).status, desk.task(task_id).completed_at) == ("in_progress", None)


# every use case


@pytest.mark.parametrize(
    "call",
    [
        lambda work, ref: lifecycle.progress(work, ref, "x"),
        lambda work, ref: lifecycle.block(work, ref, reason="x"),
        lifecycle.unblock,
        lifecycle.cancel,
        lifecycle.reopen,
        lambda work, ref: lifecycle.move(work, ref, status="pending"),
    ],
)
def test_a_task_that_is_not_there_is_not_found(desk, call):
    with pytest.raises(NotFound, match="There is no task '0a1b2c3d'"):
        call(desk.work(), "0a1b2c3d")
    assert desk.history() == []
