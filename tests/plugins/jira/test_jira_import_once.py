"""Which issues never become tasks: another hub's, our own that is being made, and those nobody wants here again."""

from datetime import timedelta

import pytest
from tests.plugins.jira.meantime import DAY, HOUR, Listener, asked, pull, undelivered

from tm.testing import Reply
from tm_jira.adopt import adopt
from tm_jira.client import site_of
from tm_jira.fields import WANTED
from tm_jira.links import foreign, part

JQL = "project = PROJ"
LAG = timedelta(seconds=90)


@pytest.fixture
def host(open_host, jira):
    return open_host(jira, import_jql=JQL)


def count(host):
    return sum(host.hub("jira").metrics.counts().values())


def linked(host):
    return sorted(str(link.key) for link in host.hub("jira").links.all())


def marked(site, key, mark):
    issue = site.issue(key)
    issue.properties["tm.task"] = mark
    issue.keep(site.time)


# another hub's


def test_an_issue_of_another_hub_is_not_imported_and_is_named(host, site):
    site.add(summary="Theirs")
    marked(site, "PROJ-1", {"hub": "ab12cd", "task": "7f3a0c11"})
    site.add(summary="Ours")
    pull(host)
    site.edit("PROJ-1", summary="Still theirs")
    pull(host)

    assert linked(host) == ["PROJ-2"]
    assert foreign(host.hub("jira")) == {"PROJ-1": "ab12cd"}
    assert site.writes == []


def test_two_hubs_on_one_site_do_not_import_each_other_s_issues(open_host, jira, site):
    ours, theirs = open_host(jira, import_jql=JQL), open_host(jira, import_jql=JQL)
    ours.tasks.add("Ours")
    theirs.tasks.add("Theirs")
    for each in (ours, theirs):
        each.deliver()
    for each in (ours, theirs, ours, theirs):
        pull(each)

    assert (count(ours), count(theirs)) == (1, 1)
    assert (linked(ours), linked(theirs)) == (["PROJ-1"], ["PROJ-2"])
    assert len(site.issues) == 2


@pytest.mark.parametrize("mark", ["text", [1], {}, {"hub": ""}, {"hub": 7}, {"task": "7f3a0c11"}])
def test_a_mark_that_says_nothing_stops_no_look(host, site, mark):
    site.add(summary="Odd")
    marked(site, "PROJ-1", mark)
    site.add(summary="Old")
    pull(host)

    assert "PROJ-2" in linked(host)
    assert count(host) == len(linked(host))


# our own


@pytest.mark.parametrize("lost", ["the answer", "the look at it", "the answer, and the index lags behind"])
def test_an_issue_of_ours_that_is_being_made_is_not_imported(host, jira, site, lost):
    if lost == "the look at it":
        jira.fault("GET", "^issue/[0-9]+$", Reply(status=500))
    else:
        jira.fault("POST", "^issue$", Reply(fault="drop", is_stored=True))
    site.search_lag = LAG if "lags" in lost else timedelta(0)
    host.tasks.add("Ship it")
    host.deliver()
    host.pull("jira")
    before = count(host)
    for _ in range(20):
        pull(host)

    assert before == 1
    assert count(host) == 1
    assert linked(host) == ["PROJ-1"]
    assert len(site.issues) == 1
    assert undelivered(host) == []


def test_an_issue_we_made_is_not_imported_though_the_search_finds_it(host, jira, site):
    host.tasks.add("Ship it")
    host.deliver()
    pull(host)
    site.edit("PROJ-1", environment="Linux")
    pull(host)

    assert count(host) == 1


# what nobody wants again


