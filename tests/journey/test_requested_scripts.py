"""The git hooks, Slack and Jira scripts of the requested document run unchanged against the installed tm.

Where a script has an error of its own, a comment says so and the test claims only what tm answers for.
"""

from __future__ import annotations

import json
import re
import threading

import pytest
from tests.journey import requested
from tests.journey.conftest import PERSON, require_document

from tm.testing import Reply, ScriptedServer

pytestmark = pytest.mark.slow
require_document()

MEASURED = (
    "unit_test_pass_rate=100",
    "code_review_status=approved",
    "security_scan_issues=0",
    "performance_regression=false",
)


def commit(checkout, message, *, file="notes.txt", **variables):
    """One commit of one changed file; what git and the hooks said, both streams together."""
    with (checkout.folder / file).open("a", encoding="utf-8") as notes:
        notes.write(message)
    checkout.git("add", file)
    answer = checkout.run(["git", "commit", "--message", message], **variables)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout + answer.stderr


@pytest.fixture
def feature(checkout):
    """The id of the task that the pre-commit hook added for a feature commit."""
    commit(checkout, "feat: add login form for guests")
    # the hook reads the message of the commit before the one it runs for, so the next commit makes the task
    commit(checkout, "Tidy up")
    [task] = checkout.tasks()
    return task["id"]


def test_the_commit_after_a_feature_commit_adds_a_task_with_the_standard_criteria(checkout, document, feature):
    task = checkout.show(feature)

    assert (task["title"].partition(": ")[2], task["status"]) == ("add login form", "pending")
    assert (task["assignee"], task["estimated_hours"]) == (PERSON, 4)
    assert checkout.criteria(feature) == requested.criteria(requested.script(document, ".git/hooks/pre-commit"))
    assert len(task["criteria"]) == 4
    [context] = task["context"]
    assert all(words in context["text"] for words in (f"Ada <{PERSON}>", "Branch: main", "notes.txt"))


def test_the_first_commit_of_a_repository_adds_no_task(checkout):
    commit(checkout, "feat: add login form for guests")

    assert checkout.tasks() == []


def test_a_commit_that_names_its_task_is_progress_on_it(checkout, feature):
    said = commit(checkout, f"Check the password\n\nTask-ID: {feature}")

    [progress] = checkout.show(feature)["progress"]
    assert re.search("[0-9a-f]{7,}: Check the password .1 files", progress["note"])
    assert progress["actor"] == PERSON
    assert checkout.show(feature)["status"] == "in_progress"
    assert f"✓ {feature} progress noted." in said


def test_a_commit_that_claims_completion_is_refused_while_nothing_was_measured(checkout, feature):
    said = commit(checkout, f"This closes the login task\n\nTask-ID: {feature}")

    assert f"Cannot complete task {feature}: 4 of 4 criteria not met." in said
    assert checkout.show(feature)["status"] == "in_progress"
    # the hook prints its tick whatever tm answered, so ask tm itself
    assert checkout.tm("complete", feature, "--validate").returncode == 5


def test_a_commit_that_claims_completion_completes_a_measured_task(checkout, feature):
    checkout.told("measure", feature, *MEASURED)
    commit(checkout, f"This closes the login task\n\nTask-ID: {feature}")

    task = checkout.show(feature)
    assert task["status"] == "completed"
    assert {each["verdict"] for each in task["criteria"]} == {"met"}
    assert checkout.git("rev-parse", "--short", "HEAD").stdout.strip() in task["completion_summary"]


def test_a_feature_branch_gives_its_task_context_and_starts_it(checkout, feature):
    checkout.git("switch", "--create", f"feature/{feature}-login")

    task = checkout.show(feature)
    assert task["status"] == "in_progress"
    assert f"feature/{feature}-login" in task["context"][-1]["text"]
    [progress] = task["progress"]
    assert progress["note"].endswith(f"feature/{feature}-login")


def test_a_feature_branch_does_not_start_its_task_again(checkout, feature):
    checkout.git("switch", "--create", f"feature/{feature}-login")
    checkout.git("switch", "main")
    checkout.git("switch", f"feature/{feature}-login")

    task = checkout.show(feature)
    assert (len(task["context"]), len(task["progress"])) == (3, 1)


def test_git_does_not_wait_for_a_slack_that_does_not_answer(checkout, feature):
    checkout.told("measure", feature, *MEASURED)
    asked, may_answer = threading.Event(), threading.Event()

    def answer(_):
        asked.set()
        assert may_answer.wait(30)
        return Reply(body="ok")

    with ScriptedServer(answer) as slack:
        enabled = {"TM_PLUGINS__SLACK__WEBHOOK_URL": f"{slack.url}/services/T/B/x"}
        # returns only when nobody holds git's streams any more
        commit(checkout, f"This closes the login task\n\nTask-ID: {feature}", **enabled)
        was_asked = asked.wait(30)
        may_answer.set()
        checkout.tm("deliver", **enabled)  # waits for the drain that is at work

    assert was_asked
    assert checkout.show(feature)["status"] == "completed"
    assert "delivered" in checkout.told("delivery", "list", **enabled)


@pytest.fixture
def webhook():
    with ScriptedServer(lambda _: Reply(body="ok")) as server:
        yield server


