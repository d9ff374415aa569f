"""The workflow and the pipeline of the requested document run unchanged, step by step, as a CI system runs them.

Only what the CI system fills in is filled in; the tools of the builds are stand-ins on the PATH.
"""

from __future__ import annotations

import json
import re

import pytest
from tests.journey import requested
from tests.journey.conftest import require_document

from tm.testing import Reply, ScriptedServer

pytestmark = pytest.mark.slow
require_document()

MEASURED_ON_GITHUB = ("test_pass_rate=100", "code_coverage=91.2", "security_issues=0", "build_artifacts_count=1")
MEASURED_ON_JENKINS = ("build_exit_code=0", "test_failures=0", "sonar_quality_gate=passed")
EXPRESSIONS = {
    "github.sha": "4f2a9c1",
    "github.ref_name": "main",
    "github.actor": "ada",
    "github.event_name": "push",
    "github.repository": "acme/app",
    "github.workflow": "Build",
    "github.job": "build",
    "github.run_id": "1658821493",
    "github.run_number": "42",
    "runner.os": "Linux",
    "toJSON(needs)": '{"test": {"result": "failure"}}',
}
NPM = """case "$*" in
"run test:unit"*) mkdir -p coverage; echo '{"total": {"lines": {"pct": 91.2}}}' > coverage/coverage-summary.json ;;
"run build") mkdir -p dist; echo done > dist/app.js ;;
"audit --json") echo '{"metadata": {"vulnerabilities": {"high": 1, "critical": 2}}}' ;;
esac"""
MVN = """case "$*" in
test) mkdir -p target/surefire-reports
  echo '<testsuite tests="7" failures="0">' > target/surefire-reports/TEST-a.xml
  echo '<testsuite tests="5" failures="0">' > target/surefire-reports/TEST-b.xml ;;
package) mkdir -p target; echo done > target/app.jar ;;
esac"""


def step_of(checkout):
    """The step that ran last, as its shell got it."""
    return (checkout.folder / "step.sh").read_text(encoding="utf-8")


@pytest.fixture
def github(checkout, document):
    """Runs a named step as GitHub does; `task_id` is what the first job handed to the others."""
    steps = requested.workflow_steps(requested.script(document, ".github/workflows/build-and-test.yml"))
    checkout.add_program("npm", NPM)

    def run(name, *, task_id=""):
        values = EXPRESSIONS | {"needs.create-build-task.outputs.task-id": task_id}
        checkout.write("step.sh", requested.with_expressions(steps[name], values))
        return checkout.shell(
            "bash -e step.sh", GITHUB_OUTPUT=str(checkout.folder / "output"), CI="true", GITHUB_ACTIONS="true"
        )

    return run


@pytest.fixture
def github_task(checkout, github):
    """The id that the first job hands to the others."""
    answer = github("Create build task")
    assert (answer.returncode, answer.stdout) == (0, ""), answer.stderr
    output = (checkout.folder / "output").read_text(encoding="utf-8")
    assert re.fullmatch(r"task-id=[0-9a-f]{8}\n", output)
    return output.strip().removeprefix("task-id=")


def test_a_workflow_run_adds_its_task(checkout, github_task):
    task, step = checkout.show(github_task), step_of(checkout)

    assert (task["assignee"], task["estimated_hours"]) == ("ci-system", 0.5)
    assert "4f2a9c1" in task["title"]
    assert checkout.criteria(github_task) == requested.criteria(step)
    assert len(task["criteria"]) == 4
    [context] = task["context"]
    assert f'"{context["text"]}"' in step
    assert "1658821493" in context["text"]


def test_the_steps_of_a_workflow_run_are_progress(checkout, github, github_task):
    steps = "Install dependencies", "Run unit tests", "Run integration tests", "Security scan", "Build application"
    codes = [github(step, task_id=github_task).returncode for step in steps]

    assert codes == [0, 0, 0, 0, 0]
    notes = [each["note"] for each in checkout.show(github_task)["progress"]]
    assert len(notes) == 4
    assert "91.2% coverage" in notes[0]
    assert "3 critical" in notes[2]
    assert "1 artifacts" in notes[3]


def test_a_workflow_run_without_measurements_fails_at_its_completion(checkout, github, github_task):
    answer = github("Complete build task", task_id=github_task)

    assert answer.returncode == 5
    assert f"tm measure {github_task} " in answer.stderr
    task = checkout.show(github_task)
    assert (task["status"], task["completion_summary"], task["feedback_quality"]) == ("pending", None, None)


def test_a_measured_workflow_run_is_completed_and_its_own_rating_stays_out_of_the_averages(
    checkout, github, github_task
):
    checkout.told("measure", github_task, *MEASURED_ON_GITHUB, CI="true")
    answer = github("Complete build task", task_id=github_task)

    assert (answer.returncode, answer.stdout) == (0, "")
    task = checkout.show(github_task)
    assert (task["status"], task["actual_hours"]) == ("completed", 0.3)
    assert task["completion_summary"] in step_of(checkout)
    assert (task["feedback_quality"], task["feedback_timeliness"]) == (5, 5)
    metrics = json.loads(checkout.told("metrics", "--format", "json"))
    assert (metrics["tasks_completed"], metrics["rated"], metrics["average_quality_score"]) == (1, 0, None)
    assert metrics["estimation_accuracy"] == 60


