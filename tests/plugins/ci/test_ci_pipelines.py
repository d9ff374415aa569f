"""The pipelines of `examples/ci` run here, each job in its own empty folder with only artifacts passed on.

The projects are real, and so are their reports. The gates hold; or 84.9 meets 85; or a scan did not run.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.plugins.ci.conftest import FOREIGN, GITHUB, SHA
from tests.plugins.ci.jobs import Workflow, run_gitlab
from tests.projects import make_project

from tm.testing import Reply, ScriptedServer

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).parents[3] / "examples" / "ci"
UNTESTED = "rm tests/test_shipping.py"
NO_SCAN = "printf '#!/bin/sh\\n' > scan.sh"
GITLAB = {
    "CI": "true", "GITLAB_CI": "true", "CI_PROJECT_ID": "5", "CI_PROJECT_PATH": "acme/slug", "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_REF_NAME": "main", "CI_PIPELINE_ID": "77", "CI_PIPELINE_SOURCE": "push",
}  # fmt: skip


@pytest.fixture
def environ():
    """What a runner's shell sees: the tools, and nothing of this machine's settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith((*FOREIGN, "PYTEST", "COV"))}
    return {**clean, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "USER": "ci"}


@pytest.fixture
def run_workflow(tmp_path, environ):
    """Runs the GitHub workflow over the Python project; `breaks` spoils a job's checkout."""

    def run(*, breaks=None, hub=None, ref="main"):
        store = {"TM_DATABASE_URL": str(hub), "TM_DELIVERY": "worker", "TM_PLUGINS__CI__ENABLED": "true"} if hub else {}
        workflow = Workflow(
            tmp_path / "github",
            workflow=EXAMPLES / "workflows" / "build.yml",
            action=EXAMPLES / "action.yml",
            project=EXAMPLES / "python-app",
            environ={**environ, **GITHUB, **store, "GITHUB_REF_NAME": ref},
            breaks=breaks,
        )
        return workflow, workflow.run()

    return run


def test_the_workflow_passes_when_the_gates_hold(run_workflow, tmp_path):
    workflow, log = run_workflow()

    assert set(workflow.results.values()) == {"success"}, workflow.logs
    assert "Overall: 5/5 criteria met" in log
    assert "5 of 5 criteria met." in (tmp_path / "github" / "finish-0" / "summary.md").read_text()


def test_the_workflow_is_refused_at_84_9_against_85(run_workflow):
    workflow, log = run_workflow(breaks={"test": UNTESTED})

    assert workflow.results == {**dict.fromkeys(("start", "test", "scan", "build"), "success"), "finish": "failure"}
    assert "code_coverage >= 85         code_coverage=84.90566038" in log
    assert "Overall: 4/5 criteria met" in log


def test_the_workflow_is_refused_when_the_scan_did_not_run(run_workflow):
    workflow, log = run_workflow(breaks={"scan": NO_SCAN})

    assert workflow.results["scan"] == "success"
    assert workflow.results["finish"] == "failure"
    assert "security_issues: reports/scan.sarif: no such file" in log


def test_a_job_that_fails_fails_the_run_though_the_gates_hold(run_workflow):
    workflow, log = run_workflow(breaks={"scan": "printf '#!/bin/sh\\nexit 2\\n' >> scan.sh; echo 'exit 2' >> scan.sh"})

    assert workflow.results["finish"] == "failure"
    assert "1 job failed" in log


def test_with_a_hub_the_same_workflow_completes_its_task(run_workflow, tmp_path, environ):
    make_project(tmp_path / "hub", home=tmp_path)
    hub = tmp_path / "hub" / "tm.db"
    workflow, log = run_workflow(hub=hub)

    assert set(workflow.results.values()) == {"success"}, workflow.logs
    assert "completed." in log


def test_titles_and_branches_are_words_and_no_commands(run_workflow, tmp_path):
    workflow, _ = run_workflow(ref="x\"; touch $HOME/pwned; `touch pwned` $(touch pwned) '")

    assert set(workflow.results.values()) == {"success"}, workflow.logs
    assert not [path for path in tmp_path.rglob("pwned*")]


# GitLab and npm


@pytest.fixture
def registry():
    """A registry that knows one package, and no vulnerability of it but a scripted one."""
    left_pad = {"name": "left-pad", "version": "1.3.0", "dist": {}}
    known = {"name": "left-pad", "dist-tags": {"latest": "1.3.0"}, "versions": {"1.3.0": left_pad}}
    with ScriptedServer(lambda request: Reply(body=known if request.method == "GET" else {})) as server:
        yield server


@pytest.fixture
def run_gitlab_template(tmp_path, environ, registry):
    """Runs the GitLab template over the npm project."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("node and npm are not installed, so no npm project can be tested here")
    said = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    if tuple(map(int, said.strip("v\n").split("."))) < (20, 11):
        pytest.skip(f"node {said.strip()} writes no lcov report; 20.11 is needed")

    def run(*, breaks=None, url=None, dies=()):
        known = {**environ, **GITLAB, "npm_config_registry": url or registry.url, "npm_config_fetch_retries": "0"}
        return run_gitlab(
            tmp_path / "gitlab",
            template=EXAMPLES / "gitlab" / "tm-ci.gitlab-ci.yml",
            project=EXAMPLES / "npm-app",
            environ=known,
            breaks=breaks,
            dies=dies,
        )

    return run


def test_the_npm_project_passes_when_the_gates_hold(run_gitlab_template):
    codes, log = run_gitlab_template()

    assert set(codes.values()) == {0}, log
    assert "Overall: 3/3 criteria met" in log


def test_an_audit_that_reaches_no_registry_is_no_clean_audit(run_gitlab_template):
    codes, log = run_gitlab_template(url="http://127.0.0.1:9/")

    assert codes["tm-finish"] == 5
    assert "security_issues: reports/npm-audit.json: npm could not audit" in log


def test_a_job_that_is_lost_with_its_runner_is_missed(run_gitlab_template):
    codes, log = run_gitlab_template(dies=("scan",))

    assert codes["tm-finish"] == 5
    assert "tm-ci-scan.jsonl cannot be read" in log


def test_a_known_vulnerability_is_refused(run_gitlab_template, registry):
    advisory = {
        "id": 1, "url": "https://example.com/1", "title": "Pads too much", "severity": "high",
        "vulnerable_versions": "<=1.3.0", "cwe": [], "cvss": {"score": 8, "vectorString": ""},
    }  # fmt: skip
    registry.script(Reply(body={"left-pad": [advisory]}))
    codes, log = run_gitlab_template()

    assert codes["tm-finish"] == 5, log
    assert "security_issues=1" in log


def test_a_failing_test_fails_the_pipeline_and_its_report_is_still_read(run_gitlab_template):
    codes, log = run_gitlab_template(breaks={"test": "sed -i 's/untitled/nameless/' src/slug.js"})

    assert (codes["test"], codes["tm-finish"]) == (1, 5)
    assert "test_pass_rate=50" in log
    assert "step test failed" in log


def test_the_results_are_json_for_whoever_reads_them(machine):
    machine.ok("ci", "start", "--criterion", "a == 1")
    machine.ok("ci", "measure", "--value", "a=1")

    assert json.loads(machine.ok("ci", "finish", "--format", "json"))["passed"] is True
