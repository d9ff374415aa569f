"""Completing: what the criteria refuse, what an override records, what is frozen; and the ratings after it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tm.clock import stamp
from tm.criteria import from_expression
from tm.errors import CriteriaNotMet, InvalidTransition, Refused, UsageError
from tm.model import Criterion
from tm.service import completion, lifecycle, measuring
from tm.service.work import Caller

NOON = "2026-11-22T12:00:00.000000Z"
COVERED = from_expression("coverage >= 85")
PASSING = Criterion(criterion="Tests pass", measurable="test_failures == 0")
READ = from_expression("Alice has read it")


def with_criteria(desk, *criteria, **measured):
    task_id = desk.add(criteria=criteria or (COVERED, PASSING))
    if measured:
        measuring.measure(desk.work(), task_id, measured, source="ci")
    return task_id


def refusal(desk, task_id, **options):
    before = desk.task(task_id), desk.types(task_id)
    with pytest.raises(CriteriaNotMet) as caught:
        completion.complete(desk.work(), task_id, validate=True, **options)
    assert (desk.task(task_id), desk.types(task_id)) == before
    return str(caught.value)


# complete


def test_a_completed_task_keeps_its_summary_its_hours_and_the_time(desk):
    task_id = desk.add(actual_hours=9.0)
    desk.clock.advance(timedelta(hours=2))
    completion.complete(desk.work(), task_id, summary="\n# Done ", actual_hours=4.5)
    task = desk.task(task_id)
    event = desk.events(task_id)[-1]

    assert (task.status, task.completion_summary, task.actual_hours) == ("completed", "# Done", 4.5)
    assert task.completed_at == stamp(desk.clock.now())
    assert event.type == "task.completed"
    assert event.data["summary"] == "# Done"
    assert event.changes == {"status": ("pending", "completed"), "actual_hours": (9.0, 4.5)}


def test_a_completion_without_words_keeps_the_hours_that_were_known(desk):
    task_id = desk.add(actual_hours=9.0)
    completion.complete(desk.work(), task_id, summary="  ")

    assert (desk.task(task_id).completion_summary, desk.task(task_id).actual_hours) == (None, 9.0)
    assert "summary" not in desk.events(task_id)[-1].data


def test_a_blocked_task_may_be_completed_and_is_blocked_no_more(desk):
    task_id = desk.add()
    lifecycle.block(desk.work(), task_id, reason="no key")
    completion.complete(desk.work(), task_id)
    task = desk.task(task_id)

    assert (task.status, task.blocked_reason, task.blocked_from) == ("completed", None, None)


@pytest.mark.parametrize("options", [{}, {"validate": True}, {"force": True}])
def test_a_finished_task_is_not_completed_again(desk, options):
    task_id = desk.add()
    completion.complete(desk.work(), task_id)

    with pytest.raises(InvalidTransition, match="is already completed; nothing was changed"):
        completion.complete(desk.work(), task_id, **options)
    assert desk.types(task_id) == ["created", "completed"]


def test_a_completion_that_says_nothing_sensible_is_refused(desk):
    task_id = desk.add()

    with pytest.raises(UsageError, match="The summary has 20001 characters"):
        completion.complete(desk.work(), task_id, summary="x" * 20_001)
    with pytest.raises(UsageError, match="--actual-hours must be 0 or more hours"):
        completion.complete(desk.work(), task_id, actual_hours=-1)
    assert desk.task(task_id).status == "pending"


# validate


def test_an_unmeasured_criterion_refuses_with_the_table_and_the_commands_that_would_help(desk):
    task_id = with_criteria(desk, COVERED, PASSING, READ, coverage=80)

    assert refusal(desk, task_id) == "\n".join(
        [
            f"Cannot complete task {task_id}: 3 of 3 criteria not met.",
            "✗  1  coverage >= 85                         coverage=80",
            "?  2  Tests pass         test_failures == 0  no value for test_failures",
            "?  3  Alice has read it                      a person has to say",
            "Overall: 0/3 criteria met",
            "Supply what is missing:",
            f"  tm measure {task_id} test_failures=…",
            f"  tm measure {task_id} --criterion 3 met",
            f"Or override, on record: tm complete {task_id} --validate --force",
        ]
    )


def test_an_unmet_criterion_alone_refuses_without_asking_for_more(desk):
    task_id = with_criteria(desk, COVERED, PASSING, coverage=80, test_failures=0)
    text = refusal(desk, task_id)

    assert text.startswith(f"Cannot complete task {task_id}: 1 of 2 criteria not met.")
    assert "Supply what is missing" not in text


def test_met_criteria_let_it_pass_and_are_frozen_with_values_and_sources(desk):
    task_id = with_criteria(desk, COVERED, PASSING, coverage=92.5, test_failures=0)
    completion.complete(desk.work(), task_id, validate=True)

    assert desk.task(task_id).status == "completed"
    assert desk.events(task_id)[-1].data == {
        "validated": True,
        "verdicts": [
            {
                "criterion": "coverage >= 85", "measurable": "coverage >= 85", "verdict": "met",
                "values": {"coverage": 92.5}, "sources": {"coverage": "ci"},
            },
            {
                "criterion": "Tests pass", "measurable": "test_failures == 0", "verdict": "met",
                "values": {"test_failures": 0}, "sources": {"test_failures": "ci"},
            },
        ],
    }  # fmt: skip


def test_what_is_measured_later_does_not_touch_what_was_frozen(desk):
    task_id = with_criteria(desk, COVERED, coverage=92.5)
    completion.complete(desk.work(), task_id, validate=True)
    frozen = desk.events(task_id)[-1]
    measuring.measure(desk.work(), task_id, {"coverage": 1})

    assert desk.events(task_id)[-2] == frozen
    assert frozen.data["verdicts"][0]["verdict"] == "met"


def test_a_task_without_criteria_has_nothing_to_refuse_and_the_event_says_so(desk):
    task_id = desk.add()
    completion.complete(desk.work(), task_id, validate=True)

    assert desk.events(task_id)[-1].data == {"validated": True, "verdicts": []}


def test_without_validate_the_verdicts_are_recorded_but_refuse_nothing(desk):
    task_id = with_criteria(desk, COVERED)
    completion.complete(desk.work(), task_id)

    assert desk.task(task_id).status == "completed"
    assert desk.events(task_id)[-1].data["validated"] is False
    assert desk.events(task_id)[-1].data["verdicts"][0]["verdict"] == "unknown"


def test_an_override_records_who_overrode_what(desk):
    task_id = with_criteria(desk, COVERED, PASSING, coverage=80, test_failures=0)
    completion.complete(desk.work(), task_id, validate=True, force=True)

    assert desk.task(task_id).status == "completed"
    assert desk.events(task_id)[-1].data["override"] == {
        "by": "alice@example.com",
        "criteria": ["coverage >= 85"],
    }


def test_a_force_that_overrode_nothing_is_no_override(desk):
    task_id = with_criteria(desk, COVERED, coverage=90)
    completion.complete(desk.work(), task_id, validate=True, force=True)

    assert "override" not in desk.events(task_id)[-1].data


# feedback


def rate(desk, task_id, **rating):
    return completion.feedback(desk.work(), task_id, **rating)


def completed(desk):
    task_id = desk.add()
    completion.complete(desk.work(), task_id)
    return task_id


def ratings(task):
    return task.feedback_quality, task.feedback_timeliness, task.feedback_note


def test_a_rating_is_kept_and_told_without_its_note_among_the_changes(desk):
    task_id = completed(desk)
    rate(desk, task_id, quality=5, timeliness=4, note="well done")
    event = desk.events(task_id)[-1]

    assert ratings(desk.task(task_id)) == (5, 4, "well done")
    assert event.type == "task.rated"
    assert event.changes == {"feedback_quality": (None, 5), "feedback_timeliness": (None, 4)}
    assert event.data == {
        "quality": 5, "timeliness": 4, "note": "well done", "automated": False, "fields": ["feedback_note"],
    }  # fmt: skip


def test_a_later_rating_replaces_what_it_names_and_the_history_keeps_both(desk):
    task_id = completed(desk)
    rate(desk, task_id, quality=5, timeliness=4, note="well done")
    rate(desk, task_id, quality=2)

    assert ratings(desk.task(task_id)) == (2, 4, "well done")
    assert [each.data.get("quality") for each in desk.events(task_id)[2:]] == [5, 2]


def test_a_rating_by_automation_is_marked(desk):
    task_id = completed(desk)
    robot = Caller(origin="ci", actor="bot", automated=True)
    completion.feedback(desk.work(robot), task_id, quality=3)

    assert desk.task(task_id).feedback_automated is True

    rate(desk, task_id, quality=4)

    assert desk.task(task_id).feedback_automated is False


@pytest.mark.parametrize("status", ["pending", "in_progress", "blocked", "cancelled"])
def test_only_a_completed_task_takes_feedback(desk, status):
    task_id = desk.add()
    if status == "blocked":
        lifecycle.block(desk.work(), task_id, reason="x")
    elif status == "cancelled":
        lifecycle.cancel(desk.work(), task_id)
    elif status == "in_progress":
        lifecycle.progress(desk.work(), task_id, "x")

    with pytest.raises(Refused) as caught:
        rate(desk, task_id, quality=5)

    assert str(caught.value) == f"Task {task_id} is {status}; only a completed task takes feedback."
    assert desk.task(task_id).feedback_quality is None


@pytest.mark.parametrize(
    ("rating", "sentence"),
    [
        ({}, "Feedback needs --quality, --timeliness or --note."),
        ({"note": ""}, "Feedback needs --quality, --timeliness or --note."),
        ({"quality": 0}, "The --quality must be a whole number from 1 to 5, not 0."),
        ({"timeliness": 6}, "The --timeliness must be a whole number from 1 to 5, not 6."),
        ({"note": "x" * 501}, "The feedback note has 501 characters; at most 500 are kept."),
    ],
)
def test_feedback_without_sense_is_refused(desk, rating, sentence):
    task_id = completed(desk)

    with pytest.raises(UsageError) as caught:
        rate(desk, task_id, **rating)

    assert str(caught.value) == sentence
    assert desk.types(task_id) == ["created", "completed"]
