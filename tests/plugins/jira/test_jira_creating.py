"""One task, one issue: whatever becomes of the answer, of the worker, and of Jira's index in between."""

from datetime import timedelta

import pytest
from tests.plugins.jira.pushing import (
    HOUR,
    LOST,
    MINUTE,
    NEVER_CAME,
    SECOND,
    asked,
    creations,
    is_one_pair,
    pass_time,
    states,
)

from tm.testing import Reply
from tm_jira import creating
from tm_jira.standing import standing

LOGIN_PAGE = "<html><body>Log in to Jira</body></html>"
IN_DOUBT = {
    "drop": Reply(fault="drop"),
    "reset": Reply(fault="reset"),
    "half an answer": Reply(fault="short", body={"id": "10001", "key": "PROJ-1"}),
    "no HTTP": Reply(fault="garbage"),
    "408": Reply(status=408),
    "500": Reply(status=500, body="<html>Oops</html>"),
    "502": Reply(status=502, body=LOGIN_PAGE),
    "503": Reply(status=503, headers={"Retry-After": "2"}),
    "504": Reply(status=504),
    "a log-in page": Reply(status=200, body=LOGIN_PAGE, headers={"Content-Type": "text/html"}),
    "201 with nothing": Reply(status=201),
    "201 without a key": Reply(status=201, body={"id": "10001", "self": "https://example.atlassian.net"}),
    "201 without an id": Reply(status=201, body={"key": "PROJ-1"}),
    "201 with a list": Reply(status=201, body=[]),
    "302": Reply(status=302, headers={"Location": "/login.jsp"}),
    "307": Reply(status=307, headers={"Location": "/rest/api/3/issue"}),
}


@pytest.fixture(autouse=True)
def no_write_in_vain(jira):
    yield

    # a link back is the same link however often it is sent, and after a lost answer it is sent again
    vain = [each for each in jira.site.writes if not each.changed and "remotelink" not in each.path]
    assert vain == []


def intents(host):
    return creating.in_doubt(host.hub("jira"))


# one answer


@pytest.mark.parametrize("answer", IN_DOUBT)
def test_a_lost_answer_makes_no_second_issue(host, jira, answer):
    jira.fault("POST", "^issue$", IN_DOUBT[answer].with_(is_stored=True))
    task = host.tasks.add("Ship it")
    pass_time(host)

    assert creations(jira) == 1
    assert is_one_pair(host, jira, task)
    assert states(host) == ["delivered"]
    assert intents(host) == {}


@pytest.mark.parametrize("answer", IN_DOUBT)
def test_what_never_arrived_is_sent_again_once_it_was_looked_for(host, jira, answer):
    jira.fault("POST", "^issue$", IN_DOUBT[answer])
    task = host.tasks.add("Ship it")
    pass_time(host, timedelta(seconds=295))
    assert creations(jira) == 1
    assert list(intents(host)) == [task.id]

    pass_time(host, MINUTE)
    assert creations(jira) == 2
    assert asked(jira, "GET", "search") >= 5
    assert is_one_pair(host, jira, task)


@pytest.mark.parametrize("is_stored", [True, False])
@pytest.mark.parametrize("fault", ["stall", "unread"])
def test_an_answer_that_never_comes_makes_no_second_issue(open_host, jira, fault, is_stored):
    host = open_host(jira, timeout="1s")
    if fault == "unread":
        jira.server.script(Reply(fault=fault))
    else:
        jira.fault("POST", "^issue$", Reply(fault=fault, is_stored=is_stored))
    task = host.tasks.add("Ship it")
    host.deliver()
    [row] = host.deliveries("jira")
    assert (row.state, row.may_have_happened) == ("pending", True)

    pass_time(host)
    assert is_one_pair(host, jira, task)


def test_an_issue_that_the_index_shows_late_is_waited_for(host, jira):
    jira.site.search_lag = timedelta(seconds=90)
    jira.fault("POST", "^issue$", LOST)
    task = host.tasks.add("Ship it")
    pass_time(host, 85 * SECOND)
    assert states(host) == ["pending"]
    assert standing(host.hub("jira"))["in_doubt"] == {task.id: "2026-11-22T12:00:00.000000Z"}

    pass_time(host)
    assert creations(jira) == 1
    assert is_one_pair(host, jira, task)
    assert standing(host.hub("jira"))["in_doubt"] == {}


def test_the_issue_carries_the_mark_of_hub_task_and_try_from_its_first_moment(host, jira):
    task = host.tasks.add("Ship it")
    host.deliver()
    [body] = [each.json for each in jira.server.requests if each.method == "POST"]
    [mark] = body["properties"]

    assert mark["key"] == "tm.task"
    assert mark["value"]["task"] == task.id
    assert {*mark["value"]} == {"hub", "task", "token"}
    assert jira.site.issues[0].properties == {"tm.task": mark["value"]}


def test_an_answer_that_did_come_is_not_looked_for(host, jira):
    host.tasks.add("Ship it")
    host.deliver()

    assert asked(jira, "GET", "search") == 0


def test_what_is_tied_already_is_not_looked_at_to_find_what_is_not(host, jira):
    for number in range(20):
        host.tasks.add(f"Sail number {number}")
    host.deliver()
    jira.fault("POST", "^issue$", LOST)
    task = host.tasks.add("Ship it")
    since = len(jira.server.requests)
    pass_time(host)

    assert jira.site.issue(host.hub("jira").links.mine(task.id)[0].key).fields["summary"] == "Ship it"
    assert asked(jira, "GET", "properties/tm.task", since=since) <= 2


