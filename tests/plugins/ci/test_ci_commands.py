"""`tm ci` on machines without a hub: lines in a file, judged at the end, exit 5 unless every gate holds."""

import json
import os

import pytest
from tests.plugins.ci.conftest import GITHUB, OTHER_SHA, PASSED, SHA, coverage

from tm_ci.globs import matches
from tm_ci.lines import Line, merged
from tm_ci.runfile import append, lines_of

GATES = ("--criterion", "test_pass_rate == 100", "--criterion", "code_coverage >= 85")


def finished(machine, *words, **how):
    """How `tm ci finish` ended: its exit code and its JSON."""
    done = machine.run("ci", "finish", "--format", "json", *words, **how)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def built(machine, percent=91.2, **how):
    """A run that began, tested and measured."""
    machine.ok("ci", "start", "Build", *GATES, **how)
    machine.write("junit.xml", PASSED)
    machine.write("coverage.xml", coverage(percent))
    machine.ok("ci", "measure", "junit.xml", "coverage.xml", **how)


def test_a_run_whose_gates_hold_passes(machine):
    built(machine)
    code, end = finished(machine)

    assert (code, end["state"], end["task_id"]) == (0, "passed", None)
    assert [each["verdict"] for each in end["verdicts"]] == ["met", "met"]


def test_a_run_needs_no_hub_and_makes_none(machine):
    built(machine)
    finished(machine)

    assert sorted(path.name for path in machine.folder.rglob("*") if path.is_file()) == [
        ".tm-ci.jsonl.writer",
        "coverage.xml",
        "junit.xml",
        "tm-ci.jsonl",
    ]


def test_84_9_against_85_is_refused_with_the_table(machine):
    built(machine, 84.9)
    done = machine.run("ci", "finish")

    assert done.returncode == 5
    assert "✗  2  code_coverage >= 85    code_coverage=84.9" in done.stderr
    assert "Overall: 1/2 criteria met" in done.stderr


@pytest.mark.parametrize("report", [None, "", "<coverage line-rate='1' lines-valid='10'", "<html/>"])
def test_a_report_that_is_missing_empty_or_cut_off_never_passes(machine, report):
    built(machine)
    (machine.folder / "coverage.xml").unlink()
    if report is not None:
        machine.write("coverage.xml", report)
    done = machine.run("ci", "measure", "coverage.xml")
    code, end = finished(machine)

    assert done.returncode == 0
    assert "? code_coverage, line_coverage, branch_coverage: coverage.xml: " in done.stderr
    assert (code, end["state"]) == (5, "unknown")


def test_what_was_never_measured_never_passes(machine):
    machine.ok("ci", "start", "Build", "--criterion", "security_issues == 0")
    code, end = finished(machine)

    assert (code, end["why"]) == (5, ["security_issues: nothing was measured"])


def test_the_artifact_of_a_job_that_is_missing_is_no_pass(machine):
    built(machine)
    code, end = finished(machine, machine.run_file, "jobs/scan.jsonl")

    assert (code, end["state"]) == (5, "unknown")
    assert "jobs/scan.jsonl cannot be read" in end["why"][0]


def test_a_damaged_file_is_no_pass(machine):
    built(machine)
    machine.run_file.write_bytes(machine.run_file.read_bytes()[:-30])
    code, end = finished(machine)

    assert (code, end["state"]) == (5, "unknown")
    assert any("line" in why for why in end["why"])


def test_files_without_a_start_are_no_pass(machine):
    machine.write("junit.xml", PASSED)
    machine.ok("ci", "measure", "junit.xml")
    code, end = finished(machine)

    assert code == 5
    assert "nobody knows its criteria" in end["why"][0]


def test_criteria_may_be_given_at_the_end(machine):
    machine.write("junit.xml", PASSED)
    machine.ok("ci", "measure", "junit.xml")

    assert finished(machine, "--criterion", "test_failures == 0")[0] == 0


