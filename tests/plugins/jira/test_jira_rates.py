"""Jira asks to slow down: as long as it says, for what it says, no attempt is lost, and nothing is told twice."""

from datetime import timedelta

import pytest
from tests.plugins.jira.meantime import MINUTE, asked, undelivered

from tm.testing import Reply

ISSUE, COMMENT, MOVE = r"^issue/[0-9]+$", "^issue/[0-9]+/comment$", "transitions$"
# each kind of call a delivery makes
CALLS = [("POST", "^issue$"), ("GET", ISSUE), ("PUT", ISSUE), ("GET", MOVE), ("POST", MOVE), ("POST", COMMENT)]
REASONS = ["jira-burst-based", "jira-per-issue-on-write", None]
QUOTAS = ["jira-quota-global-based", "jira-quota-tenant-based"]


@pytest.fixture
def host(open_host, jira):
    return open_host(jira, comments=["progress", "completed"])


def limit(after, *, reason="jira-burst-based", **headers):
    told = {"Retry-After": after, "RateLimit-Reason": reason, **headers}
    return Reply(status=429, headers={name: value for name, value in told.items() if value is not None})


def work(host):
    """A task that is made, changed, finished and commented."""
    task = host.tasks.add("Ship it")
    host.deliver()
    host.tasks.update(task.id, title="Ship it soon")
    host.tasks.complete(task.id, summary="It flies")
    host.deliver()
    return task.id


def waits(host):
    """How long what is owed now still waits, and how often it was tried in vain."""
    return [(row.due_at - host.clock.now(), row.failures) for row in undelivered(host)]


def pass_time(host, whole):
    until = host.clock.now() + whole
    while host.clock.now() < until:
        host.clock.advance(MINUTE)
        host.deliver()


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("reason", REASONS)
def test_whatever_is_refused_for_its_rate_is_done_once(host, jira, site, method, path, reason):
    jira.fault(method, path, limit("7", reason=reason))
    work(host)
    before = waits(host)
    pass_time(host, 3 * MINUTE)
    issue = site.issue("PROJ-1")

    assert before[0] == (timedelta(seconds=7), 0)
    assert undelivered(host) == []
    assert len(site.issues) == 1
    assert (issue.fields["summary"], issue.status) == ("Ship it soon", "Done")
    assert len(issue.comments) == 1
    assert [each.path for each in site.writes if not each.changed] == []


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("1847", 1847),
        ("0", 1),
        ("1.5", 1.5),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 1),
        (None, 30),
        ("soon", 30),
        ("-5", 1),
        ("nan", 30),
        ("1e999", 30),
        ("864000", 86_400),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "^issue$"), ("PUT", ISSUE), ("POST", COMMENT)])
def test_every_form_of_a_wait_is_kept_to_the_second(host, jira, site, method, path, after, seconds):
    jira.fault(method, path, limit(after))
    work(host)

    assert waits(host)[0] == (timedelta(seconds=seconds), 0)
    assert host.health("jira").failures == 0


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize(("method", "path"), [("PUT", ISSUE), ("POST", MOVE), ("POST", COMMENT), ("GET", ISSUE)])
def test_other_tasks_go_on_while_one_waits(host, jira, site, method, path, reason):
    first, second = host.tasks.add("First"), host.tasks.add("Second")
    host.deliver()
    jira.fault(method, path, limit("1847", reason=reason))
    for each in (first, second):
        host.tasks.update(each.id, title=f"{each.title} now")
        host.tasks.complete(each.id, summary="It flies")
    host.deliver()
    statuses = sorted(each.status for each in site.issues)
    [waiting] = {row.task_id for row in undelivered(host)}

    assert "Done" in statuses
    assert waiting in (first.id, second.id)
    pass_time(host, 35 * MINUTE)
    assert [each.status for each in site.issues] == ["Done", "Done"]
    assert undelivered(host) == []


@pytest.mark.parametrize("reason", QUOTAS)
def test_all_wait_for_a_quota_and_nobody_knocks_meanwhile(host, jira, site, reason):
    first, second = host.tasks.add("First"), host.tasks.add("Second")
    host.deliver()
    jira.fault("PUT", ISSUE, limit("1847", reason=reason))
    for each in (first, second):
        host.tasks.update(each.id, title=f"{each.title} now")
    host.deliver()
    since = len(jira.server.requests)
    pass_time(host, 30 * MINUTE)
    knocked = asked(jira, since=since)
    pass_time(host, 2 * MINUTE)

    assert knocked == []
    assert sorted(each.fields["summary"] for each in site.issues) == ["First now", "Second now"]
    assert undelivered(host) == []


