"""`tm ci` where there is a hub: one task per run, whatever repeats, and a build that a broken hub cannot change."""

import json

import pytest
from tests.plugins.ci.conftest import GITHUB, OTHER_SHA, PASSED, SHA, coverage

from tm.testing import ScriptedServer

GATES = ("--criterion", "test_pass_rate == 100", "--criterion", "code_coverage >= 85")
AGAIN = {**GITHUB, "GITHUB_RUN_ATTEMPT": "2"}
NEXT = {**GITHUB, "GITHUB_SHA": OTHER_SHA, "GITHUB_RUN_ID": "1658821999"}


def built(machine, percent=91.2, *, words=(), **how):
    """A run that began, tested and measured; its task."""
    task = machine.ok("ci", "start", "Build", *GATES, *words, **how)
    machine.write("junit.xml", PASSED)
    machine.write("coverage.xml", coverage(percent))
    machine.ok("ci", "measure", "junit.xml", "coverage.xml", **how)
    return task


def show(machine, task):
    return json.loads(machine.ok("show", task, "--format", "json"))


def events(machine, task):
    found = [json.loads(line) for line in machine.ok("events", "--format", "jsonl").splitlines()]
    return [each for each in found if each["task_id"] == task]


def test_the_task_completes_when_the_gates_hold_with_the_verdicts_frozen(with_hub):
    task = built(with_hub)
    with_hub.ok("ci", "finish", "--quality", "5", "--note", "All gates held")
    found = show(with_hub, task)
    [done] = [each for each in events(with_hub, task) if each["type"] == "task.completed"]
    [rated] = [each for each in events(with_hub, task) if each["type"] == "task.rated"]

    assert (found["status"], found["title"]) == ("completed", "Build")
    assert done["data"]["verdicts"][1]["values"] == {"code_coverage": 91.2}
    assert done["data"]["verdicts"][1]["sources"] == {
        "code_coverage": f"coverage.xml; commit {SHA}; run github:7:Build:{SHA}; attempt 1"
    }
    assert (done["origin"], rated["data"]["automated"]) == ("ci", True)


def test_a_refused_run_blocks_its_task_and_says_why(with_hub):
    task = built(with_hub, 84.9)
    done = with_hub.run("ci", "finish")
    found = show(with_hub, task)

    assert done.returncode == 5
    assert found["status"] == "blocked"
    assert found["blocked_reason"].startswith("CI: Build (4f2a9c1d4): failed, 1 of 2 criteria met; code_coverage >= 85")


def test_a_re_run_frees_and_completes_the_same_task(with_hub):
    task = built(with_hub, 84.9)
    with_hub.run("ci", "finish")
    again = built(with_hub, 90, environ=AGAIN)
    freed = show(with_hub, task)["status"]
    with_hub.ok("ci", "finish", environ=AGAIN)

    assert (again, freed, show(with_hub, task)["status"]) == (task, "in_progress", "completed")


def test_the_same_words_again_change_nothing(with_hub):
    task = built(with_hub)
    with_hub.ok("ci", "finish")
    before = events(with_hub, task)
    done = with_hub.run("ci", "finish")

    assert done.returncode == 0
    assert events(with_hub, task) == before
    assert "was completed before" in done.stderr


