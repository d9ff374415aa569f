"""What each kind of report says, by samples of the real tools, and what none of them may be believed to say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm_ci import kinds
from tm_ci.readers import artifacts, cobertura, coverage_json, exit_codes, istanbul, junit, lcov, npm_audit, pip_audit
from tm_ci.readers import sarif as sarif_reader
from tm_ci.readers.reading import Unreadable

UNKNOWN_COVERAGE = {"code_coverage": None, "line_coverage": None, "branch_coverage": None}


def sarif(*results, rules=(), **run):
    driver = {"name": "scan", "rules": list(rules)}
    return json.dumps(
        {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": list(results), **run}]}
    ).encode()


def cases(text):
    return junit.read(text.encode()).reading


# test reports


def test_pytest_s_errors_are_failures_and_a_pass_with_a_broken_teardown_is_one(sample):
    found = junit.read(sample("pytest.xml"))

    assert (found.count, found.failures, found.skipped) == (6, 3, 1)
    assert found.reading["test_pass_rate"] == 40


def test_a_suite_that_passed_has_a_pass_rate_of_100(sample):
    assert junit.read(sample("pytest-passed.xml")).reading["test_pass_rate"] == 100


def test_node_s_nested_suites_are_counted_once(sample):
    found = junit.read(sample("node.xml"))

    assert (found.count, found.failures, found.skipped) == (4, 1, 1)


def test_a_flaky_test_that_passed_in_the_end_is_no_failure():
    found = cases('<testsuite tests="1" failures="0"><testcase name="a"><flakyFailure/></testcase></testsuite>')

    assert (found["test_failures"], found["test_pass_rate"]) == (0, 100)


def test_nested_suites_with_counters_of_their_own_are_counted_once():
    inner = '<testsuite tests="1"><testcase name="a"/></testsuite>'
    found = cases(f'<testsuites tests="2"><testsuite tests="2">{inner}{inner}</testsuite></testsuites>')

    assert found["test_count"] == 2


def test_failures_that_only_the_counters_know_count():
    found = cases('<testsuite tests="3" failures="1" errors="1"><testcase name="a"/></testsuite>')

    assert found["test_failures"] == 2
    assert found["test_pass_rate"] < 100


def test_xunit_net_is_read_too():
    listed = (
        '<test name="a" result="Pass"/><test name="b" result="Fail"><failure/></test><test name="c" result="Skip"/>'
    )
    found = cases(
        f'<assemblies><assembly total="3" failed="1"><collection>{listed}</collection></assembly></assemblies>'
    )

    assert found == {"test_count": 3, "test_failures": 1, "test_skipped": 1, "test_pass_rate": 50}


@pytest.mark.parametrize("report", ["<testsuites/>", '<testsuite tests="0"/>'])
def test_no_test_at_all_is_unknown(report):
    assert set(cases(report).values()) == {None}


def test_where_every_test_was_skipped_nobody_knows_the_pass_rate():
    assert cases("<testsuite><testcase><skipped/></testcase></testsuite>")["test_pass_rate"] is None


@pytest.mark.parametrize(
    "report",
    [
        "",
        "<testsuite><testcase/>",
        '<testsuite tests="2" failures="0"/>',
        '<testsuite tests="2"><testcase/></testsuite>',
        "<html/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase name="&b;"/></testsuite>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><testsuite><testcase>&b;</testcase></testsuite>',
    ],
)
def test_an_empty_cut_off_or_strange_test_report_is_not_believed(report):
    with pytest.raises(Unreadable):
        junit.read(report.encode())


# coverage


def test_coverage_py_s_three_numbers_are_kept_apart(sample):
    found = coverage_json.read(sample("coverage.json"))

    assert found["code_coverage"] == 80
    assert found["line_coverage"] == pytest.approx(100 * 5 / 6)
    assert found["branch_coverage"] == 75


def test_the_same_run_says_the_same_in_every_format(sample):
    by_json = coverage_json.read(sample("coverage.json"))

    assert cobertura.read(sample("coverage.xml")) == by_json
    assert lcov.read(sample("lcov.info"))["line_coverage"] == by_json["line_coverage"]


def test_cobertura_without_counters_is_counted_by_its_lines():
    lines = (
        '<line number="1" hits="3"/><line number="2" hits="0"/>'
        '<line number="3" hits="1" branch="true" condition-coverage="50% (1/2)"/>'
    )
    report = (
        f'<coverage line-rate="1" branch-rate="1"><class><methods><method><lines>{lines}</lines></method></methods>'
        f'<lines>{lines}</lines></class><class><lines><line number="1" hits="1"/></lines></class></coverage>'
    )

    assert cobertura.read(report.encode()) == {
        "code_coverage": pytest.approx(100 * 4 / 6),
        "line_coverage": 75,
        "branch_coverage": 50,
    }


@pytest.mark.parametrize(
    "report",
    [
        '<coverage line-rate=".8333" branch-rate="1"/>',
        '<coverage line-rate="1"><packages/></coverage>',
        '<coverage line-rate="1" lines-valid="2,000" lines-covered="2,000"/>',
        '<coverage line-rate="1" lines-valid="2000"/>',
        '<coverage line-rate="1" lines-valid="20" lines-covered="21"/>',
    ],
)
def test_a_rate_of_cobertura_with_nothing_behind_it_is_unknown(report):
    assert set(cobertura.read(report.encode()).values()) == {None}


@pytest.mark.parametrize(
    ("records", "lines", "branches"),
    [
        ("DA:1,1\nLF:1\nLH:1\nend_of_record\nSF:b\nDA:1,0\nDA:2,0\nDA:3,0", 25, None),
        ("DA:1,0\nDA:2,0\nLF:2\nLH:2", 0, None),
        ("DA:1,1\nDA:1,0\nDA:2,3,checksum\nLF:2\nLH:2", 100, None),
        ("DA:1,1\nLF:4\nLH:1", 25, None),
        ("LF:4\nLH:3\nBRF:2\nBRH:1", 75, 50),
        ("DA:1,1\nBRDA:1,0,0,1\nBRDA:1,0,1,-\nBRDA:2,0,0,0\nBRDA:2,0,1,5", 100, 50),
    ],
)
def test_lcov_is_counted_by_the_lines_it_lists(records, lines, branches):
    found = lcov.read(f"SF:a\n{records}\nend_of_record\n".encode())

    assert (found["code_coverage"], found["line_coverage"], found["branch_coverage"]) == (lines, lines, branches)


@pytest.mark.parametrize(
    ("report", "failures"),
    [
        ('<testsuites tests="2"><testsuite tests="2" errors="1"><testcase/><testcase/></testsuite></testsuites>', 1),
        ('<testsuite tests="1"><testcase/><error/></testsuite>', 1),
        ('<testsuite tests="1"><testcase status="timedout"/></testsuite>', 1),
        ("<testsuite><testcase><testcase><failure/></testcase></testcase></testsuite>", 1),
        (
            '<testsuites failures="1"><testsuite failures="1"><testcase><failure/></testcase></testsuite></testsuites>',
            1,
        ),
    ],
)
def test_failures_are_found_wherever_they_are_said(report, failures):
    assert junit.together([junit.read(report.encode())])["test_failures"] == failures


@pytest.mark.parametrize(
    "report",
    [
        '<testsuite tests="1000" failures="1"><testcase/><testcase><failure/></testcase></testsuite>',
        '<testsuites><testsuite tests="5"/><testsuite tests="5">' + "<testcase/>" * 10 + "</testsuite></testsuites>",
        '<testsuite tests="1"><testcase status="who knows"/></testsuite>',
        "<testsuite>" * 5000 + "</testsuite>" * 5000,
    ],
)
def test_a_test_report_that_leaves_something_open_is_not_believed(report):
    with pytest.raises(Unreadable):
        junit.read(report.encode())


@pytest.mark.parametrize("suite", ['name="pytest" hostname="x"', 'name="unit" hostname="tbd"'])
def test_tools_that_count_parts_of_tests_are_believed(suite):
    """pytest counts subtests, Catch2 assertions; neither lists them."""
    report = f"<testsuite {suite} tests='7' failures='0'><testcase name='a'/><testcase name='b'/></testsuite>"

    assert junit.together([junit.read(report.encode())])["test_pass_rate"] == 100


def test_lcov_with_a_comment_and_branches_called_by_expressions():
    report = b"# made by geninfo\nSF:a\nDA:1,1\nBRDA:1,0,f(a, b),1\nBRDA:1,0,f(a, c),0\nend_of_record\n"

    assert kinds.by_content(report) == "coverage"
    assert lcov.read(report)["branch_coverage"] == 50


def test_a_number_beyond_all_bounds_is_no_value():
    report = '{"totals": {"covered_lines": 1%s, "num_statements": 10}}' % ("0" * 400)
    with pytest.raises(Unreadable):
        coverage_json.read(report.encode())


def test_a_percentage_is_worked_out_of_counts_and_never_rounded_up_to_a_limit():
    report = {"total": {"lines": {"total": 100000, "covered": 84999, "pct": 85}, "branches": {"pct": "Unknown"}}}
    found = istanbul.read(json.dumps(report).encode())

    assert found["line_coverage"] < 85
    assert found["branch_coverage"] is None


@pytest.mark.parametrize(
    ("read", "report"),
    [
        (istanbul.read, '{"total": {"lines": {"total": 0, "covered": 0, "pct": 100}}}'),
        (istanbul.read, '{"total": {"lines": {"pct": "Unknown"}}}'),
        (istanbul.read, '{"total": {"lines": {"pct": NaN}}}'),
        (istanbul.read, '{"total": {"lines": {"pct": "1,234.5"}}}'),
        (istanbul.read, '{"total": {"lines": {"pct": 1e9}}}'),
        (coverage_json.read, '{"totals": {"covered_lines": 0, "num_statements": 0}}'),
        (coverage_json.read, '{"totals": {"covered_lines": 9, "num_statements": 3}}'),
        (cobertura.read, '<coverage line-rate="1" lines-valid="0" lines-covered="0"/>'),
        (cobertura.read, '<coverage line-rate="NaN"/>'),
        (cobertura.read, '<coverage line-rate="84.9"/>'),
        (lcov.read, "SF:a.js\nLF:0\nLH:0\nend_of_record\n"),
    ],
)
def test_coverage_of_nothing_or_by_no_number_is_unknown(read, report):
    assert read(report.encode()) == UNKNOWN_COVERAGE


@pytest.mark.parametrize(
    "report",
    ["", " \n", "{", "[]", "{}", '{"totals": {}}', '{"total": 7}', "<coverage", "<coverage/>", "SF:a.js\nLF:2\nLH:2\n"],
)
def test_an_empty_cut_off_or_strange_coverage_report_is_not_believed(report):
    with pytest.raises(Unreadable):
        kinds.read(kinds.COVERAGE, report.encode())


# scans


def test_ruff_s_and_bandit_s_findings_are_counted(sample):
    assert sarif_reader.read(sample("ruff.sarif"))["security_issues"] == 3
    assert sarif_reader.read(sample("bandit.sarif"))["security_issues"] == 4
    assert sarif_reader.read(sample("ruff-clean.sarif"))["security_issues"] == 0


def test_a_finding_without_level_has_its_rule_s_and_without_that_warns():
    rules = [{"id": "A", "defaultConfiguration": {"level": "error"}}, {"id": "B"}]
    found = sarif_reader.read(sarif({"ruleId": "A"}, {"ruleIndex": 0}, {"ruleId": "B"}, {}, rules=rules))

    assert (found["security_errors"], found["security_warnings"]) == (2, 2)


def test_suppressed_known_and_passing_results_are_left_out():
    results = [
        {"suppressions": [{"kind": "inSource"}]},
        {"baselineState": "unchanged"},
        {"baselineState": "absent"},
        {"kind": "pass"},
        {"level": "none"},
    ]
    rejected = {"suppressions": [{"kind": "external", "status": "rejected"}]}

    assert sarif_reader.read(sarif(*results, rejected))["security_issues"] == 1


def test_several_runs_add_up():
    one = json.loads(sarif({"level": "error"}))
    both = {**one, "runs": one["runs"] * 2}

    assert sarif_reader.read(json.dumps(both).encode())["security_issues"] == 2


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b'{"version": "2.1.0", "runs": []}',
        b'{"version": "2.1.0", "runs": [{"tool": {}}]}',
        b'{"version": "2.1.0", "runs": [{"results": null}]}',
        b'{"runs": 0}',
        sarif(7),
        sarif(invocations=[{"executionSuccessful": False}]),
        sarif({"level": "error"})[:-9],
    ],
)
def test_a_scan_that_did_not_run_to_its_end_is_not_believed(report):
    with pytest.raises(Unreadable):
        sarif_reader.read(report)


def test_npm_audit_is_read_in_both_layouts():
    found = {"info": 0, "low": 1, "moderate": 0, "high": 2, "critical": 1}
    six = {"advisories": {}, "metadata": {"vulnerabilities": found}}
    seven = {"auditReportVersion": 2, "metadata": {"vulnerabilities": {**found, "total": 4}}}

    for audit in (six, seven):
        assert npm_audit.read(json.dumps(audit).encode()) == {
            "security_issues": 4,
            "security_critical": 1,
            "security_high": 2,
            "security_moderate": 0,
            "security_low": 1,
        }


def test_an_audit_that_could_not_reach_its_service_is_not_believed(sample):
    with pytest.raises(Unreadable, match="error"):
        npm_audit.read(sample("npm-audit-offline.json"))
    with pytest.raises(Unreadable, match="skipped"):
        pip_audit.read(sample("pip-audit-offline.json"))


@pytest.mark.parametrize("report", [b"{}", b'{"metadata": {}}', b'{"metadata": {"vulnerabilities": {"high": null}}}'])
def test_npm_s_missing_counts_are_not_taken_for_none(report):
    with pytest.raises(Unreadable):
        npm_audit.read(report)


def test_pip_audit_counts_vulnerabilities():
    clean, bad = {"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "1", "vulns": [{"id": "X"}, {}]}

    assert pip_audit.read(json.dumps({"dependencies": [clean, bad]}).encode()) == {"security_issues": 2}
    with pytest.raises(Unreadable, match="nothing was audited"):
        pip_audit.read(b'{"dependencies": []}')


# codes and files


@pytest.mark.parametrize(
    ("code", "found"), [("0", 0), (" 3 ", 3), ("-9", 137), ("", None), ("ok", None), ("0.0", None)]
)
def test_an_exit_code_is_a_whole_number_or_unknown(code, found):
    assert exit_codes.read("build", code) == {"build_exit_code": found}


def test_where_no_artifact_is_the_count_is_0_and_the_size_unknown(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"12345")

    assert artifacts.read("dist", [file]) == {"dist_count": 1, "dist_bytes": 5}
    assert artifacts.read("dist_count", []) == {"dist_count": 0, "dist_bytes": None}


# any bytes


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["runs", "results", "total", "totals", "lines", "pct", "metadata", "vulnerabilities", "dependencies",
             "vulns", "tool", "driver", "rules", "level", "ruleIndex", "name", "suppressions", "covered", "high"]
        ),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
READERS = [
    junit.read, coverage_json.read, cobertura.read, lcov.read, istanbul.read, sarif_reader.read, npm_audit.read,
    pip_audit.read, kinds.by_content,
]  # fmt: skip


def survives(report):
    for read in READERS:
        try:
            read(report)
        except Unreadable as error:
            assert str(error)


@given(st.binary(max_size=300))
def test_no_reader_stumbles_over_any_bytes(report):
    survives(report)


@given(SHAPES)
def test_no_reader_stumbles_over_any_json(shape):
    survives(json.dumps(shape).encode())


@given(
    st.sampled_from(["pytest.xml", "coverage.json", "coverage.xml", "lcov.info", "ruff.sarif", "node.xml"]), st.data()
)
def test_a_report_that_was_cut_off_is_never_believed(sample, name, data):
    report = sample(name).rstrip()
    end = data.draw(st.integers(0, len(report) - 1))
    kind = kinds.by_content(sample(name))

    with pytest.raises(Unreadable):
        (junit.read if kind == kinds.JUNIT else lambda part: kinds.read(kind, part))(report[:end])


def test_deep_nesting_ends_no_reader():
    survives(b"[" * 100_000)
    survives(b"<testsuite>" * 50_000)
    survives(b'{"total":' * 50_000)