def test_a_quota_ends_when_jira_says_it_is_reset(host, jira, site):
    task = host.tasks.add("First")
    host.deliver()
    reset = {"X-RateLimit-Reset": "2026-11-22T13:00:00Z"}
    jira.fault("PUT", ISSUE, limit("60", reason=QUOTAS[0], **reset))
    host.tasks.update(task.id, title="First now")
    host.deliver()
    pass_time(host, 58 * MINUTE)
    early = site.issue("PROJ-1").fields["summary"]
    pass_time(host, 3 * MINUTE)

    assert early == "First"
    assert site.issue("PROJ-1").fields["summary"] == "First now"


def test_a_limit_that_is_told_again_and_again_costs_no_attempt(host, jira, site):
    task = host.tasks.add("First")
    host.deliver()
    jira.fault("PUT", ISSUE, *[limit("60")] * 50)
    host.tasks.update(task.id, title="First now")
    pass_time(host, 60 * MINUTE)

    assert site.issue("PROJ-1").fields["summary"] == "First now"
    assert host.health("jira").failures == 0
    assert undelivered(host) == []


@pytest.mark.parametrize("header", ["60", None])
def test_an_overloaded_server_is_no_lost_answer_to_a_question(host, jira, site, header):
    task = host.tasks.add("First")
    host.deliver()
    jira.fault("GET", ISSUE, Reply(status=503, headers={"Retry-After": header} if header else {}))
    host.tasks.update(task.id, title="First now")
    host.deliver()
    [row] = undelivered(host)

    assert not row.may_have_happened
    assert row.failures == 0
    pass_time(host, 3 * MINUTE)
    assert site.issue("PROJ-1").fields["summary"] == "First now"


# many notes


def noted(host, count):
    """A task with so many notes at once; what they say."""
    task = host.tasks.add("Ship it")
    host.deliver()
    notes = [f"Note {number}" for number in range(count)]
    for note in notes:
        host.tasks.progress(task.id, note)
    return notes


def told(site):
    """What our comments say, in their order."""
    found = []
    for comment in site.issue("PROJ-1").comments:
        body = comment["body"]
        text = body if isinstance(body, str) else "".join(each["text"] for each in body["content"][0]["content"])
        found.append(text.rpartition(": ")[2])
    return found


@pytest.mark.slow
def test_five_hundred_notes_come_in_order_each_once_within_the_limits_of_an_issue(host, site):
    site.limits = True
    notes = noted(host, 500)
    while undelivered(host) or host.deliveries("jira")[-1].event_type == "task.created":
        host.deliver()
        host.clock.advance(timedelta(seconds=1))

    assert told(site) == notes


def test_many_notes_in_a_row_do_not_read_all_comments_again_each_time(host, jira, site):
    noted(host, 120)
    host.deliver()
    reads = [each for each in asked(jira) if each.startswith("GET") and each.endswith("/comment")]

    assert len(told(site)) == 120
    assert len(reads) <= 12


@pytest.mark.parametrize(
    "reply", [limit("3"), Reply(fault="drop", is_stored=True), Reply(fault="drop"), Reply(status=500)]
)
def test_notes_keep_their_order_whatever_happens_to_one_of_them(host, jira, site, reply):
    notes = noted(host, 6)
    jira.fault("POST", COMMENT, reply, reply)
    for _ in range(10):
        host.deliver()
        host.clock.advance(MINUTE)

    assert told(site) == notes
    assert undelivered(host) == []


def test_a_limited_issue_holds_back_no_other(host, site):
    site.limits = True
    noted(host, 60)
    other = host.tasks.add("Another")
    host.tasks.complete(other.id, summary="It flies")
    host.deliver()

    assert site.issue("PROJ-2").status == "Done"
    assert len(told(site)) < 60


def test_a_pull_goes_on_after_a_limit_and_wakes_once(host, jira, site):
    host.tasks.add("Ship it")
    host.deliver()
    site.move("PROJ-1", "In Progress")
    jira.fault("GET", ISSUE, limit("7"), limit("7"))
    host.clock.advance(MINUTE)
    host.pull("jira")
    pass_time(host, 3 * MINUTE)

    assert [row.event_type for row in host.deliveries("jira")] == ["task.created", "sync.requested"]
    assert undelivered(host) == []
    assert sum(each.type == "task.started" for each in host.events()) == 1
