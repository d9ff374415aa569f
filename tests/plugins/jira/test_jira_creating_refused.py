"""What Jira says no to, and what it says later to: nothing is in doubt, so nothing is looked for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from tests.plugins.jira.pushing import (
    HOUR,
    MINUTE,
    SECOND,
    asked,
    creations,
    is_one_pair,
    pass_time,
    put_back_the_dead,
    reading,
    remarks,
    sentences,
    states,
    writes,
)

from tm.clock import instant
from tm.testing import FakeClock, Reply
from tm_jira import creating
from tm_jira.standin import StandIn

NOON = FakeClock().now()
# our field, Jira's, and what a task says of it
OPTIONAL = {
    "priority": ("priority", {"priority": "high"}),
    "labels": ("labels", {"labels": ["api"]}),
    "assignee": ("assignee", {"assignee": "alice@example.com"}),
    "deadline": ("duedate", {"deadline": "2026-12-24"}),
    "estimated_hours": ("timetracking", {"estimated_hours": 2.5}),
    "description": ("description", {"description": "By boat"}),
}


pytestmark = pytest.mark.usefixtures("no_write_in_vain")


def is_certain(host):
    """Whether nothing is in doubt: nobody will look for an issue."""
    return creating.in_doubt(host.hub("jira")) == {} and not any(
        row.may_have_happened for row in host.deliveries("jira")
    )


# an optional field


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_issue_is_made_without_a_field_that_its_screen_has_not(host, jira, name):
    jira_name, said = OPTIONAL[name]
    jira.site.projects["PROJ"].screen.discard(jira_name)
    task = host.tasks.add("Ship it", **said)
    host.deliver()

    assert states(host) == ["delivered"]
    assert is_one_pair(host, jira, task)
    assert any(name in each and "not on the appropriate screen" in each for each in remarks(host))
    assert creations(jira) == 2


def test_an_issue_is_made_without_any_field_that_may_be_left_out(host, jira):
    jira.site.projects["PROJ"].screen = {"project", "issuetype", "summary"}
    said = {name: value for _, fields in OPTIONAL.values() for name, value in fields.items()}
    task = host.tasks.add("Ship it", **said)
    host.deliver()
    sent = writes(jira)
    host.tasks.progress(task.id, "half of it")
    host.tasks.complete(task.id, summary="all of it")
    host.deliver()

    assert len(sent) == 2
    assert is_one_pair(host, jira, task)
    assert asked(jira, "PUT", "issue") == 0
    assert set(states(host)) == {"delivered"}


def test_an_assignee_who_is_not_assignable_there_is_left_out(open_host, jira):
    jira.site.add_person("712020:ca401", "carol", "carol@example.com", is_assignable=False)
    account = jira.site.person("712020:ca401")["name" if jira.site.data_center else "accountId"]
    host = open_host(jira, people={"carol": {"email": "carol@example.com", "jira": account}})
    task = host.tasks.add("Ship it", assignee="carol@example.com")
    host.deliver()

    assert is_one_pair(host, jira, task)
    assert jira.site.issues[0].fields["assignee"] is None
    assert host.tasks.get(task.id).assignee == "carol@example.com"
    assert any("assignee" in each and "cannot be assigned" in each for each in remarks(host))


def test_a_lost_answer_to_the_creation_without_the_field_is_found_too(host, jira):
    jira.site.projects["PROJ"].screen.discard("priority")
    refused = Reply(status=400, body={"errorMessages": [], "errors": {"priority": "Field 'priority' cannot be set."}})
    jira.fault("POST", "^issue$", refused, Reply(fault="drop", is_stored=True))
    task = host.tasks.add("Ship it", priority="high")
    pass_time(host)

    assert creations(jira) == 2
    assert is_one_pair(host, jira, task)
    assert asked(jira, "PUT", "issue") == 0


# what an issue cannot do without


@pytest.mark.parametrize(
    ("errors", "named"),
    [
        ({"summary": "Summary must be less than 255 characters."}, "Summary must be less"),
        ({"customfield_10010": "Task address is required."}, "Task address is required"),
        ({"issuetype": "Specify a valid issue type"}, "valid issue type"),
        ({"project": "Specify a valid project ID or key"}, "valid project"),
        ({"priority": "Priority is wrong.", "summary": "You must specify a summary."}, "specify a summary"),
    ],
)
def test_a_refused_field_that_must_be_there_ends_in_a_dead_letter_that_says_which(host, jira, errors, named):
    jira.fault("POST", "^issue$", Reply(status=400, body={"errorMessages": [], "errors": errors}))
    host.tasks.add("Ship it")
    pass_time(host)

    assert states(host) == ["dead"]
    assert named in sentences(host)[0]
    assert creations(jira) == 1
    assert is_certain(host)


def test_a_required_field_of_the_project_s_own_is_named(host, jira):
    jira.site.projects["PROJ"].required.add("customfield_10010")
    host.tasks.add("Ship it")
    pass_time(host)

    assert states(host) == ["dead"]
    assert "Task address is required" in sentences(host)[0]


def test_a_dead_letter_put_back_makes_the_issue_once_it_is_mended(host, jira):
    jira.site.withhold("CREATE_ISSUES")
    task = host.tasks.add("Ship it")
    pass_time(host)
    jira.site.grant("CREATE_ISSUES")
    put_back_the_dead(host)
    host.deliver()

    assert states(host) == ["delivered"]
    assert is_one_pair(host, jira, task)


def test_work_on_a_task_whose_issue_was_refused_makes_it_once_it_is_mended(host, jira):
    jira.site.withhold("CREATE_ISSUES")
    task = host.tasks.add("Ship it")
    pass_time(host)
    jira.site.grant("CREATE_ISSUES")
    host.tasks.progress(task.id, "half of it")
    host.deliver()

    assert states(host) == ["dead", "delivered", "delivered"]
    assert is_one_pair(host, jira, task)
    assert jira.site.issues[0].status == "In Progress"


def test_a_missing_permission_is_named_and_holds_up_no_other_project(open_host, jira):
    jira.site.forbid("OTHER")
    projects = [{"project": "OTHER", "when": "team == ops"}, {"project": "PROJ"}]
    host = open_host(jira, projects=projects)
    host.tasks.add("Mend it", team="ops")
    task = host.tasks.add("Ship it")
    host.deliver()

    assert states(host) == ["dead", "delivered"]
    assert "valid project" in sentences(host)[0]
    assert is_one_pair(host, jira, task)


def test_a_forbidden_creation_says_what_jira_says(host, jira):
    jira.site.withhold("CREATE_ISSUES")
    host.tasks.add("Ship it")
    host.deliver()

    assert states(host) == ["dead"]
    assert "You do not have permission to create issues in this project" in sentences(host)[0]


# logins


@pytest.mark.parametrize("captcha", [True, False])
def test_refused_credentials_pause_the_plugin_and_cost_nothing(host, jira, captcha):
    jira.site.revoke(captcha=captcha)
    tasks = [host.tasks.add(f"Ship number {number}") for number in range(3)]
    pass_time(host, 3 * HOUR, step=MINUTE)
    assert "captcha" in host.health("jira").paused if captcha else "credentials" in host.health("jira").paused
    assert {row.failures for row in host.deliveries("jira")} == {0}
    assert len(jira.server.requests) == 1

    jira.site.restore()
    host.replace("jira", settings={**jira.settings, "timeout": "31s"})
    host.deliver()
    assert states(host) == ["delivered"] * 3
    assert [each.fields["summary"] for each in jira.site.issues] == [each.title for each in tasks]
    assert asked(jira, "GET", "search") == 0


# later


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ({"Retry-After": "1847"}, timedelta(seconds=1847)),
        ({"Retry-After": format_datetime(NOON.astimezone(UTC) + 7 * MINUTE, usegmt=True)}, 7 * MINUTE),
        ({"Retry-After": "0"}, SECOND),
        ({"Retry-After": "1.5"}, timedelta(seconds=1.5)),
        ({"Retry-After": "soon"}, 30 * SECOND),
        ({}, 30 * SECOND),
        ({"Retry-After": "3", "RateLimit-Reason": "jira-per-issue-on-write"}, 3 * SECOND),
    ],
)
def test_a_limited_creation_waits_as_long_as_jira_says_and_others_go_on(host, jira, header, wait):
    jira.fault("POST", "^issue$", Reply(status=429, headers=header))
    task = host.tasks.add("Ship it")
    host.tasks.add("Sail on")
    host.deliver()
    [row, other] = host.deliveries("jira")
    assert (row.state, row.failures, row.due_at) == ("pending", 0, NOON + wait)
    assert other.state == "delivered"
    assert is_certain(host)

    host.clock.advance(wait)
    host.deliver()
    assert states(host) == ["delivered"] * 2
    assert jira.site.issues[-1].fields["summary"] == task.title
    assert asked(jira, "GET", "search") == 0


@pytest.mark.parametrize("reason", ["jira-quota-global-based", "jira-quota-tenant-based"])
@pytest.mark.parametrize("is_by_reset", [True, False])
def test_a_quota_stops_everything_until_it_is_filled_again(host, jira, reason, is_by_reset):
    until = NOON + timedelta(seconds=1847)
    told = {"X-RateLimit-Reset": "2026-11-22T12:30:47Z"} if is_by_reset else {"Retry-After": "1847"}
    jira.fault("POST", "^issue$", Reply(status=429, headers={"RateLimit-Reason": reason, **told}))
    for number in range(3):
        host.tasks.add(f"Ship number {number}")
    pass_time(host, 30 * MINUTE, step=MINUTE)
    assert len(jira.server.requests) == 1
    assert instant(host.health("jira").open_until) == until

    pass_time(host, 2 * MINUTE)
    assert states(host) == ["delivered"] * 3
    assert len(jira.site.issues) == 3


def test_a_jira_that_is_not_there_is_sent_nothing_and_asked_again_soon(open_host, clock):
    with StandIn(now=clock.now) as closed:
        port, settings = closed.server.port, closed.settings
    host = open_host(closed)
    task = host.tasks.add("Ship it")
    host.deliver()
    [row] = host.deliveries("jira")
    assert (row.state, row.failures) == ("pending", 0)
    assert "cannot be reached" in row.error
    assert is_certain(host)

    with StandIn(port, now=clock.now) as jira:
        assert jira.settings["url"] == settings["url"]
        pass_time(host, MINUTE)
        assert is_one_pair(host, jira, task)
        assert asked(jira, "GET", "search") == 0


def test_an_hour_without_jira_keeps_every_task_and_the_order_of_what_happened_to_it(open_host, clock):
    with StandIn(now=clock.now) as closed:
        port = closed.server.port
    host = open_host(closed)
    tasks = [host.tasks.add(f"Ship number {number}") for number in range(5)]
    for task in tasks:
        host.tasks.block(task.id, f"no {task.title}")
        host.tasks.complete(task.id, summary=f"done with {task.title}")
    pass_time(host, HOUR, step=MINUTE)
    with StandIn(port, now=clock.now) as jira:
        pass_time(host, 5 * MINUTE)

        assert sorted(each.fields["summary"] for each in jira.site.issues) == [each.title for each in tasks]
        for issue in jira.site.issues:
            told = [reading(each["body"]) for each in issue.comments]
            assert told == [
                f"Blocked by tester: no {issue.fields['summary']}",
                f"Completed by tester: done with {issue.fields['summary']}",
            ]
        assert set(states(host)) == {"delivered"}


@pytest.mark.parametrize("status", [409, 429])
def test_what_certainly_was_not_done_is_sent_again_without_a_look(host, jira, status):
    jira.fault("POST", "^issue$", *[Reply(status=status, headers={"Retry-After": "1"})] * 3)
    task = host.tasks.add("Ship it")
    pass_time(host, 20 * SECOND, step=SECOND)

    assert creations(jira) == 4
    assert is_one_pair(host, jira, task)
    assert asked(jira, "GET", "search") == 0


# titles and texts that Jira is strict about


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ('Say "hello" to \\ and \'', 'Say "hello" to \\ and \''),
        ("Ship 🚢 größer", "Ship 🚢 größer"),
        ("x" * 255, "x" * 255),
        ("x" * 300, "x" * 254 + "…"),
        ("word " * 60, ("word " * 60)[:254].rstrip() + "…"),
    ],
)
def test_any_title_becomes_a_summary_that_jira_takes(host, jira, title, summary):
    task = host.tasks.add(title)
    pass_time(host, MINUTE)
    host.tasks.progress(task.id, "half of it")
    pass_time(host, MINUTE)

    assert jira.site.issues[0].fields["summary"] == summary
    assert host.tasks.get(task.id).title == task.title
    assert asked(jira, "PUT", "issue") == 0


@pytest.mark.parametrize(
    "text", ["", None, "a\n\n\n\nb", "tab\tand\x07bell", "ж" * 17_000, "x" * 40_000, "🚢" * 20_000]
)
def test_any_description_becomes_one_that_jira_takes_with_the_task_s_id_at_its_end(host, jira, text):
    task = host.tasks.add("Ship it", description=text)
    pass_time(host, MINUTE)
    host.tasks.progress(task.id, "half of it")
    pass_time(host, MINUTE)
    shown = reading(jira.site.issues[0].fields["description"])

    assert shown.endswith(f"Task Orchestrator ID: {task.id}")
    assert host.tasks.get(task.id).description == task.description
    assert asked(jira, "PUT", "issue") == 0
    assert set(states(host)) == {"delivered"}


def test_a_deadline_before_its_dawn_is_a_deadline_all_the_same(host, jira):
    host.tasks.add("Ship it", deadline=datetime(2026, 12, 24, 23, 30, tzinfo=UTC))
    host.deliver()

    assert jira.site.issues[0].fields["duedate"] == "2026-12-24"