def test_push_and_pull_request_of_one_commit_reach_one_task(with_hub):
    payload = with_hub.write("event.json", json.dumps({"pull_request": {"head": {"sha": SHA}}}))
    pull = {**GITHUB, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_SHA": OTHER_SHA, "GITHUB_EVENT_PATH": str(payload)}

    assert built(with_hub) == built(with_hub, environ=pull)
    assert len(json.loads(with_hub.ok("list", "--format", "json"))) == 1


def test_jobs_that_share_a_hub_need_to_hand_on_no_file(with_hub, make_machine):
    task = with_hub.ok("ci", "start", "Build", *GATES)
    for name, file, text in (("test", "junit.xml", PASSED), ("cover", "coverage.xml", coverage(91))):
        job = make_machine(name, hub=with_hub.hub)
        job.write(file, text)
        job.ok("ci", "measure", file, GITHUB_JOB=name)
    last = make_machine("last", hub=with_hub.hub)
    last.ok("ci", "step", "gate", "--status", "passed")
    last.ok("ci", "finish")

    assert show(with_hub, task)["status"] == "completed"


def test_two_legs_posting_one_name_at_once_are_both_judged(with_hub, make_machine):
    task = with_hub.ok("ci", "start", "Build", "--criterion", "code_coverage >= 85")
    for leg, percent in (("py311", 84.9), ("py312", 99)):
        job = make_machine(leg, hub=with_hub.hub)
        job.write("coverage.xml", coverage(percent))
        job.ok("ci", "measure", "coverage.xml", "--leg", leg)

    assert show(with_hub, task)["measurements"]["code_coverage"] == 84.9
    assert with_hub.run("ci", "finish").returncode == 5


def test_legs_that_measure_at_the_same_moment_leave_the_worst_behind(with_hub, make_machine):
    task = with_hub.ok("ci", "start", "Build", "--criterion", "code_coverage >= 85")
    jobs = []
    for leg, percent in enumerate((99, 84.9, 95, 97)):
        job = make_machine(f"leg-{leg}", hub=with_hub.hub)
        job.write("coverage.xml", coverage(percent))
        jobs.append(job.begin("ci", "measure", "coverage.xml", "--leg", leg))

    assert [job.wait() for job in jobs] == [0] * 4
    assert show(with_hub, task)["measurements"]["code_coverage"] == 84.9


def test_a_rule_of_the_end_is_the_hub_s_too(with_hub):
    task = with_hub.ok("ci", "start", "Build", "--criterion", "code_coverage >= 85")
    for leg, percent in (("a", 80), ("b", 90)):
        with_hub.write("coverage.xml", coverage(percent))
        with_hub.ok("ci", "measure", "coverage.xml", "--leg", leg)
    with_hub.ok("ci", "finish", "--rule", "code_coverage=max")

    assert show(with_hub, task)["status"] == "completed"


def test_a_scan_that_did_not_run_for_this_commit_leaves_no_old_value_to_pass_by(with_hub):
    task = with_hub.ok("add", "A feature", "--criterion", "code_coverage >= 85", "--criterion", "test_failures == 0")
    built(with_hub, words=("--task", task))
    with_hub.ok("ci", "finish", "--no-complete")
    with_hub.ok("ci", "start", "--task", task, environ=NEXT)
    with_hub.ok("ci", "measure", "junit.xml", environ=NEXT)
    done = with_hub.run("ci", "finish", environ=NEXT)
    by_hand = with_hub.run("complete", task, "--validate")

    assert (done.returncode, by_hand.returncode) == (5, 5)
    assert "code_coverage: stale: not measured for 0b1c2d3e0" in done.stderr
    assert show(with_hub, task)["measurements"]["code_coverage"] is None


def test_two_workflows_of_one_commit_measure_one_task_together(with_hub):
    task = with_hub.ok("add", "A feature", "--criterion", "code_coverage >= 85", "--criterion", "security_issues == 0")
    nightly = {**GITHUB, "GITHUB_WORKFLOW": "Scan", "GITHUB_RUN_ID": "9"}
    built(with_hub, words=("--task", task))
    with_hub.ok("ci", "start", "--task", task, environ=nightly)
    with_hub.ok("ci", "measure", "--value", "security_issues=0", environ=nightly)

    assert with_hub.run("ci", "finish", environ=nightly).returncode == 0
    assert show(with_hub, task)["status"] == "completed"


def test_steps_told_before_their_start_are_on_the_task_in_the_end(with_hub, make_machine):
    early = make_machine("early", hub=with_hub.hub)
    early.ok("ci", "step", "lint", "--status", "passed")
    task = with_hub.ok("ci", "start", "Build", "--criterion", "a == 1")

    assert "lint: passed" in json.dumps(events(with_hub, task))


def test_a_late_result_of_an_old_commit_does_not_pass_a_task_that_moved_on(with_hub, make_machine):
    task = with_hub.ok("add", "A feature", "--criterion", "code_coverage >= 85")
    late = make_machine("late", hub=with_hub.hub)
    built(late, 99, words=("--task", task))
    built(with_hub, 80, words=("--task", task), environ=NEXT)
    done = late.run("ci", "finish")

    assert show(with_hub, task)["measurements"]["code_coverage"] == 80
    assert show(with_hub, task)["status"] == "in_progress"
    assert "came late" in done.stderr


def test_a_re_run_of_an_older_commit_is_late(with_hub):
    task = with_hub.ok("add", "A feature", "--criterion", "code_coverage >= 85")
    built(with_hub, 80, words=("--task", task))
    with_hub.run("ci", "finish")
    built(with_hub, 80, words=("--task", task), environ=NEXT)
    with_hub.run("ci", "finish", environ=NEXT)
    built(with_hub, 99, words=("--task", task), environ=AGAIN)
    done = with_hub.run("ci", "finish", environ=AGAIN)

    assert "came late" in done.stderr
    assert show(with_hub, task)["status"] == "blocked"


def test_a_task_that_the_hub_does_not_have_opens_no_gate(with_hub):
    done = with_hub.run("ci", "start", "--task", "99999999", "--criterion", "code_coverage >= 85")

    assert done.returncode == 3
    assert "99999999" in done.stderr


def test_a_person_s_word_counts_beside_what_the_run_measured(with_hub):
    task = with_hub.ok("add", "A feature", "--criterion", "code_coverage >= 85", "--criterion", "Docs are reviewed")
    built(with_hub, words=("--task", task))
    before = with_hub.run("ci", "finish")
    with_hub.ok("measure", task, "--criterion", "2", "met")

    assert before.returncode == 5
    assert "Docs are reviewed: a person has to say" in before.stderr
    assert with_hub.run("ci", "finish").returncode == 0
    assert show(with_hub, task)["status"] == "completed"


@pytest.mark.parametrize(("result", "status"), [("failure", "blocked"), ("cancelled", "in_progress")])
def test_a_failed_run_blocks_and_a_cancelled_one_is_noted(with_hub, result, status):
    task = built(with_hub)
    done = with_hub.run("ci", "finish", "--results", f"success {result}")

    assert done.returncode == 5
    assert show(with_hub, task)["status"] == status
    assert f"1 job {'failed' if result == 'failure' else 'cancelled'}" in json.dumps(events(with_hub, task))


def test_the_settings_say_what_a_failed_run_does(with_hub):
    task = built(with_hub)
    with_hub.run("ci", "finish", "--results", "failure", TM_PLUGINS__CI__ON_FAILURE="note")

    assert show(with_hub, task)["status"] == "in_progress"


def test_steps_and_the_run_are_on_the_task(with_hub):
    task = built(with_hub)
    with_hub.ok("ci", "step", "test", "--status", "passed", "--note", "12 tests")
    found = show(with_hub, task)

    assert "test: passed, 12 tests" in json.dumps(found)
    assert "https://github.com/acme/app/actions/runs/1658821493" in json.dumps(found)
    assert f"Commit: {SHA}" in json.dumps(found)


def test_in_ci_other_plugins_are_told_before_the_command_ends(with_hub):
    with ScriptedServer() as slack:
        told = {"TM_DELIVERY": "auto", "TM_PLUGINS__SLACK__WEBHOOK_URL": f"{slack.url}/services/T0/B0/X0"}
        with_hub.ok("ci", "start", "Build", "--criterion", "a == 1", **told)
        with_hub.run("ci", "finish", **told)

        assert ["CI: Build" in request.body.decode() for request in slack.requests] == [True]


def test_a_named_task_is_measured_in_place(with_hub):
    task = with_hub.ok("add", "A feature", "--criterion", "code_coverage >= 85")
    with_hub.write("coverage.xml", coverage(86))
    with_hub.ok("ci", "measure", task, "coverage.xml", environ={})

    assert show(with_hub, task)["criteria"][0]["verdict"] == "met"
    assert not with_hub.run_file.exists()


def test_at_a_desk_every_start_is_a_run_of_its_own_and_a_named_task_stays_out_of_it(with_hub):
    feature = with_hub.ok("add", "A feature", "--criterion", "code_coverage >= 85")
    with_hub.write("coverage.xml", coverage(86))
    with_hub.ok("ci", "measure", feature, "coverage.xml", environ={})
    tasks = [with_hub.ok("ci", "start", "Try", "--criterion", "a == 1", environ={}) for _ in range(2)]
    with_hub.ok("ci", "measure", "--value", "a=1", environ={})
    done = with_hub.run("ci", "finish", environ={})

    assert done.returncode == 0, done.stderr
    assert len({feature, *tasks}) == 3
    assert [show(with_hub, task)["status"] for task in (feature, *tasks)] == ["pending", "in_progress", "completed"]


def test_a_run_that_the_hub_missed_is_told_at_a_desk(broken, with_hub):
    built(broken)
    done = with_hub.run("ci", "finish", broken.run_file, environ={})
    again = built(with_hub)

    assert done.returncode == 0, done.stderr
    assert f"Task {again} completed." in done.stderr


def test_a_refused_completion_prints_the_commands_that_would_measure(with_hub):
    gates = ("code_coverage >= 85", "security_issues == 0", "build_exit_code == 0", "docs_words > 5")
    task = with_hub.ok("add", "A feature", *(word for each in gates for word in ("--criterion", each)))
    config = with_hub.write("tm.toml", '[plugins.ci]\nfiles = ["coverage.xml"]\n')
    done = with_hub.run("complete", task, "--validate", TM_CONFIG=str(config))

    assert done.returncode == 5
    assert f"  tm ci measure {task}\n" in done.stderr
    assert f"  tm ci measure {task} --sarif '*.sarif' --npm-audit npm-audit.json" in done.stderr
    assert "--exit-code build=N" in done.stderr


def test_doctor_looks_at_the_files_of_the_settings(with_hub):
    config = with_hub.write("tm.toml", '[plugins.ci]\nfiles = ["coverage.xml", "odd.dat"]\nsonar_token = "x"\n')
    done = with_hub.run("doctor", "ci", TM_CONFIG=str(config))

    assert "coverage.xml: 0 here now." in done.stdout + done.stderr
    assert "odd.dat" in done.stdout + done.stderr
    assert "Set [plugins.ci] sonar_url" in done.stdout + done.stderr


def test_later_jobs_judge_a_task_s_criteria_without_the_hub(with_hub, make_machine):
    task = with_hub.ok("add", "A feature", "--criterion", "code_coverage >= 85", "--criterion", "Docs are reviewed")
    with_hub.ok("measure", task, "--criterion", "2", "met")
    built(with_hub, 84.9, words=("--task", task))
    alone = make_machine("alone")
    done = alone.run("ci", "finish", with_hub.run_file)

    assert done.returncode == 5
    assert "code_coverage=84.9" in done.stderr
    assert "Docs are reviewed  " in done.stderr
    assert "a person said so" in done.stderr


# a hub that is down


@pytest.fixture
def broken(make_machine, tmp_path):
    """A machine whose hub is a file that is no store."""
    store = tmp_path / "broken.db"
    store.write_bytes(b"this is no database" * 100)
    return make_machine("broken", hub=store)


def test_a_hub_that_is_down_changes_no_build(broken):
    built(broken)
    done = broken.run("ci", "finish")

    assert done.returncode == 0
    assert "The hub was not told, and the build goes on without it" in done.stderr
    built(broken, 84.9)
    assert broken.run("ci", "finish").returncode == 5


def test_a_task_whose_criteria_cannot_be_read_fails_no_build_and_passes_none(broken):
    broken.ok("ci", "start", "--task", "7f3a0c11")
    done = broken.run("ci", "finish", "--format", "json")
    failed = broken.run("ci", "finish", "--results", "failure")

    assert (done.returncode, json.loads(done.stdout)["passed"]) == (0, False)
    assert "nobody knows here whether they are met" in done.stderr
    assert failed.returncode == 5


def test_with_strict_a_hub_that_is_down_is_an_error(broken):
    done = broken.run("ci", "start", "Build", "--strict")

    assert done.returncode == 4
    assert "Traceback" not in done.stderr


def test_a_plugin_that_nobody_enabled_changes_no_build(with_hub):
    built(with_hub, TM_PLUGINS__CI__ENABLED="false")

    assert with_hub.run("ci", "finish", TM_PLUGINS__CI__ENABLED="false").returncode == 0


def test_what_the_hub_missed_is_told_later_from_the_file(broken, with_hub):
    built(broken)
    broken.run("ci", "finish")
    done = with_hub.run("ci", "finish", broken.run_file)
    [task] = json.loads(with_hub.ok("list", "--format", "json"))

    assert done.returncode == 0
    assert task["status"] == "completed"
