"""Jira does not know us any more: nothing is concluded from what it then shows, and all goes on when it does again."""

from contextlib import suppress

import pytest
from tests.plugins.jira.meantime import DAY, MINUTE, asked, told, undelivered

import tm
from tm.clock import stamp
from tm.service.steering import resume
from tm.testing import Reply


@pytest.fixture(params=[True, False], ids=["open to strangers", "closed to strangers"])
def site(request, jira):
    jira.site.is_anonymous = request.param
    return jira.site


@pytest.fixture
def host(open_host, jira, site):
    return open_host(jira, fields={"title": "both"}, import_jql="project = PROJ")


def again(host):
    """A person says that the plugin may go on."""
    resume(host.database, "jira", at=stamp(host.clock.now()))
    for _ in range(3):
        host.clock.advance(MINUTE)
        host.deliver()
        host.pull("jira")
        host.deliver()


def tasks(host):
    return sorted(host.hub("jira").tasks.get(link.task_id).title for link in host.hub("jira").links.all())


def kept(host, task_id):
    """Whether the link says nothing against its issue, and nothing was noted with the task since."""
    [link] = host.hub("jira").links.mine(task_id)
    noted = [each.data["text"] for each in told(task_id, host, "context_added") if "no longer" in each.data["text"]]
    return link.state is None and noted == []


@pytest.mark.parametrize("captcha", [True, False])
def test_a_look_by_a_stranger_concludes_nothing(host, site, made, captcha):
    task_id, key = made()
    site.add(summary="Old")
    site.revoke(captcha=captcha)
    site.delete(key)
    for _ in range(3):
        host.clock.advance(DAY)
        with pytest.raises(tm.NeedsLogin):
            host.pull("jira")
        host.deliver()

    assert kept(host, task_id)
    assert host.tasks.get(task_id).status == "pending"
    assert tasks(host) == ["Ship it"]


def test_what_is_changed_here_meanwhile_waits_and_goes_when_jira_knows_us_again(host, jira, site, made):
    task_id, key = made()
    site.revoke()
    host.tasks.update(task_id, title="Mine")
    host.tasks.add("New")
    for _ in range(3):
        host.deliver()
        host.clock.advance(MINUTE)
    stranger = kept(host, task_id), [row.state for row in undelivered(host)]
    site.restore()
    again(host)

    assert stranger == (True, ["pending", "pending"])
    assert site.issue(key).fields["summary"] == "Mine"
    assert len(site.issues) == 2
    assert tasks(host) == ["Mine", "New"]
    assert undelivered(host) == []


def test_a_stranger_does_not_knock_again_and_again(host, jira, site, made):
    task_id, _ = made()
    site.revoke()
    host.tasks.update(task_id, title="Mine")
    host.deliver()
    since = len(jira.server.requests)
    for _ in range(20):
        host.clock.advance(MINUTE)
        host.deliver()

    assert asked(jira, since=since) == []
    assert host.health("jira").paused.startswith("needs login")


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/search"), ("GET", r"issue/[0-9]+\?"), ("PUT", r"issue/[0-9]+$")]
)
def test_credentials_that_end_in_the_middle_of_a_run_lose_nothing(host, jira, site, made, method, path, nth):
    first, key = made()
    second, other = made("Another")
    site.edit(key, summary="There")
    jira.before(method, path, site.revoke, nth=nth)
    host.tasks.update(second, title="Mine")
    host.clock.advance(MINUTE)
    for act in (lambda: host.pull("jira"), host.deliver, host.deliver):
        with suppress(tm.NeedsLogin):
            act()
    site.restore()
    again(host)

    assert host.tasks.get(first).title == "There"
    assert site.issue(other).fields["summary"] == "Mine"
    assert kept(host, first)
    assert kept(host, second)
    assert len(site.issues) == 2
    assert undelivered(host) == []


def test_a_stranger_s_empty_answer_to_the_look_for_all_is_no_proof(host, jira, site, made):
    task_id, _ = made()
    host.pull("jira")
    host.clock.advance(DAY + MINUTE)
    jira.after("GET", "myself", site.revoke)
    with suppress(tm.NeedsLogin, tm.RetryLater):
        host.pull("jira")
    host.deliver()
    site.restore()
    again(host)

    assert kept(host, task_id)


def test_a_stranger_s_empty_answer_to_the_first_import_is_not_all_there_is(host, jira, site):
    site.add(summary="Old")
    host.clock.advance(30 * DAY)
    jira.before("GET", "/search.*project = PROJ", site.revoke)
    with suppress(tm.NeedsLogin, tm.RetryLater):
        host.pull("jira")
    site.restore()
    again(host)

    assert tasks(host) == ["Old"]


def test_an_issue_in_doubt_is_not_made_again_by_a_stranger(host, jira, site):
    jira.fault("POST", "^issue$", Reply(fault="drop", is_stored=True))
    host.tasks.add("Ship it")
    host.deliver()
    site.revoke()
    for _ in range(10):
        host.clock.advance(MINUTE)
        host.deliver()
    site.restore()
    again(host)
    for _ in range(10):
        host.clock.advance(MINUTE)
        host.deliver()

    assert len(site.issues) == 1
    assert tasks(host) == ["Ship it"]
    assert undelivered(host) == []


@pytest.mark.parametrize("answer", ["<html>log in</html>", "", "[]", "null", '{"issues": 7}', '{"error": "no"}'])
def test_an_answer_that_is_not_jira_s_proves_nothing(host, jira, site, made, answer):
    task_id, key = made()
    site.edit(key, summary="There")
    jira.fault("GET", "myself", Reply(body=answer))
    host.clock.advance(MINUTE)
    with suppress(tm.RetryLater):
        host.pull("jira")
    jira.fault("GET", "search", Reply(body=answer))
    with suppress(tm.RetryLater):
        host.pull("jira")
    again(host)

    assert kept(host, task_id)
    assert host.tasks.get(task_id).title == "There"
    assert tasks(host) == ["There"]