# what comes in between


@pytest.mark.parametrize("minutes", [6, 45])
def test_a_failing_read_after_the_creation_forgets_no_issue_while_the_index_is_behind(host, jira, minutes):
    """Jira said which issue it made: from then on no index is needed to know it."""
    jira.site.search_lag = timedelta(hours=2)
    jira.fault("GET", r"^issue/\d+$", Reply(status=503))
    task = host.tasks.add("Ship it")
    host.deliver()
    pass_time(host, minutes * MINUTE, step=30 * SECOND)

    assert creations(jira) == 1
    assert is_one_pair(host, jira, task)


@pytest.mark.parametrize("reply", [Reply(status=500), LOST, Reply(status=429)])
def test_a_failing_link_back_forgets_no_issue_while_the_index_is_behind(open_host, jira, reply):
    jira.site.search_lag = timedelta(hours=2)
    host = open_host(jira, core={"task_url": "https://tm.example.com/tasks/{id}"})
    jira.fault("POST", "remotelink$", reply)
    task = host.tasks.add("Ship it")
    pass_time(host, 15 * MINUTE, step=30 * SECOND)

    assert is_one_pair(host, jira, task)
    assert len(jira.site.issues[0].remote_links) == 1


def test_a_refused_repetition_leaves_the_first_try_in_doubt(host, jira):
    jira.site.search_lag = 8 * MINUTE
    jira.fault("POST", "^issue$", LOST, Reply(status=429, headers={"Retry-After": "300"}))
    task = host.tasks.add("Ship it")
    pass_time(host, 20 * MINUTE)

    assert creations(jira) == 2
    assert is_one_pair(host, jira, task)


def test_an_issue_is_found_although_somebody_renamed_it_in_the_doubt(host, jira):
    jira.site.search_lag = 20 * SECOND
    jira.fault("POST", "^issue$", LOST)
    task = host.tasks.add("Ship it")
    host.deliver()
    jira.site.edit("PROJ-1", summary="Sink it")
    pass_time(host)

    assert is_one_pair(host, jira, task)


def test_an_issue_is_found_although_the_clock_here_was_set_back_in_the_doubt(host, jira):
    jira.site.search_lag = 90 * SECOND
    jira.fault("POST", "^issue$", LOST)
    task = host.tasks.add("Ship it")
    host.deliver()
    host.clock.advance(-HOUR)
    jira.site.clock_skew = HOUR
    pass_time(host, 2 * HOUR, step=MINUTE)

    assert is_one_pair(host, jira, task)


def test_the_task_goes_on_while_its_issue_is_in_doubt(host, jira):
    jira.site.search_lag = 30 * SECOND
    jira.fault("POST", "^issue$", LOST)
    task = host.tasks.add("Ship it")
    host.deliver()
    host.tasks.update(task.id, title="Ship it soon", priority="critical")
    host.tasks.complete(task.id, summary="done")
    pass_time(host)

    [issue] = jira.site.issues
    assert (issue.fields["summary"], issue.fields["priority"]["name"], issue.status) == (
        "Ship it soon",
        "Highest",
        "Done",
    )
    assert set(states(host)) == {"delivered"}


def test_a_task_deleted_in_the_doubt_leaves_nothing_that_is_looked_for_for_ever(host, jira):
    jira.fault("POST", "^issue$", LOST)
    task = host.tasks.add("Ship it")
    host.deliver()
    host.tasks.delete(task.id)
    pass_time(host)

    assert creations(jira) == 1
    assert set(states(host)) == {"delivered"}
    assert intents(host) == {}


def test_a_doubt_outlives_settings_that_name_another_project(host, jira):
    jira.fault("POST", "^issue$", NEVER_CAME, LOST)
    task = host.tasks.add("Ship it")
    host.deliver()
    host.replace("jira", settings={**jira.settings, "projects": [{"project": "OTHER"}]})
    pass_time(host, 20 * MINUTE)

    assert creations(jira) == 2
    assert is_one_pair(host, jira, task)


@pytest.mark.parametrize("at", ["before the first look", "at the end"])
def test_an_empty_search_of_a_stranger_proves_nothing(host, jira, at):
    """A site open to everybody shows nothing, and no error, to credentials that are none any more."""
    jira.site.is_anonymous = True
    jira.site.search_lag = 280 * SECOND
    jira.fault("POST", "^issue$", LOST)
    task = host.tasks.add("Ship it")
    host.deliver()
    pass_time(host, SECOND if at == "before the first look" else 200 * SECOND)
    jira.site.revoke()
    pass_time(host, 20 * MINUTE, step=30 * SECOND)
    assert host.health("jira").paused
    assert creations(jira) == 1

    jira.site.restore()
    host.replace("jira", settings={**jira.settings, "timeout": "31s"})
    pass_time(host)
    assert is_one_pair(host, jira, task)


def test_an_issue_that_somebody_deletes_before_it_is_tied_is_no_lasting_trouble(host, jira):
    jira.fault("GET", r"^issue/\d+$", Reply(status=503))
    task = host.tasks.add("Ship it")
    host.deliver()
    jira.site.delete("PROJ-1")
    pass_time(host)
    for number in range(3):
        host.tasks.context(task.id, f"note {number}")
        host.deliver()

    assert states(host).count("dead") <= 1
    assert intents(host) == {}
    assert creations(jira) == 1
