"""Measurements and a person's word: kept, judged at once, refused when they make no sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm.criteria import from_expression
from tm.errors import UsageError
from tm.model import Criterion
from tm.service import completion, lifecycle, measuring
from tm.store.measurements import Measurements

COVERED = from_expression("coverage >= 85")
READ = from_expression("Alice has read it")


def verdicts(desk, task_id):
    return [each.verdict for each in desk.task(task_id).criteria]


def refusal(desk, task_id, call, *arguments, **options):
    before = desk.types(task_id)
    with pytest.raises(UsageError) as caught:
        call(desk.work(), task_id, *arguments, **options)
    assert desk.types(task_id) == before
    return str(caught.value)


def test_measured_values_are_kept_and_told_with_their_source(desk):
    task_id = desk.add()
    measuring.measure(desk.work(), task_id, {"coverage": 92.5, "passed": True, "review": "ok"}, source="ci")
    event = desk.events(task_id)[-1]

    assert Measurements(desk.database).of(task_id) == {
        "coverage": (92.5, "ci"),
        "passed": (True, "ci"),
        "review": ("ok", "ci"),
    }
    assert event.type == "task.measured"
    assert event.data == {
        "measurements": {"coverage": 92.5, "passed": True, "review": "ok"},
        "source": "ci",
    }


def test_the_newest_value_counts_and_the_history_keeps_both(desk):
    task_id = desk.add(criteria=(COVERED,))
    for value in (90, 80):
        measuring.measure(desk.work(), task_id, {"coverage": value})

    assert verdicts(desk, task_id) == ["unmet"]
    assert [each.data["measurements"] for each in desk.events(task_id)[1:]] == [
        {"coverage": 90},
        {"coverage": 80},
    ]


@pytest.mark.parametrize(("value", "verdict"), [(85, "met"), ("85", "met"), (84.9, "unmet"), ("high", "unknown")])
def test_every_value_is_judged_at_once(desk, value, verdict):
    task_id = desk.add(criteria=(COVERED, READ))
    measuring.measure(desk.work(), task_id, {"coverage": value})

    assert verdicts(desk, task_id) == [verdict, "unknown"]


def test_a_verdict_that_changed_is_named_and_one_that_did_not_is_not(desk):
    task_id = desk.add(criteria=(COVERED,))
    measuring.measure(desk.work(), task_id, {"coverage": 90})
    measuring.measure(desk.work(), task_id, {"coverage": 91})

    assert [each.data.get("fields") for each in desk.events(task_id)[1:]] == [["criteria"], None]


def test_a_finished_task_can_still_be_measured(desk):
    task_id = desk.add()
    completion.complete(desk.work(), task_id)
    measuring.measure(desk.work(), task_id, {"coverage": 90})

    assert desk.types(task_id) == ["created", "completed", "measured"]


@pytest.mark.parametrize("name", ["a", "_a", "coverage", "a.b:c/d-e_f9", "COVERAGE", "x" * 200])
def test_a_name_is_letters_digits_and_a_few_marks(desk, name):
    task_id = desk.add()
    measuring.measure(desk.work(), task_id, {name: 1})

    assert list(Measurements(desk.database).of(task_id)) == [name]


@pytest.mark.parametrize(
    "name",
    ["", "1a", "-a", ".a", "a b", " a", "and", "true", "a=b", "a\n", "é", "a'b", "x" * 201, "a b" * 100],
    ids=repr,
)
def test_any_other_name_is_refused(desk, name):
    text = refusal(desk, desk.add(), measuring.measure, {"fine": 1, name: 1})

    assert text.startswith(f"{name[:60]!r} is no name that criteria can read: start with a letter")


@pytest.mark.parametrize("value", ["", " \t", "x" * 1001])
def test_words_that_say_nothing_or_too_much_are_refused(desk, value):
    text = refusal(desk, desk.add(), measuring.measure, {"review": value})

    assert text == "The value of review must have 1 to 1000 characters."


def test_nothing_to_measure_is_refused(desk):
    assert refusal(desk, desk.add(), measuring.measure, {}).startswith("Nothing to measure.")


# a person's word


@pytest.mark.parametrize("verdict", ["met", "unmet"])
def test_a_persons_word_decides_a_manual_criterion(desk, verdict):
    task_id = desk.add(criteria=(COVERED, READ))
    measuring.decide(desk.work(), task_id, number=2, verdict=verdict)
    event = desk.events(task_id)[-1]

    assert verdicts(desk, task_id) == ["unknown", verdict]
    assert event.type == "task.measured"
    assert event.data == {
        "criterion": 2, "text": "Alice has read it", "verdict": verdict, "fields": ["criteria"],
    }  # fmt: skip


def test_a_person_may_change_their_mind(desk):
    task_id = desk.add(criteria=(READ,))
    for verdict in ("met", "unmet"):
        measuring.decide(desk.work(), task_id, number=1, verdict=verdict)

    assert verdicts(desk, task_id) == ["unmet"]


def test_a_persons_word_survives_the_next_measurement(desk):
    task_id = desk.add(criteria=(COVERED, READ))
    measuring.decide(desk.work(), task_id, number=2, verdict="met")
    measuring.measure(desk.work(), task_id, {"coverage": 90})

    assert verdicts(desk, task_id) == ["met", "met"]


@pytest.mark.parametrize("number", [-1, 0, 3])
def test_a_criterion_that_is_not_there_is_not_decided(desk, number):
    task_id = desk.add(criteria=(COVERED, READ))

    assert refusal(desk, task_id, measuring.decide, number=number, verdict="met") == (
        f"Task {task_id} has 2 criteria; there is no number {number}."
    )


def test_a_measured_criterion_is_not_decided_by_a_person(desk):
    task_id = desk.add(criteria=(Criterion(criterion="Covered", measurable="coverage >= 85"),))

    assert refusal(desk, task_id, measuring.decide, number=1, verdict="met") == (
        f"Criterion 1 of task {task_id} is measured, not decided: coverage >= 85. Use tm measure {task_id} name=value"
    )


def test_a_word_is_met_or_unmet(desk):
    task_id = desk.add(criteria=(READ,))

    assert refusal(desk, task_id, measuring.decide, number=1, verdict="yes") == (
        "Unknown verdict 'yes'. Choose one of: met, unmet."
    )


# what `name=value` means


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-7", -7), ("+1", 1), ("87.5", 87.5), ("1e3", 1000.0), (".5", 0.5), ("true", True),
        ("True", True), ("FALSE", False), ("passed", "passed"), ("  ok ", "ok"), ("", ""), ("1_000", "1_000"),
        ("nan", "nan"), ("inf", "inf"), ("1e999", "1e999"), ("١", "١"), ("0x10", "0x10"), ("1,5", "1,5"),
        ("yes", "yes"), ("null", "null"), ("1 2", "1 2"), ("007", 7), (" 5 ", 5),
    ],
)  # fmt: skip
def test_what_is_typed_is_a_number_a_truth_or_words(text, value):
    assert (type(measuring.typed(text)), measuring.typed(text)) == (type(value), value)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans())
def test_a_number_or_truth_typed_as_it_prints_is_understood(value):
    assert measuring.typed(str(value)) == value
    assert type(measuring.typed(str(value))) is type(value)


@given(st.text())
def test_any_text_means_something(text):
    assert measuring.typed(text) == measuring.typed(text.strip())


@pytest.mark.parametrize(
    ("name", "remark"),
    [("covrage", "reads 'covrage'; did you mean coverage?"), ("speed", "reads 'speed'; they read coverage.")],
)
def test_a_name_that_no_criterion_reads_is_kept_with_a_remark(desk, name, remark):
    task_id = desk.add(criteria=(COVERED, READ))
    work = desk.work()
    measuring.measure(work, task_id, {name: 1, "coverage": 90})

    assert work.remarks == [f"No criterion of task {task_id} {remark}"]
    assert Measurements(desk.database).of(task_id)[name] == (1, None)


def test_many_names_that_nothing_reads_are_one_remark_and_a_task_without_expressions_reads_all(desk):
    judged, free = desk.add(criteria=(COVERED,)), desk.add(criteria=(READ,))
    work = desk.work()
    for task_id in (judged, free):
        measuring.measure(work, task_id, {f"n{number}": 1 for number in range(9)})

    assert work.remarks == [f"No criterion of task {judged} reads 'n0', 'n1', 'n2' and 6 more; they read coverage."]


@pytest.mark.parametrize("end", [completion.complete, lifecycle.cancel])
def test_a_value_for_a_finished_task_is_kept_with_the_remark_that_it_decides_nothing(desk, end):
    task_id = desk.add(criteria=(COVERED, READ))
    end(desk.work(), task_id)
    status, work = desk.task(task_id).status, desk.work()
    measuring.measure(work, task_id, {"coverage": 90})
    measuring.decide(work, task_id, number=2, verdict="met")
    words = f"Task {task_id} is {status}: this is kept, but decides nothing unless it is reopened: tm reopen {task_id}"

    assert work.remarks == [words, words]
    assert verdicts(desk, task_id) == ["met", "met"]
