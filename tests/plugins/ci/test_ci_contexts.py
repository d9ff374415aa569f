"""Which run a job belongs to, by the variables of the three systems."""

import pytest
from tests.plugins.ci.conftest import GITHUB, OTHER_SHA, SHA

from tm_ci.contexts import context_of

GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_ID": "5",
    "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_REF_NAME": "main",
    "CI_PIPELINE_ID": "77",
    "CI_PIPELINE_SOURCE": "push",
    "CI_PIPELINE_URL": "https://gitlab.example.com/acme/app/-/pipelines/77",
    "CI_JOB_NAME": "test: [py311]",
}
JENKINS = {
    "JENKINS_URL": "https://jenkins.example.com/",
    "JOB_NAME": "acme/app/main",
    "BRANCH_NAME": "main",
    "BUILD_NUMBER": "42",
    "BUILD_URL": "https://jenkins.example.com/job/acme/job/app/job/main/42/",
    "GIT_COMMIT": SHA,
    "STAGE_NAME": "Test",
}


def context(environ, *, payload=None, head=None):
    return context_of(environ, payload=lambda _: payload or {}, head=lambda: head)


def test_a_re_run_on_github_is_the_same_run_with_another_attempt():
    first, again = context(GITHUB), context({**GITHUB, "GITHUB_RUN_ATTEMPT": "2"})

    assert (first.run, first.attempt) == (f"github:7:Build:{SHA}", 1)
    assert (again.run, again.attempt) == (first.run, 2)
    assert first.url == "https://github.com/acme/app/actions/runs/1658821493"


def test_push_and_pull_request_of_one_commit_are_one_run():
    merge = {**GITHUB, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_SHA": OTHER_SHA, "GITHUB_HEAD_REF": "topic"}
    pull = context(merge, payload={"pull_request": {"head": {"sha": SHA}}})

    assert (pull.run, pull.commit, pull.branch) == (context(GITHUB).run, SHA, "topic")


@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch"])
def test_a_run_that_no_commit_began_is_a_run_of_its_own(event):
    assert context({**GITHUB, "GITHUB_EVENT_NAME": event}).run == "github:7:1658821493"


@pytest.mark.parametrize("payload", [{}, {"pull_request": None}, {"pull_request": {"head": 7}}])
def test_an_odd_payload_is_no_trouble(payload):
    assert context(GITHUB, payload=payload).commit == SHA


def test_gitlab_s_branch_and_merge_request_pipelines_of_one_commit_are_one_run():
    merge = {**GITLAB, "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": SHA}
    found = context({**merge, "CI_COMMIT_SHA": OTHER_SHA, "CI_PIPELINE_ID": "78"})

    assert found.run == context(GITLAB).run == f"gitlab:5:{SHA}"
    assert found.leg == "test: [py311]"
    assert context({**GITLAB, "CI_PIPELINE_SOURCE": "schedule"}).run == "gitlab:5:pipeline:77"


def test_jenkins_builds_of_one_commit_are_one_run_and_the_number_is_the_attempt():
    branch = context(JENKINS)
    pull = context({**JENKINS, "JOB_NAME": "acme/app/PR-7", "BRANCH_NAME": "PR-7", "CHANGE_BRANCH": "topic"})

    assert (branch.run, branch.attempt, branch.job) == (f"jenkins:acme/app:{SHA}", 42, "Test")
    assert (pull.run, pull.branch) == (branch.run, "topic")


def test_jenkins_without_a_commit_has_its_build_number():
    unknown = {name: value for name, value in JENKINS.items() if name != "GIT_COMMIT"}

    assert context(unknown).run == "jenkins:acme/app/main:42"
    assert context(unknown, head=SHA).run == f"jenkins:acme/app:{SHA}"


def test_elsewhere_the_checkout_says_the_commit():
    assert (context({}, head=SHA).system, context({}, head=SHA).commit) == ("local", SHA)
    assert context({}).commit is None
