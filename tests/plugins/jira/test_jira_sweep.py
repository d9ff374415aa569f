"""Once a day every linked issue is looked for: what no search shows is found, and nothing is believed too quickly."""

import pytest
from tests.plugins.jira.meantime import DAY, HOUR, MINUTE, asked, pull, undelivered, wakes

import tm
from tm.testing import Reply
from tm_jira.backfill import backfill
from tm_jira.client import site_of


@pytest.fixture
def many(host, site):
    """Tasks tied to so many issues, by their keys; the first look is over, and so is the first day."""

    def make(count):
        for number in range(count):
            site.add(summary=f"Task {number}")
        hub = host.hub("jira")
        backfill("project = PROJ", hub=hub, site=site_of(hub.settings, now=host.clock.now), is_dry=False, say=str)
        host.pull("jira")
        host.clock.advance(DAY - MINUTE)
        host.pull("jira")
        return {link.key: link.task_id for link in hub.links.all()}

    return make


def states(host):
    return {link.key: link.state for link in host.hub("jira").links.all() if link.state}


def test_a_deleted_issue_is_missed_within_a_day_and_not_at_every_look(host, jira, site, many):
    tasks = many(5)
    site.delete("PROJ-3")
    host.pull("jira")
    host.deliver()
    early = states(host)
    pull(host, after=2 * MINUTE)
    since = len(jira.server.requests)
    pull(host)
    looks = asked(jira, since=since)

    assert early == {}
    assert states(host) == {"PROJ-3": "gone"}
    assert host.tasks.get(tasks["PROJ-3"]).status == "pending"
    assert len(looks) == 2
    assert site.writes == []


def test_a_change_that_no_search_showed_is_found_within_a_day(host, site, many):
    tasks = many(3)
    site.search_lag = 2 * DAY
    site.edit("PROJ-2", summary="Renamed")
    pull(host, after=2 * MINUTE)

    assert host.tasks.get(tasks["PROJ-2"]).title == "Renamed"
    assert len(wakes(host)) == 1


def test_an_issue_that_moved_far_away_is_found_within_a_day(host, site, many):
    tasks = many(3)
    site.search_lag = 2 * DAY
    site.move_to("PROJ-2", "OTHER")
    pull(host, after=2 * MINUTE)

    [link] = host.hub("jira").links.mine(tasks["PROJ-2"])
    assert (link.key, link.state) == ("OTHER-1", None)


def test_a_day_with_nothing_new_wakes_nobody(host, site, many):
    many(3)
    for _ in range(50):
        pull(host, after=HOUR)

    assert wakes(host) == []
    assert site.writes == []


@pytest.mark.parametrize("count", [15, 120])
def test_when_most_are_missing_at_once_nothing_is_believed(host, site, many, count):
    many(count)
    for number in range(1, count * 2 // 3 + 1):
        site.delete(f"PROJ-{number}")
    host.clock.advance(2 * MINUTE)
    with pytest.raises(tm.RetryLater, match="suddenly shows") as refusal:
        host.pull("jira")
    host.deliver()

    assert refusal.value.after is None
    assert states(host) == {}
    assert wakes(host) == []
    assert site.writes == []


def test_changes_are_seen_although_most_are_missing(host, site, many):
    tasks = many(15)
    for number in range(1, 13):
        site.delete(f"PROJ-{number}")
    site.edit("PROJ-15", summary="Renamed")
    host.clock.advance(2 * MINUTE)
    with pytest.raises(tm.RetryLater):
        host.pull("jira")
    host.deliver()

    assert host.tasks.get(tasks["PROJ-15"]).title == "Renamed"


def test_a_hidden_project_of_many_is_neither_deleted_nor_made_anew(host, site, many):
    tasks = many(12)
    site.forbid("PROJ")
    host.clock.advance(2 * MINUTE)
    with pytest.raises(tm.RetryLater):
        host.pull("jira")
    host.deliver()
    site.allow("PROJ")
    site.edit("PROJ-1", summary="Renamed")
    pull(host, after=HOUR)

    assert states(host) == {}
    assert host.tasks.get(tasks["PROJ-1"]).title == "Renamed"
    assert len(site.issues) == 12


def test_a_few_of_many_that_are_deleted_are_believed(host, site, many):
    many(30)
    for number in range(1, 15):
        site.delete(f"PROJ-{number}")
    pull(host, after=2 * MINUTE)

    assert set(states(host).values()) == {"gone"}
    assert len(states(host)) == 14


@pytest.mark.parametrize(
    "reply", [Reply(status=500), Reply(status=429), Reply(body={"issues": []}), Reply(body="<html>")]
)
def test_a_look_for_all_that_breaks_off_is_made_again(host, jira, site, many, reply):
    many(15)
    site.delete("PROJ-3")
    host.clock.advance(2 * MINUTE)
    jira.before("GET" if site.data_center else "POST", "issue/(bulkfetch|100)", lambda: reply)
    with pytest.raises(tm.RetryLater):
        host.pull("jira")
    early = states(host)
    pull(host, after=HOUR)

    assert early == {}
    assert states(host) == {"PROJ-3": "gone"}
    assert undelivered(host) == []


def test_on_data_center_a_hidden_issue_stops_no_look(host, site, many):
    many(12)
    site.delete("PROJ-1")
    site.delete("PROJ-12")
    pull(host, after=2 * MINUTE)

    assert sorted(states(host)) == ["PROJ-1", "PROJ-12"]