def told_slack(checkout, webhook, call):
    """Source the Slack functions, call one, and return the attachment it posted."""
    answer = checkout.shell(
        f"source scripts/slack-integration.sh; {call}", SLACK_WEBHOOK_URL=f"{webhook.url}/services/T/B/x"
    )
    assert answer.returncode == 0, answer.stderr
    [request] = webhook.requests
    # the script pastes its lines into a JSON string as they are, which a strict reader refuses
    [attachment] = json.loads(request.body, strict=False)["attachments"]
    return attachment


def told_of(attachment):
    """What the lines of the text name, without the names."""
    return [line.partition(":* ")[2] for line in attachment["blocks"][0]["text"]["text"].split("\n")[1:]]


def test_slack_hears_title_assignee_and_quality_of_a_completed_task(checkout, webhook):
    task_id = checkout.told("add", "Ship the parser", "--assignee", PERSON)
    checkout.told("complete", task_id)
    checkout.told("feedback", task_id, "--quality", "4")
    attachment = told_slack(checkout, webhook, f"notify_task_completion {task_id}")

    assert told_of(attachment) == ["Ship the parser", PERSON, "4/5", task_id]
    assert attachment["color"] == "good"
    assert attachment["blocks"][1]["elements"][0]["url"].endswith(f"/tasks/{task_id}")


def test_slack_hears_that_a_completed_task_was_not_rated(checkout, webhook):
    task_id = checkout.told("add", "Ship the parser")
    checkout.told("complete", task_id)
    attachment = told_slack(checkout, webhook, f"notify_task_completion {task_id}")

    assert told_of(attachment) == ["Ship the parser", "null", "N/A/5", task_id]


def test_slack_hears_why_a_task_is_blocked(checkout, webhook):
    task_id = checkout.told("add", "Ship the parser", "--assignee", PERSON)
    checkout.told("block", task_id, "--reason", "the API key is missing")
    reason = checkout.show(task_id)["blocked_reason"]
    attachment = told_slack(checkout, webhook, f"notify_task_blocked {task_id} '{reason}'")

    assert told_of(attachment)[:4] == ["Ship the parser", PERSON, "the API key is missing", task_id]
    assert attachment["color"] == "warning"


def test_slack_hears_the_deadline_of_an_urgent_task(checkout, webhook):
    task_id = checkout.told("add", "Ship the parser", "--priority", "critical", "--deadline", "2027-01-31T15:00")
    attachment = told_slack(checkout, webhook, f"notify_urgent_task {task_id}")

    assert told_of(attachment)[:3] == ["Ship the parser", "2027-01-31T15:00:00.000000Z", task_id]
    assert attachment["color"] == "danger"


def answer_as_jira(request):
    """Jira's answers as its reference documents them, for an issue PROJ-24."""
    if request.method == "GET":
        transitions = [("11", "To Do"), ("31", "In Progress"), ("41", "Done")]
        return Reply(
            body={"transitions": [{"id": key, "name": name, "to": {"name": name}} for key, name in transitions]}
        )
    if request.path.endswith("/transitions"):
        return Reply(status=204)
    return Reply(status=201, body={"id": "10000", "key": "PROJ-24", "self": "https://jira.test/rest/api/3/issue/10000"})


@pytest.fixture
def jira():
    with ScriptedServer(answer_as_jira) as server:
        yield server


def with_jira(checkout, jira, call):
    """Source the Jira functions, set the variables they begin with, and call one."""
    settings = f"JIRA_BASE_URL={jira.url} JIRA_USERNAME=bot@example.com JIRA_API_TOKEN=secret"
    answer = checkout.shell(f"source scripts/jira-integration.sh; {settings}; {call}")
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(("priority", "name"), [("critical", "Highest"), ("low", "Low")])
def test_jira_gets_an_issue_and_the_task_remembers_its_key(checkout, jira, priority, name):
    words = ("--description", "One grammar for all", "--priority", priority)
    task_id = checkout.told("add", "Ship the parser", *words)
    with_jira(checkout, jira, f"create_jira_issue {task_id} PROJ Task")

    [request] = jira.requests
    assert (request.method, request.path) == ("POST", "/rest/api/3/issue")
    fields = request.json["fields"]
    description = fields.pop("description")
    assert description.startswith("One grammar for all\n\n")
    assert description.endswith(task_id)
    assert fields == {
        "project": {"key": "PROJ"},
        "summary": "Ship the parser",
        "issuetype": {"name": "Task"},
        "priority": {"name": name},
    }
    [context] = checkout.show(task_id)["context"]
    assert f"PROJ-24\n- URL: {jira.url}/browse/PROJ-24\n" in context["text"]


def test_a_task_without_description_reaches_jira_without_the_word_null(checkout, jira):
    task_id = checkout.told("add", "Ship the parser")
    with_jira(checkout, jira, f"create_jira_issue {task_id} PROJ Task")

    description = jira.requests[0].json["fields"]["description"]
    assert description.startswith("\n\n")
    assert "null" not in description


def test_a_jira_issue_is_moved_to_the_status_that_is_named(checkout, jira):
    task_id = checkout.told("add", "Ship the parser")
    with_jira(checkout, jira, f"update_jira_status {task_id} PROJ-24 'In Progress'")

    asked, told = jira.requests
    assert (asked.method, told.method) == ("GET", "POST")
    assert asked.path == told.path == "/rest/api/3/issue/PROJ-24/transitions"
    assert told.json == {"transition": {"id": "31"}}