def test_a_report_of_another_commit_is_stale(machine):
    built(machine, environ={**GITHUB, "GITHUB_SHA": OTHER_SHA})
    machine.run_file.rename(machine.folder / "old.jsonl")
    machine.ok("ci", "start", "Build", *GATES)
    code, end = finished(machine, machine.run_file, "old.jsonl")

    assert code == 5
    assert any("stale: measured for 0b1c2d3e0, judged is 4f2a9c1d4" in why for why in end["why"])


@pytest.mark.parametrize(
    ("results", "code", "state"),
    [
        ("success success", 0, "passed"),
        ("success, skipped", 0, "passed"),
        ("SUCCESS", 0, "passed"),
        ("success failure", 5, "failed"),
        ("UNSTABLE", 5, "failed"),
        ("success cancelled", 5, "cancelled"),
        ("ABORTED", 5, "cancelled"),
        ("success canceled", 5, "cancelled"),
        ("nonsense", 2, None),
    ],
)
def test_what_the_jobs_came_to_counts(machine, results, code, state):
    built(machine)
    done = machine.run("ci", "finish", "--results", results, "--format", "json")

    assert done.returncode == code
    assert state is None or json.loads(done.stdout)["state"] == state


def test_a_step_runs_a_command_and_ends_as_it_does(machine):
    machine.ok("ci", "start", "Build", "--criterion", "build_exit_code == 0")
    good = machine.run("ci", "step", "build", "--", "sh", "-c", "echo built")
    bad = machine.run("ci", "step", "Unit tests!", "--", "sh", "-c", "exit 3")
    code, end = finished(machine)

    assert (good.returncode, good.stdout) == (0, "built\n")
    assert (bad.returncode, code, end["state"]) == (3, 5, "failed")
    assert [each["verdict"] for each in end["verdicts"]] == ["met"]
    assert "step Unit tests! failed" in end["why"]


def test_a_command_that_is_not_there_is_127(machine):
    done = machine.run("ci", "step", "build", "--", "no-such-program")

    assert done.returncode == 127
    assert "no-such-program cannot be run" in done.stderr


def test_what_the_settings_name_is_measured_when_nothing_is_said(machine):
    machine.write("tm.toml", '[plugins.ci]\nfiles = ["**/surefire-reports/*.xml", "cov/c.xml"]\n')
    machine.write("a/surefire-reports/TEST-a.xml", PASSED)
    machine.write("b/surefire-reports/TEST-b.xml", PASSED)
    (machine.folder / ".git").mkdir()
    done = machine.run("ci", "measure", TM_CONFIG=str(machine.folder / "tm.toml"))

    assert "✓ test_count = 2  (**/surefire-reports/*.xml (2 files))" in done.stderr
    assert "? code_coverage, line_coverage, branch_coverage: cov/c.xml: no such file" in done.stderr


def test_told_nothing_and_with_no_settings_it_says_what_to_do(machine):
    done = machine.run("ci", "measure")

    assert done.returncode == 2
    assert "[plugins.ci] files" in done.stderr


def test_names_and_rules_are_the_settings_or_the_options(machine):
    machine.write("tm.toml", '[plugins.ci.names]\ncode_coverage = "coverage.lines"\n')
    machine.write("a.xml", coverage(80))
    machine.write("b.xml", coverage(90))
    how = {"TM_CONFIG": str(machine.folder / "tm.toml")}
    machine.ok("ci", "start", "Build", "--criterion", "coverage.lines >= 85", **how)
    words = ("ci", "measure", "--coverage", "a.xml", "--coverage", "b.xml")

    machine.ok(*words, **how)
    assert finished(machine, **how)[0] == 5
    machine.ok(*words, "--rule", "coverage.lines=max", **how)
    assert finished(machine, **how)[0] == 0


