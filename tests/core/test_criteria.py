"""Criteria: how they are read, what is refused, how they are judged and what a person is told."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm.criteria import (
    MAX_CRITERIA,
    MAX_LENGTH,
    checked,
    from_expression,
    from_json,
    is_met,
    judged,
    table,
    verdicts,
    what_next,
)
from tm.errors import UsageError
from tm.expressions import ExpressionError
from tm.model import Criterion

PASSING = Criterion(criterion="Unit tests pass", measurable="unit_test_pass_rate == 100")
COVERED = Criterion(criterion="Covered", measurable="code_coverage >= 85")
REVIEWED = Criterion(criterion="Alice has read the docs")
VALUES = {"unit_test_pass_rate": 100.0, "code_coverage": 80}


def marks(criteria: list[Criterion], values: dict[str, object]) -> list[str]:
    return [one.verdict for one in judged(criteria, values)]


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        from_json(text)
    return str(caught.value)


def test_an_expression_is_its_own_text_and_prose_is_left_to_a_person():
    assert from_expression(" code_coverage >= 85 ") == Criterion(
        criterion="code_coverage >= 85", measurable="code_coverage >= 85"
    )
    assert from_expression("auth/login returns 200") == Criterion(criterion="auth/login returns 200")


def test_the_indented_json_of_a_script_is_read():
    text = """[
        {"criterion": " Unit tests pass ", "measurable": "unit_test_pass_rate == 100"},
        {"criterion": "Covered", "measurable": " code_coverage >= 85 "},
        {"criterion": "Alice has read the docs", "measurable": null},
        "security_issues == 0"
    ]"""

    assert from_json(text) == (PASSING, COVERED, REVIEWED, from_expression("security_issues == 0"))
    assert from_json("[]") == ()


def test_prose_given_as_measurable_is_kept():
    [criterion] = from_json('[{"criterion": "Login works", "measurable": "auth/login returns 200"}]')

    assert criterion.measurable == "auth/login returns 200"
    assert marks([criterion], {}) == ["unknown"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "--criteria is not valid JSON (Expecting value: line 1"),
        ('[{"criterion": "x",}]', "--criteria is not valid JSON ("),
        ("[" * 100_000, "--criteria is not valid JSON ("),
        ("{}", "--criteria must be a JSON array like"),
        ('"coverage >= 85"', "not a string."),
        ('["a == 1", 7]', "--criteria: entry 2: expected an object or a string, not a number."),
        ("[[]]", "--criteria: entry 1: expected an object or a string, not an array."),
        ('["a", {"criterion": "x", "measurable": 5}]', "2: 'measurable' must be a string, not a number."),
        ('[{"criterion": "x", "measurable": true}]', "'measurable' must be a string, not true or false."),
        ('[{"criterion": null}]', "entry 1: 'criterion' must be a string, not null."),
        ('[{"measurable": "a == 1"}]', "entry 1: 'criterion' is missing"),
        ('[{"criterion": "x", "Measureable": "a == 1"}]', "'Measureable'; did you mean 'measurable'?"),
        ('[{"criterion": "x", "weight": 3}]', "key 'weight'; known are 'criterion' and 'measurable'."),
        ('[{"criterion": " "}]', "entry 1: the text is empty"),
        ('[""]', "entry 1: the text is empty"),
        ('[{"criterion": "x", "measurable": ""}]', "entry 1: The expression is empty"),
        ('["line\\nline two"]', "entry 1: it holds the control character '\\n'"),
        ('["half \\ud800 pair"]', "entry 1: it holds the control character '\\ud800'"),
        ('[{"criterion": "x", "measurable": "no \\u0000 no"}]', "it holds the control character '\\x00'"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_json_is_told_with_its_entry(text, told):
    assert told in refusal(text)


def test_a_broken_expression_is_told_with_its_entry_and_a_caret():
    told = refusal('["a == 1", {"criterion": "x", "measurable": "coverage = 85"}]')

    assert told == "--criteria: entry 2: '=' is not an operator here; use '=='.\n  coverage = 85\n           ^"


def test_a_broken_criterion_on_the_command_line_is_told_by_its_text():
    with pytest.raises(ExpressionError, match=r"^Criterion 'coverage = 85': '=' is not an operator here"):
        from_expression("coverage = 85")


def test_a_task_has_at_most_ten_criteria():
    assert len(checked([REVIEWED] * MAX_CRITERIA)) == MAX_CRITERIA
    with pytest.raises(UsageError, match="11 criteria are too many; a task has at most 10"):
        checked([REVIEWED] * (MAX_CRITERIA + 1))


def test_a_criterion_has_one_to_five_hundred_characters():
    assert checked([Criterion(criterion="x" * MAX_LENGTH)])
    with pytest.raises(UsageError, match="Criterion 1: the text is empty"):
        checked([Criterion(criterion=" ")])
    with pytest.raises(UsageError, match="Criterion 2: the text has 501 characters; at most 500 are kept"):
        checked([REVIEWED, Criterion(criterion="x" * (MAX_LENGTH + 1))])


@pytest.mark.parametrize("broken", ["coverage = 85", "x" * 10**6, "prose without end " * 10**5, ""])
def test_every_expression_of_a_task_must_be_readable(broken):
    with pytest.raises(ExpressionError, match=r"^Criterion 2: "):
        checked([PASSING, Criterion(criterion="Covered", measurable=broken)])


def test_verdicts_come_from_the_values_and_a_persons_word():
    said = [REVIEWED.with_(manual=word) for word in ("met", "unmet", None)]

    assert marks([PASSING, COVERED, *said], VALUES) == ["met", "unmet", "met", "unmet", "unknown"]
    assert marks([PASSING, COVERED], {}) == ["unknown", "unknown"]


def test_judging_changes_nothing_but_the_verdict():
    [after] = judged([COVERED], {"code_coverage": 85})

    assert after == COVERED.with_(verdict="met")


def test_a_persons_word_does_not_overrule_an_expression():
    assert marks([COVERED.with_(manual="met")], VALUES) == ["unmet"]


def test_a_verdict_tells_the_values_it_rests_on_and_the_names_without_one():
    both = Criterion(criterion="Both", measurable="code_coverage >= 85 and p95 < 100ms and nan == 1")
    [found] = verdicts([both], {**VALUES, "nan": float("nan"), "p95": "50ms"})

    assert (found.number, found.criterion, found.measurable) == (1, "Both", both.measurable)
    assert (found.verdict, found.found, found.missing) == (
        "unmet",
        {"code_coverage": 80, "p95": "50ms"},
        ("nan",),
    )


def test_completion_needs_every_verdict_met_and_nothing_else():
    assert is_met(verdicts([PASSING], VALUES))
    assert is_met(())
    assert not is_met(verdicts([PASSING, COVERED], VALUES))
    assert not is_met(verdicts([PASSING, REVIEWED], VALUES))


def test_the_table_shows_mark_number_text_expression_and_values():
    criteria = [
        PASSING,
        COVERED,
        REVIEWED,
        Criterion(criterion="Safe", measurable="issues == 0"),
        from_expression("a == 1"),
    ]

    assert table(verdicts(criteria, {**VALUES, "a": 1.0})).split("\n") == [
        "✓  1  Unit tests pass          unit_test_pass_rate == 100  unit_test_pass_rate=100",
        "✗  2  Covered                  code_coverage >= 85         code_coverage=80",
        "?  3  Alice has read the docs                              a person has to say",
        "?  4  Safe                     issues == 0                 no value for issues",
        "✓  5  a == 1                                               a=1",
        "Overall: 2/5 criteria met",
    ]  # fmt: skip


def test_the_table_is_one_printable_line_per_criterion_whatever_was_measured():
    long = Criterion(criterion="y" * 400, measurable="x == ok")
    lines = table(verdicts([long], {"x": "first\x1b[31m\nsecond" * 50})).split("\n")

    assert len(lines) == 2
    assert lines[0].isprintable()
    assert len(lines[0]) < 200


def test_the_table_of_a_persons_word_says_whose_it_is():
    assert table(verdicts([REVIEWED.with_(manual="unmet")], {})).startswith(
        "✗  1  Alice has read the docs  a person said so"
    )
    assert table(()) == "Overall: 0/0 criteria met"


def test_truths_are_shown_as_they_are_typed():
    assert "slower=true" in table(verdicts([from_expression("slower == false")], {"slower": True}))


def test_what_is_missing_comes_with_the_commands_that_supply_it():
    criteria = [
        PASSING,
        REVIEWED,
        COVERED,
        Criterion(criterion="Fast", measurable="p95 < 1s or code_coverage == 100"),
    ]
    found = verdicts(criteria, {"unit_test_pass_rate": 99})

    assert what_next("7f3a0c11", found) == (
        "tm measure 7f3a0c11 code_coverage=… p95=…",
        "tm measure 7f3a0c11 --criterion 2 met",
    )


def test_a_value_of_the_wrong_kind_is_asked_for_again():
    found = verdicts([COVERED], {"code_coverage": "good"})

    assert what_next("7f3a0c11", found) == ("tm measure 7f3a0c11 code_coverage=…",)


def test_nothing_is_asked_for_once_every_verdict_is_known():
    decided = Criterion(criterion="Either", measurable="code_coverage < 90 or p95 < 1s")

    assert what_next("7f3a0c11", verdicts([PASSING, COVERED, decided], VALUES)) == ()


@given(
    st.text(max_size=40)
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=9), st.lists).map(json.dumps)
)
def test_no_text_does_worse_than_a_refusal(text):
    for read in (from_json, from_expression):
        try:
            found = read(text)
        except UsageError:
            continue
        criteria = found if isinstance(found, tuple) else (found,)
        assert table(verdicts(criteria, {}))


def test_judging_imports_no_json_reader():
    program = (
        "import sys; from tm.criteria import from_expression, judged;"
        "judged([from_expression('a == 1')], {'a': 1});"
        "print({'json', 're', 'enum', 'typing', 'dataclasses', 'difflib', 'collections'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path = {sys.path!r}; {program}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "set()\n"
