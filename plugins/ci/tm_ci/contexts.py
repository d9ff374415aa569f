"""Which run this is: read from the variables of GitHub Actions, Jenkins or GitLab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOCAL = "local"

_OF_A_COMMIT = ("push", "pull_request", "pull_request_target", "merge_request_event")


@dataclass(frozen=True, kw_only=True)
class Context:
    """One run of a pipeline, as seen by one job of it.

    `run` is the same for re-runs, and for push and pull request of one commit (outside of CI every start is a run of
    its own, named in its file); `attempt` tells re-runs apart. `checkout` is what is checked out where that is
    another commit than the judged one: of a pull request, its merge with the base. `title` is what people call the
    run; every text here comes from outside and is data, never a part of a command.
    """

    system: str
    run: str
    title: str
    attempt: int = 1
    commit: str | None = None
    checkout: str | None = None
    branch: str | None = None
    url: str | None = None
    job: str | None = None
    leg: str | None = None
    actor: str | None = None


def context_of(
    environ: Mapping[str, str], *, payload: Callable[[str], Mapping[str, Any]], head: Callable[[], str | None]
) -> Context:
    """The context by these variables; `payload` reads the file of GitHub's event, `head` the checkout's commit."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ, payload(environ.get("GITHUB_EVENT_PATH", "")))
    if environ.get("GITLAB_CI"):
        return _gitlab(environ)
    if environ.get("JENKINS_URL") or environ.get("JENKINS_HOME"):
        return _jenkins(environ, head)
    commit = head()
    return Context(system=LOCAL, run=LOCAL, title=f"Run of {short(commit)}", commit=commit)


def short(commit: str | None) -> str:
    """A commit as people write it."""
    return commit[:9] if commit else "no commit"


def _github(environ: Mapping[str, str], payload: Mapping[str, Any]) -> Context:
    get = environ.get
    commit = _head_of(payload) or get("GITHUB_SHA") or None
    number = get("GITHUB_RUN_ID", "0")
    repository = get("GITHUB_REPOSITORY_ID") or get("GITHUB_REPOSITORY", "")
    is_of_a_commit = commit and get("GITHUB_EVENT_NAME") in _OF_A_COMMIT
    which = f"{get('GITHUB_WORKFLOW', '')}:{commit}" if is_of_a_commit else number
    return Context(
        system="github",
        run=f"github:{repository}:{which}",
        title=f"{get('GITHUB_WORKFLOW') or 'Workflow'} of {short(commit)}",
        attempt=_whole(get("GITHUB_RUN_ATTEMPT")),
        commit=commit,
        checkout=get("GITHUB_SHA") or None,
        branch=get("GITHUB_HEAD_REF") or get("GITHUB_REF_NAME") or None,
        url=f"{get('GITHUB_SERVER_URL', 'https://github.com')}/{get('GITHUB_REPOSITORY', '')}/actions/runs/{number}",
        job=get("GITHUB_JOB") or None,
        actor=get("GITHUB_ACTOR") or None,
    )


def _head_of(payload: Mapping[str, Any]) -> str | None:
    """The branch's commit of a pull request: GITHUB_SHA is a merge that exists nowhere else."""
    found: Any = payload
    for name in ("pull_request", "head", "sha"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found else None


def _gitlab(environ: Mapping[str, str]) -> Context:
    get = environ.get
    commit = get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or get("CI_COMMIT_SHA") or None
    is_of_a_commit = commit and get("CI_PIPELINE_SOURCE") in _OF_A_COMMIT
    which = commit if is_of_a_commit else f"pipeline:{get('CI_PIPELINE_ID', '0')}"
    return Context(
        system="gitlab",
        run=f"gitlab:{get('CI_PROJECT_ID', '')}:{which}",
        title=f"Pipeline of {short(commit)}",
        commit=commit,
        checkout=get("CI_COMMIT_SHA") or None,
        branch=get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or get("CI_COMMIT_REF_NAME") or None,
        url=get("CI_PIPELINE_URL") or None,
        job=get("CI_JOB_NAME") or None,
        leg=get("CI_NODE_INDEX") or get("CI_JOB_NAME") or None,
        actor=get("GITLAB_USER_LOGIN") or None,
    )


def _jenkins(environ: Mapping[str, str], head: Callable[[], str | None]) -> Context:
    get = environ.get
    commit = get("GIT_COMMIT") or head()
    number = get("BUILD_NUMBER", "0")
    name = get("JOB_NAME", "")
    project = name.rpartition("/")[0] if get("BRANCH_NAME") and "/" in name else name
    return Context(
        system="jenkins",
        run=f"jenkins:{project}:{commit}" if commit else f"jenkins:{name}:{number}",
        title=f"{name or 'Build'} {number}",
        attempt=_whole(number),
        commit=commit,
        branch=get("CHANGE_BRANCH") or get("BRANCH_NAME") or get("GIT_BRANCH") or None,
        url=get("BUILD_URL") or None,
        job=get("STAGE_NAME") or None,
    )


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 1