@pytest.mark.parametrize("is_delivered", [True, False])
@pytest.mark.parametrize("is_imported", [True, False])
def test_the_issue_of_a_deleted_task_stays_and_does_not_come_back(host, site, is_delivered, is_imported):
    if is_imported:
        site.add(summary="Old")
        pull(host)
        [link] = host.hub("jira").links.all()
        task_id = link.task_id
    else:
        task_id = host.tasks.add("Ship it").id
        host.deliver()
    host.tasks.delete(task_id)
    if is_delivered:
        host.deliver()
    site.edit("PROJ-1", summary="Still here")
    host.pull("jira")
    host.deliver()
    site.move("PROJ-1", "Done")
    pull(host, after=DAY)
    pull(host, after=DAY)

    assert count(host) == 0
    assert [each.key for each in site.issues] == ["PROJ-1"]
    assert site.issue("PROJ-1").status == "Done"
    assert undelivered(host) == []


def test_an_issue_that_was_taken_apart_from_its_task_makes_no_other(host, site):
    site.add(summary="Old")
    pull(host)
    hub = host.hub("jira")
    [link] = hub.links.all()
    part(link.task_id, link.outside_id, hub, key=link.key)
    hub.links.delete(link)
    site.edit("PROJ-1", summary="Still here")
    host.tasks.update(link.task_id, title="Mine")
    pull(host)
    pull(host)

    assert linked(host) == []
    assert count(host) == 1
    assert host.tasks.get(link.task_id).title == "Mine"
    assert site.writes == []
    assert len(site.issues) == 1


# at a calm pace


def test_a_look_with_nothing_new_asks_three_times_however_many_were_imported(host, jira, site):
    for number in range(30):
        site.add(summary=f"Old {number}")
    pull(host)
    since = len(jira.server.requests)
    host.pull("jira")

    assert len(asked(jira, since=since)) == 3


# in between


class Dying:
    """A hub that is gone in the moment a task is to be brought to its status."""

    def __init__(self, lent):
        self._lent = lent

    def __getattr__(self, name):
        return getattr(self._lent, name)

    @property
    def tasks(self):
        return self

    def quietly(self):
        return self

    def add(self, title, **fields):
        return self._lent.tasks.quietly().add(title, **fields)

    def bring(self, *_, **__):
        raise KeyboardInterrupt


@pytest.mark.parametrize(("age", "wait"), [(HOUR, HOUR), (20 * DAY, DAY)])
@pytest.mark.parametrize("name", ["Done", "Blocked", "To Do"])
def test_a_task_whose_import_was_cut_short_gets_the_status_of_its_issue(host, site, age, wait, name):
    issue = site.add(summary="Old", status=name)
    host.clock.advance(age)
    hub = host.hub("jira")
    jira = site_of(hub.settings, now=host.clock.now)
    with pytest.raises(KeyboardInterrupt):
        adopt(jira.issue(issue.id, fields=WANTED), Dying(hub), site=jira)
    pull(host)
    pull(host, after=wait)
    pull(host)
    [link] = hub.links.all()

    assert host.tasks.get(link.task_id).status == {"Done": "completed", "Blocked": "blocked"}.get(name, "pending")
    assert count(host) == 1
    assert [each for each in site.writes if "properties" not in each.path] == []


# one issue that Jira spoke of


@pytest.mark.parametrize("key", ["PROJ-1", "OTHER-1"])
def test_an_issue_that_jira_spoke_of_becomes_a_task_if_it_is_wanted(open_host, jira, site, key):
    listener = Listener()
    host = open_host(jira, import_jql=JQL, others={"listener": listener})
    issue = site.add(key.partition("-")[0], summary="Old")
    hub = host.hub("jira")
    for _ in range(2):
        hub.wake_outside(issue.id, "webhook")
        host.deliver()
    pull(host)

    assert linked(host) == (["PROJ-1"] if key == "PROJ-1" else [])
    assert count(host) == len(linked(host))
    assert listener.heard == []
    assert site.writes == []
    assert undelivered(host) == []


@pytest.mark.parametrize("word", ["999", "0", "no number", "1) OR (id > 0", "", "9" * 30])
def test_an_issue_that_is_none_is_left_alone(host, site, word):
    site.add("OTHER", summary="Elsewhere")
    host.hub("jira").wake_outside(word, "webhook")
    host.deliver()

    assert count(host) == 0
    assert undelivered(host) == []