def test_codes_counts_and_values_are_measured(machine):
    machine.write("dist/a.js", "12345")
    machine.write("dist/b/c.js", "1")
    done = machine.run(
        "ci", "measure", "--exit-code", "build=0", "--count", "build_artifacts=dist/**", "--value", "reviewed=true",
        "--count", "logs=none/*",
    )  # fmt: skip

    for line in (
        "build_exit_code = 0", "build_artifacts_count = 2", "build_artifacts_bytes = 6", "reviewed = True",
        "logs_count = 0",
    ):  # fmt: skip
        assert f"✓ {line}" in done.stderr
    assert "? logs_bytes: none/*: no such file" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("measure", "--exit-code", "build"), "Example: --exit-code build=0"),
        (("measure", "--count", "a b=x"), "no name that criteria can read"),
        (("measure", "--rule", "a=median", "x.xml"), "Choose one of: min, max, sum, last, same"),
        (("start", "--criterion", "a = 1"), "use '=='"),
        (("start", "--criteria", "[1"), "not valid JSON"),
        (("step", "x", "--status", "good"), "Choose one of: started, passed"),
        (("finish", "--format", "xml"), "Choose one of: text, json"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(machine, words, said):
    done = machine.run("ci", *words)

    assert done.returncode == 2
    assert said in done.stderr


def test_each_line_keeps_source_commit_run_attempt_and_digest(machine):
    built(machine, environ={**GITHUB, "GITHUB_RUN_ATTEMPT": "2"})
    [line] = [
        line for line in map(json.loads, machine.run_file.read_text().splitlines()) if line["name"] == "code_coverage"
    ]

    assert (line["of"], line["commit"], line["run"], line["attempt"], line["job"]) == (
        "coverage.xml", SHA, f"github:7:Build:{SHA}", 2, "build",
    )  # fmt: skip
    assert len(line["data"]["digest"]) == 16


def test_a_workspace_that_was_kept_does_not_mix_two_builds(machine):
    built(machine)
    built(machine, 84.9, environ={**GITHUB, "GITHUB_RUN_ATTEMPT": "2"})
    lines = [json.loads(line) for line in machine.run_file.read_text().splitlines()]

    assert {line["attempt"] for line in lines} == {2}
    assert finished(machine, environ={**GITHUB, "GITHUB_RUN_ATTEMPT": "2"})[0] == 5


@pytest.mark.parametrize("text", [None, "", "what is this"])
def test_a_report_of_no_known_kind_is_no_pass_unless_a_glob_reached_it(machine, text):
    built(machine)
    if text is not None:
        machine.write("out/total", text)
    reached = machine.run("ci", "measure", "out/*") if text is not None else None
    by_glob = finished(machine)[0]
    machine.run("ci", "measure", "out/total")
    code, end = finished(machine)

    assert reached is None or by_glob == 0
    assert (code, end["why"]) == (5, ["step measure out/total failed"])


@pytest.mark.parametrize("damaged", ["", '{"totals": {"covered_lines": 1', "\ud800", None])
def test_a_damaged_report_that_a_glob_reached_leaves_nothing_known_beside_it(machine, damaged):
    machine.ok("ci", "start", "Build", "--criterion", "code_coverage >= 85")
    machine.write("r/py312.json", '{"totals": {"covered_lines": 90, "num_statements": 100}}')
    path = machine.write("r/py313.json", (damaged or "").encode("utf-8", "surrogatepass"))
    if damaged is None:
        path.write_text('{"totals": {"covered_lines": 10, "num_statements": 100}}')
        os.utime(path, (1_700_000_000, 1_700_000_000))
    said = machine.run("ci", "measure", "r/*.json").stderr
    code, end = finished(machine)

    assert (code, end["state"]) == (5, "unknown")
    assert "r/py313.json" in said


def test_files_that_are_no_reports_do_no_harm_in_a_glob(machine):
    machine.ok("ci", "start", "Build", "--criterion", "code_coverage >= 85")
    machine.write("r/py312.json", '{"totals": {"covered_lines": 90, "num_statements": 100}}')
    for name, text in (
        ("package.json", '{"name": "x"}'),
        ("x.html", "<!doctype html><p>"),
        ("log", ""),
        ("a.xml", "<a/>"),
    ):
        machine.write(f"r/{name}", text)
    machine.run("ci", "measure", "r/*")

    assert finished(machine)[0] == 0


def test_files_that_were_there_before_the_run_and_are_no_reports_do_no_harm_either(machine):
    machine.ok("ci", "start", "Build", "--criterion", "test_pass_rate == 100")
    machine.write("r/a.xml", PASSED)
    for name, text in ((".gitkeep", ""), ("style.css", "p {}"), ("conf.xml", "<config/>"), ("tsconfig.json", "{}")):
        os.utime(machine.write(f"r/{name}", text), (1_700_000_000, 1_700_000_000))
    machine.run("ci", "measure", "r/*")

    assert finished(machine)[0] == 0


@pytest.mark.parametrize(
    ("good", "bad", "text"),
    [
        ("a.info", "b.info", ""),
        ("a.info", "b.info", "SF:b\nDA:1,1"),
        ("a.info", "b.out", "<testsuite><testcase><failure/>"),
    ],
)
def test_damage_is_seen_whatever_a_report_is_called(machine, good, bad, text):
    machine.ok("ci", "start", "Build", "--criterion", "code_coverage >= 85")
    machine.write(f"r/{good}", "SF:a\nLF:10\nLH:10\nend_of_record\n")
    machine.write(f"r/{bad}", text)
    machine.run("ci", "measure", "r/*")

    assert finished(machine)[0] == 5


def test_a_damaged_report_alone_in_a_glob_is_no_pass(machine):
    built(machine)
    machine.write("r/total.json", "{")
    machine.run("ci", "measure", "r/*.json")

    assert finished(machine)[0] == 5


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("how", [("measure",), ("step",)])
def test_legs_that_nobody_named_and_that_share_the_start_s_file_hide_each_other_in_no_order(
    make_machine, how, is_turned
):
    start = make_machine("start")
    start.ok("ci", "start", "Build", "--criterion", "code_coverage >= 85", "--run", "run.jsonl")
    legs = [make_machine("good"), make_machine("bad")]
    for leg in reversed(legs) if is_turned else legs:
        leg.write("run.jsonl", (start.folder / "run.jsonl").read_bytes())
        is_good = leg is legs[0]
        leg.write("c.xml", coverage(91 if is_good or how == ("step",) else 10))
        leg.ok("ci", "measure", "c.xml", "--run", "run.jsonl")
        code = 0 if is_good or how == ("measure",) else 3
        assert leg.run("ci", "step", "build", "--run", "run.jsonl", "--", "sh", "-c", f"exit {code}").returncode == code
    files = [str(each.folder / "run.jsonl") for each in (start, *legs)]

    assert finished(start, *files)[0] == 5
    assert finished(start, *reversed(files))[0] == 5


def test_jobs_one_after_the_other_in_one_place_hide_each_other_no_more(make_machine):
    """A runner that clears its folder may give the next job's file the number of the last one's."""
    machine = make_machine("runner")
    start = machine.folder / "start.jsonl"
    machine.ok("ci", "start", "Build", "--criterion", "test_exit_code == 0", "--run", str(start))
    kept = []
    for code in (1, 0):
        (machine.folder / "run.jsonl").unlink(missing_ok=True)
        machine.write("run.jsonl", start.read_bytes())
        machine.run("ci", "step", "test", "--run", "run.jsonl", "--", "sh", "-c", f"exit {code}")
        kept.append(machine.write(f"kept{code}.jsonl", (machine.folder / "run.jsonl").read_bytes()))

    assert finished(machine, str(start), *map(str, kept))[0] == 5


def test_a_step_that_never_ended_is_no_pass(machine):
    machine.ok("ci", "start", "Build")
    machine.ok("ci", "step", "build", "--status", "started")
    code, end = finished(machine)
    machine.ok("ci", "step", "build", "--status", "passed")

    assert (code, end["state"], end["why"]) == (5, "unknown", ["step build never ended"])
    assert finished(machine)[0] == 0


def test_a_step_that_failed_and_was_made_good_in_the_next_attempt_is_good(make_machine):
    first, second = make_machine("first"), make_machine("second")
    start = first.ok("ci", "start", "Build", "--criterion", "build_exit_code == 0", "--run", "run.jsonl")
    first.run("ci", "step", "build", "--run", "run.jsonl", "--", "false")
    again = {"GITHUB_RUN_ATTEMPT": "2"}
    second.ok("ci", "start", "Build", "--criterion", "build_exit_code == 0", "--run", "run.jsonl", **again)
    second.ok("ci", "step", "build", "--run", "run.jsonl", "--", "true", **again)
    files = [str(each.folder / "run.jsonl") for each in (second, first)]

    assert start == ""
    assert finished(second, *files, **again)[0] == 0


def test_own_criteria_count_though_the_task_s_cannot_be_read(machine):
    machine.ok("ci", "start", "--task", "7f3a0c11", "--criterion", "code_coverage >= 85")
    machine.write("c.xml", coverage(10))
    machine.ok("ci", "measure", "c.xml")
    refused = finished(machine)
    machine.write("c.xml", coverage(91))
    machine.ok("ci", "measure", "c.xml")
    excused = finished(machine)

    assert (refused[0], refused[1]["state"]) == (5, "failed")
    assert (excused[0], excused[1]["state"]) == (0, "unknown")


def test_a_report_that_an_earlier_build_left_in_the_workspace_is_stale(machine):
    built(machine)
    os.utime(machine.folder / "coverage.xml", (1_700_000_000, 1_700_000_000))
    done = machine.run("ci", "measure", "junit.xml", "coverage.xml")

    assert "? code_coverage, line_coverage, branch_coverage: coverage.xml: stale" in done.stderr
    assert finished(machine)[0] == 5


def test_a_scan_that_names_another_commit_is_stale(machine):
    provenance = [{"repositoryUri": "https://example.com/app", "revisionId": OTHER_SHA}]
    run = {"tool": {"driver": {"name": "x"}}, "results": [], "versionControlProvenance": provenance}
    machine.write("scan.sarif", json.dumps({"version": "2.1.0", "runs": [run]}))
    other = machine.run("ci", "measure", "scan.sarif")
    own = machine.run("ci", "measure", "scan.sarif", environ={**GITHUB, "GITHUB_SHA": OTHER_SHA})

    assert f"scan.sarif: stale: it is of commit {OTHER_SHA}" in other.stderr
    assert "✓ security_issues = 0" in own.stderr


def test_a_scan_of_a_pull_request_s_merge_is_current_and_one_of_two_commits_is_not(machine):
    event = machine.write("event.json", json.dumps({"pull_request": {"head": {"sha": OTHER_SHA}}}))
    environ = {**GITHUB, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)}

    def scan(*commits):
        runs = [
            {"tool": {}, "results": [], "versionControlProvenance": [{"repositoryUri": "x", "revisionId": each}]}
            for each in commits
        ]
        machine.write("scan.sarif", json.dumps({"version": "2.1.0", "runs": runs}))
        return machine.run("ci", "measure", "scan.sarif", environ=environ).stderr

    assert "✓ security_issues = 0" in scan(SHA, OTHER_SHA)
    assert "scan.sarif: stale: it is of commit bbbb" in scan(SHA, "bbbb")


