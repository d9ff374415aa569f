"""Lines of a run: merged in any order, damaged ones noticed, one value per name whatever legs there were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm_ci import runfile
from tm_ci.lines import Damaged, Line, merged, read, read_all
from tm_ci.measured import Judged, measured
from tm_ci.rules import RULES, combined, default_rule

JUDGED = Judged(run="r1", commit="c1")
DATA = {
    "start": st.just({"title": "Build", "criteria": [{"criterion": "a == 1", "measurable": None}], "is_hiding": False}),
    "step": st.fixed_dictionaries({"status": st.sampled_from(["passed", "failed"])}),
    "value": st.fixed_dictionaries(
        {"value": st.none() | st.integers(0, 3) | st.text(max_size=2), "rule": st.just("sum")}
    ),
}
FIELDS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["test_failures", "code_coverage"]),
        "of": st.sampled_from(["a.xml", "b.xml"]),
        "run": st.sampled_from(["r1", "r2"]),
        "at": st.sampled_from(["2026-11-22T12:00:00Z", "2026-11-22T12:00:01Z"]),
        "attempt": st.integers(1, 2),
        "commit": st.sampled_from([None, "c1", "c2"]),
        "job": st.sampled_from([None, "test"]),
        "leg": st.sampled_from([None, "py311", "py312"]),
        "writer": st.sampled_from(["w1", "w2"]),
    }
)
LINES = st.sampled_from(list(DATA)).flatmap(
    lambda kind: st.builds(lambda fields, data: Line(kind=kind, data=data, **fields), FIELDS, DATA[kind])
)


def value(found, *, name="code_coverage", of="coverage.xml", at="2026-11-22T12:00:00Z", rule=None, **more):
    data = {"value": found, "reason": None, "rule": rule or default_rule(name), "digest": None}
    fields = {"run": "r1", "commit": "c1", "writer": "w1", **more}
    return Line(kind="value", name=name, of=of, at=at, data=data, **fields)


def one(*lines, judged=JUDGED, rules=None):
    [found] = measured(merged(lines), judged, rules=rules or {}).values()
    return found


@given(st.lists(LINES), st.lists(LINES))
def test_merging_is_the_same_in_any_order_and_any_number_of_times(some, more):
    whole = merged([*some, *more])

    assert merged([*more, *some]) == whole
    assert merged([*merged(some), *merged(more)]) == whole
    assert merged([*whole, *whole]) == whole


@given(st.lists(LINES), st.lists(LINES))
def test_what_is_measured_does_not_depend_on_the_order_of_files(some, more):
    first = measured(merged([*some, *more]), JUDGED, rules={})

    assert measured(merged([*more, *some]), JUDGED, rules={}) == first


@given(LINES)
def test_a_line_is_read_as_it_was_written(line):
    assert read(line.text) == line


@given(st.binary(max_size=200))
def test_no_bytes_upset_the_reading_of_a_run_file(content):
    read_all(content)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("value", {"value": [1]}),
        ("value", {"value": {}}),
        ("step", {}),
        ("step", {"status": 7}),
        ("start", {"title": "x"}),
        ("start", {"title": "x", "criteria": [7], "is_hiding": False}),
        ("start", {"title": "x", "criteria": [{"criterion": None}], "is_hiding": False}),
        ("start", {"title": "x", "criteria": None, "is_hiding": False}),
        ("start", {"title": "x", "criteria": []}),
    ],
)
def test_a_line_that_says_what_none_can_be_is_damaged(kind, data):
    with pytest.raises(Damaged):
        read(Line(kind=kind, name="a", run="r1", at="2026-11-22T12:00:00Z", data=data).text)


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-22T12:00:00"])
def test_a_line_without_a_time_is_damaged(at):
    with pytest.raises(Damaged):
        read(Line(kind="step", name="a", run="r1", at=at, data={"status": "passed"}).text)


@pytest.mark.parametrize("text", ["", "{}", "7", '{"v": 2}', '{"v": 1, "kind": "value"}', "[" * 100_000])
def test_what_is_no_line_is_damaged(text):
    with pytest.raises(Damaged):
        read(text)


def test_a_line_cut_off_is_noticed_and_the_next_stands_on_its_own(tmp_path):
    file = tmp_path / "run.jsonl"
    runfile.append(file, [value(90), value(91, of="b")])
    file.write_bytes(file.read_bytes()[:-20])
    runfile.append(file, [value(92, of="c")])
    lines, damage = runfile.lines_of(file)

    assert [line.data["value"] for line in lines] == [90, 92]
    assert len(damage) == 1
    assert "line 2" in damage[0]


def test_an_empty_run_file_is_damage(tmp_path):
    (tmp_path / "run.jsonl").touch()

    assert runfile.lines_of(tmp_path / "run.jsonl") == ([], [f"{tmp_path / 'run.jsonl'}: it is empty"])


# legs, attempts, commits


def test_the_worst_of_two_legs_counts():
    assert one(value(91, leg="py311"), value(84.9, leg="py312")).value == 84.9
    assert one(value(1, name="test_failures", leg="a"), value(2, name="test_failures", leg="b")).value == 3
    assert one(value(0, name="build_exit_code", leg="a"), value(2, name="build_exit_code", leg="b")).value == 2


def test_two_legs_that_nobody_named_are_kept_apart_by_their_files():
    assert one(value(91, writer="w1"), value(84.9, writer="w2")).value == 84.9


def test_one_unknown_leg_makes_the_whole_unknown():
    assert one(value(91, leg="a"), value(None, leg="b")).value is None


def test_a_re_run_replaces_the_leg_that_ran_anew_and_no_other():
    before = [value(80, leg="a"), value(70, leg="b")]
    after = value(90, leg="b", attempt=2, at="2026-11-22T13:00:00Z", writer="w2")

    assert one(*before, after).value == 80


def test_a_re_run_of_a_job_without_named_legs_replaces_it():
    assert one(value(70, writer="w1"), value(90, writer="w2", attempt=2)).value == 90


def test_a_re_run_of_one_of_two_legs_without_names_hides_none():
    before = [value(80, writer="w1"), value(70, writer="w2")]

    assert one(*before, value(90, writer="w3", attempt=2)).value == 70


def test_a_report_of_another_commit_is_stale_and_so_unknown():
    found = one(value(99, commit="c0", run="r0"))

    assert found.value is None
    assert "stale" in found.reason


def test_a_stale_line_beside_a_current_one_of_the_same_report_counts_for_nothing():
    assert one(value(99, commit="c0"), value(85)).value == 85


def test_push_and_pull_request_of_one_commit_are_the_same():
    assert one(value(85, run="r9")).value == 85


def test_where_no_commit_is_known_another_run_is_stale():
    assert one(value(99, commit=None, run="r0"), judged=Judged(run="r1", commit=None)).value is None


def test_the_source_names_what_was_read_the_commit_the_run_and_the_attempt():
    found = one(value(85, leg="py311", attempt=3))

    assert found.source == "coverage.xml [py311]; commit c1; run r1; attempt 3"


# rules


@pytest.mark.parametrize(
    ("values", "rule", "found"),
    [
        ([1, 2], "min", 1),
        ([1, 2], "max", 2),
        ([1, 2], "sum", 3),
        ([2, 2], "sum", 4),
        ([1, 2], "last", 2),
        (["passed", "failed"], "last", "failed"),
        ([7, 7], "same", 7),
        (["passed", "passed"], "sum", "passed"),
        ([1, 2], "same", None),
        (["passed", "failed"], "min", None),
        ([True, False], "max", None),
        ([1, None], "max", None),
        ([1, float("nan")], "max", None),
        ([1, "1"], "same", None),
        ([], "sum", None),
    ],
)
def test_a_rule_joins_values_or_the_whole_is_unknown(values, rule, found):
    assert combined(values, rule)[0] == found
    assert bool(combined(values, rule)[1]) == (found is None)


def test_every_name_has_a_rule_and_one_nobody_knows_must_agree():
    names = (
        "code_coverage",
        "test_pass_rate",
        "test_failures",
        "security_issues",
        "dist_count",
        "x_exit_code",
        "other",
    )

    assert [default_rule(name) for name in names] == ["min", "min", "sum", "sum", "sum", "max", "same"]
    assert {default_rule(name) for name in names} < set(RULES)


def test_the_settings_rule_wins_over_the_line_s():
    assert one(value(80, leg="a"), value(90, leg="b"), rules={"code_coverage": "max"}).value == 90


def test_lines_that_disagree_about_their_rule_must_agree_about_their_value():
    assert one(value(80, leg="a", rule="min"), value(90, leg="b", rule="max")).value is None