def test_a_failed_workflow_run_is_noted_and_not_completed(checkout, github, github_task):
    answer = github("Report build failure", task_id=github_task)

    task = checkout.show(github_task)
    # its jq program is a syntax error, which costs the context the names of the failed jobs and nothing else
    assert (answer.returncode, task["status"]) == (0, "in_progress")
    [progress] = task["progress"]
    assert f'"{progress["note"]}"' in step_of(checkout)
    assert "1658821493" in task["context"][-1]["text"]


@pytest.fixture
def jenkins(checkout, document):
    """Runs one shell text of the pipeline as Jenkins does."""
    steps = requested.pipeline_steps(requested.script(document, "Jenkinsfile"))
    checkout.add_program("mvn", MVN)
    checkout.add_program("java", "echo 'openjdk version \"21\"' >&2")
    checkout.add_program("sleep", "")

    def run(head, *, task_id="", number=0, sonar=""):
        named = re.findall(r"(?<!\\)\$\{(.+?)\}", steps[head][number])
        values = {name: name.rpartition(".")[2].lower() for name in named}
        values |= {"env.TASK_ID": task_id, "env.BUILD_NUMBER": "42", "env.SONAR_URL": sonar}
        checkout.write("step.sh", requested.as_groovy(steps[head][number], values))
        return checkout.shell("sh -xe step.sh", CI="true")

    return run


@pytest.fixture
def jenkins_task(jenkins):
    """What `returnStdout` and `trim()` make of the first step."""
    answer = jenkins("Create Task")
    assert re.fullmatch(r"[0-9a-f]{8}\n", answer.stdout), answer.stderr
    return answer.stdout.strip()


def test_a_pipeline_adds_its_task(checkout, jenkins, jenkins_task):
    assert checkout.criteria(jenkins_task) == requested.criteria(step_of(checkout))

    answer = jenkins("Create Task", number=1, task_id=jenkins_task)

    task = checkout.show(jenkins_task)
    assert (answer.returncode, answer.stdout) == (0, "")
    assert (task["assignee"], task["estimated_hours"]) == ("jenkins-ci", 0.5)
    assert "42" in task["title"]
    assert len(task["criteria"]) == 3
    [context] = task["context"]
    assert 'openjdk version "21"' in context["text"]


def test_the_stages_of_a_pipeline_are_progress(checkout, jenkins, jenkins_task):
    with ScriptedServer(lambda _: Reply(body={"projectStatus": {"status": "OK"}})) as sonar:
        stages = "Build", "Test", "Quality Analysis", "Package"
        codes = [jenkins(stage, task_id=jenkins_task, sonar=sonar.url).returncode for stage in stages]

    notes = [each["note"] for each in checkout.show(jenkins_task)["progress"]]
    assert codes == [0, 0, 0, 0]
    assert len(notes) == 8
    assert "12 tests, 0 failures" in notes[3]
    assert notes[5].endswith(" OK")


def test_a_pipeline_without_measurements_fails_at_its_completion(checkout, jenkins, jenkins_task):
    answer = jenkins("success", task_id=jenkins_task)

    task = checkout.show(jenkins_task)
    assert answer.returncode == 5
    assert (task["status"], task["feedback_quality"]) == ("pending", None)


def test_a_measured_pipeline_is_completed_and_its_own_rating_stays_out_of_the_averages(checkout, jenkins, jenkins_task):
    for stage in ("Test", "Package"):
        jenkins(stage, task_id=jenkins_task)
    checkout.told("measure", jenkins_task, *MEASURED_ON_JENKINS, CI="true")
    answer = jenkins("success", task_id=jenkins_task)

    task = checkout.show(jenkins_task)
    assert answer.returncode == 0
    assert (task["status"], task["actual_hours"], task["feedback_quality"]) == ("completed", 0.4, 5)
    assert "Count: 2\n" in task["completion_summary"]
    assert json.loads(checkout.told("metrics", "--format", "json"))["rated"] == 0


def test_a_failed_pipeline_is_noted_and_not_completed(checkout, jenkins, jenkins_task):
    answer = jenkins("failure", task_id=jenkins_task)

    # the script asks the shell for a variable with a dot in its name, so sh gives up before its second tm
    assert answer.returncode != 0
    assert "bad substitution" in answer.stderr.lower()
    task = checkout.show(jenkins_task)
    [progress] = task["progress"]
    assert f'"{progress["note"]}"' in step_of(checkout)
    assert (task["status"], task["context"]) == ("in_progress", [])


@pytest.mark.parametrize(("head", "number"), [("Create Task", 1), ("success", 0)])
def test_a_pipeline_that_lost_its_id_is_told_so_and_changes_nothing(checkout, jenkins, jenkins_task, head, number):
    before = checkout.tasks()
    # a variable declared in `environment` cannot be set again, so on a real Jenkins the id stays empty
    answer = jenkins(head, number=number)

    assert answer.returncode == 2
    assert "tm: Missing argument" in answer.stderr
    assert checkout.tasks() == before