def test_a_report_that_is_there_at_last_makes_its_step_good(machine):
    built(machine)
    machine.run("ci", "measure", "res.txt")
    missing = finished(machine)[0]
    machine.write("res.txt", PASSED)
    machine.run("ci", "measure", "res.txt")

    assert (missing, finished(machine)[0]) == (5, 0)


def test_links_to_folders_are_not_followed(machine):
    machine.write("dist/a/file", "x")
    for name in ("l", "m"):
        (machine.folder / "dist" / name).symlink_to(".")
    machine.ok("ci", "start", "Build", "--criterion", "dist_count == 1", "--criterion", "dist_bytes == 1")
    machine.ok("ci", "measure", "--count", "dist=dist/**")

    assert finished(machine)[0] == 0


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("**", ["a.xml", "b/.c/d.xml", "b/c.xml", "b/e.txt"]),
        ("**/*.xml", ["a.xml", "b/.c/d.xml", "b/c.xml"]),
        ("b/**/*.xml", ["b/.c/d.xml", "b/c.xml"]),
        ("*/**/d.xml", ["b/.c/d.xml"]),
        ("b/*", ["b/c.xml", "b/e.txt"]),
        ("**/.c/**", ["b/.c/d.xml"]),
        ("none/**", []),
    ],
)
def test_what_patterns_reach(tmp_path, monkeypatch, pattern, found):
    for name in ("a.xml", "b/c.xml", "b/.c/d.xml", "b/e.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)

    assert [str(path) for path in matches(pattern)] == found


def test_what_a_job_says_later_counts_though_its_clock_was_set_back(tmp_path):
    def said(value, at):
        return Line(kind="value", name="a", run="r", at=at, data={"value": value})

    append(tmp_path / "run", [said(1, "2026-11-22T13:00:00.000000Z")])
    append(tmp_path / "run", [said(2, "2026-11-22T12:00:00.000000Z")])
    lines, _ = lines_of(tmp_path / "run")

    assert [line.data["value"] for line in merged(lines)] == [2]


@pytest.mark.parametrize("value", ["code_coverage=850", "code_coverage=101%", "test_pass_rate=-1"])
def test_a_percentage_beyond_a_hundred_is_refused(machine, value):
    done = machine.run("ci", "measure", "--value", value)

    assert done.returncode == 2
    assert "is a percentage, of 0 to 100" in done.stderr


def test_a_command_says_itself_how_it_ended(machine):
    done = machine.run("ci", "step", "test", "--status", "passed", "--", "false")

    assert done.returncode == 2
    assert "leave --status out" in done.stderr


def test_a_file_whose_name_is_no_text_is_read_and_judged(machine):
    machine.ok("ci", "start", "Build", "--criterion", "test_pass_rate == 100")
    (machine.folder / os.fsdecode(b"j\xff.xml")).write_text(PASSED)
    machine.ok("ci", "measure", "*.xml")

    assert finished(machine)[0] == 0


def test_a_commit_may_be_named_by_its_beginning(machine):
    built(machine)

    assert finished(machine, "--commit", SHA[:9])[0] == 0


def test_the_summary_and_the_outputs_are_written(machine):
    built(machine, 84.9)
    files = {"GITHUB_STEP_SUMMARY": str(machine.folder / "page"), "GITHUB_OUTPUT": str(machine.folder / "out")}
    machine.run("ci", "finish", "--summary", "copy.md", **files)
    page = (machine.folder / "page").read_text()

    assert page.startswith("### Build: ❌ refused\n")
    assert "| ❌ | code\\_coverage \\>= 85 | code\\_coverage = 84.9 | coverage.xml |" in page
    assert (machine.folder / "copy.md").read_text() == page
    assert (machine.folder / "out").read_text() == "passed=false\nstate=failed\ntask-id=\n"


def test_what_comes_from_outside_is_text_in_the_summary_and_no_command_in_the_log(machine):
    nasty = "x\n::set-output name=a::b\n<script>|@here `rm` [a](b)"
    asked = ("--criterion", "a == 1", "--criteria", '["::add-mask:: me please"]')
    machine.ok("ci", "start", nasty, *asked, GITHUB_HEAD_REF="$(touch pwned);`id`")
    files = {"GITHUB_STEP_SUMMARY": str(machine.folder / "page"), "GITHUB_OUTPUT": str(machine.folder / "out")}
    done = machine.run("ci", "finish", **files)
    page = (machine.folder / "page").read_text()

    assert not any(line.strip().startswith("::") for line in (done.stderr + done.stdout).splitlines())
    assert "<script>" not in page
    assert "\\<script\\>\\|\\@here \\`rm\\` \\[a\\]\\(b\\)" in page
    assert not (machine.folder / "pwned").exists()


def test_a_summary_that_cannot_be_written_changes_no_result(machine):
    built(machine)
    done = machine.run("ci", "finish", GITHUB_STEP_SUMMARY="/nowhere/page")

    assert done.returncode == 0
    assert "/nowhere/page cannot be written" in done.stderr
