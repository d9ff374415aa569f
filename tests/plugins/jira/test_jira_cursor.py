"""How far Jira was read: by Jira's own clock, page by page, so that no change is missed whatever happens meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.plugins.jira.meantime import DAY, HOUR, MINUTE, asked, pull, told, undelivered, wakes

import tm
from tm.testing import Reply
from tm_jira.backfill import backfill
from tm_jira.client import site_of
from tm_jira.outcome import Limited

# zones that are far behind and far ahead, and one that changes its clock in the very hour
WEST, EAST = "America/Los_Angeles", "Pacific/Apia"
ASKED_ONLY = (["myself", "search/jql"], ["myself", "search"])
SUMMER_ENDS = datetime(2026, 11, 1, 8, 50, tzinfo=UTC)


@pytest.fixture
def host(open_host, jira):
    return open_host(jira, fields={"title": "both"})


@pytest.fixture
def many(host, site):
    """Tasks tied to so many issues; it is long before anything else happens."""

    def make(count):
        for number in range(count):
            site.add(summary=f"Task {number}")
        hub = host.hub("jira")
        backfill("project = PROJ", hub=hub, site=site_of(hub.settings, now=host.clock.now), is_dry=False, say=str)
        host.clock.advance(HOUR)
        host.pull("jira")
        host.clock.advance(HOUR)
        ids = {link.key: link.task_id for link in hub.links.all()}
        return [ids[f"PROJ-{number}"] for number in range(1, count + 1)]

    return make


def titles(host, task_ids):
    return [host.tasks.get(each).title for each in task_ids]


def renamed(site, number):
    site.edit(f"PROJ-{number}", summary=f"Renamed {number}")


# by Jira's clock, whatever zone and whatever our own clock says


@pytest.mark.parametrize("zone", [WEST, EAST, "Asia/Kathmandu"])
@pytest.mark.parametrize("seconds", [0, 1, 59, 60, 61, 3599])
def test_no_change_is_missed_in_any_zone_of_the_account(host, site, made, zone, seconds):
    site.account_zone = zone
    task_id, key = made()
    for number in range(3):
        host.clock.advance(timedelta(seconds=seconds))
        site.edit(key, summary=f"Ship it {number}")
        pull(host, after=timedelta(seconds=seconds))

        assert host.tasks.get(task_id).title == f"Ship it {number}"
    assert len(wakes(host)) == 3


@pytest.mark.parametrize("zone", [WEST, EAST])
def test_nothing_new_is_found_where_nothing_is_new_in_any_zone(host, site, made, zone):
    site.account_zone = zone
    made()
    for _ in range(5):
        pull(host)

    assert wakes(host) == []


def test_another_zone_of_the_account_is_no_change_of_its_issues(host, site, made):
    made()
    pull(host)
    for zone in (WEST, EAST):
        site.account_zone = zone
        pull(host)
        pull(host, after=2 * DAY)

    assert wakes(host) == []
    assert len(site.writes) == 1


def test_the_hour_that_comes_twice_in_autumn_hides_nothing_and_reorders_nobody(host, site, clock):
    clock.advance(SUMMER_ENDS - clock.now())
    site.account_zone = WEST
    task = host.tasks.add("Ship it")
    host.deliver()
    site.edit("PROJ-1", summary="Ship it soon", by="alice")
    clock.advance(20 * MINUTE)
    site.edit("PROJ-1", summary="Ship it now", by="bob")
    pull(host)
    pull(host)

    assert host.tasks.get(task.id).title == "Ship it now"
    assert [each.actor for each in told(task.id, host, "updated")] == ["bob@example.com"]


@pytest.mark.parametrize("hours", [-5, -1, 1, 5, 48])
def test_a_clock_of_ours_that_is_wrong_by_hours_misses_nothing(host, site, made, hours):
    task_id, key = made()
    pull(host)
    host.clock.advance(timedelta(hours=hours))
    site.clock_skew -= timedelta(hours=hours)
    for number in range(3):
        site.edit(key, summary=f"Ship it {number}")
        pull(host)

        assert host.tasks.get(task_id).title == f"Ship it {number}"


def test_a_clock_of_jira_s_that_was_ahead_for_a_while_misses_nothing(host, site, made):
    task_id, key = made()
    site.clock_skew = 6 * HOUR
    site.edit(key, summary="Ship it soon")
    pull(host)
    site.clock_skew = timedelta(0)
    site.edit("PROJ-1", summary="Ship it now")
    pull(host, after=HOUR)

    assert host.tasks.get(task_id).title == "Ship it now"


@pytest.mark.parametrize("away", [timedelta(minutes=4), HOUR, 3 * DAY, timedelta(days=40)])
def test_what_happened_while_nobody_looked_is_found(host, site, made, away):
    task_id, key = made()
    pull(host)
    host.clock.advance(MINUTE)
    site.edit(key, summary="Ship it soon")
    pull(host, after=away)

    assert host.tasks.get(task_id).title == "Ship it soon"


# the index lags behind


@pytest.mark.parametrize("lag", [timedelta(seconds=90), timedelta(minutes=4)])
def test_what_the_index_shows_late_is_found_though_others_were_found_before(host, site, many, lag):
    first, second = many(2)
    renamed(site, 1)
    host.clock.advance(timedelta(seconds=10))
    pull(host, after=timedelta(seconds=1))
    site.search_lag = lag
    renamed(site, 2)
    pull(host, after=timedelta(seconds=5))
    site.search_lag = timedelta(0)
    renamed(site, 1)
    pull(host, after=lag)
    pull(host, after=timedelta(seconds=1))

    assert titles(host, [first, second]) == ["Renamed 1", "Renamed 2"]


def test_an_old_version_that_the_index_shows_changes_nothing_back(host, site, made):
    task_id, key = made()
    site.edit(key, summary="Ship it soon")
    pull(host)
    site.search_lag = timedelta(minutes=2)
    for _ in range(3):
        pull(host, after=timedelta(seconds=20))

    assert host.tasks.get(task_id).title == "Ship it soon"


# many pages


def test_every_page_is_read(host, site, many):
    task_ids = many(130)
    for number in range(1, 131):
        renamed(site, number)
        host.clock.advance(timedelta(seconds=1))
    pull(host)

    assert titles(host, task_ids) == [f"Renamed {number}" for number in range(1, 131)]
    assert len(wakes(host)) == 130


@pytest.mark.parametrize(("when", "touched"), [("before", 1), ("after", 5)])
def test_an_issue_that_changes_while_the_pages_are_read_hides_no_other(host, jira, site, many, when, touched):
    task_ids = many(150)
    for number in range(1, 151):
        renamed(site, number)
        host.clock.advance(MINUTE)

    def touch():
        for number in range(1, touched + 1):
            site.edit(f"PROJ-{number}", summary=f"Renamed {number} again")

    getattr(jira, when)("GET", "/search.*ORDER BY updated", touch, nth=1 if when == "after" else 2)
    pull(host)
    pull(host)
    found = titles(host, task_ids)

    assert found[touched:] == [f"Renamed {number}" for number in range(touched + 1, 151)]
    assert found[:touched] == [f"Renamed {number} again" for number in range(1, touched + 1)]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(fault="short", body={"issues": []}),
        Reply(status=200, body="<html>log in</html>"),
    ],
)
def test_a_pull_that_breaks_off_is_made_up_for_and_wakes_nobody_twice(host, jira, site, many, reply):
    task_ids = many(120)
    for number in range(1, 121):
        renamed(site, number)
        host.clock.advance(MINUTE)
    jira.before("GET", "/search", lambda: reply, nth=2)
    with pytest.raises(tm.RetryLater):
        host.pull("jira")
    host.deliver()
    pull(host)
    pull(host)

    assert titles(host, task_ids) == [f"Renamed {number}" for number in range(1, 121)]
    assert len(wakes(host)) == 120
    assert undelivered(host) == []


def test_a_search_that_is_asked_to_slow_down_says_for_how_long(host, jira, made):
    made()
    jira.fault("GET", "search", Reply(status=429, headers={"Retry-After": "7"}))
    with pytest.raises(Limited) as limited:
        host.pull("jira")

    assert limited.value.after == timedelta(seconds=7)


# at a calm pace


@pytest.mark.parametrize("count", [1, 30])
def test_a_pull_with_nothing_new_asks_twice_however_many_links_there_are(host, jira, many, count):
    many(count)
    since = len(jira.server.requests)
    host.pull("jira")

    assert [each.partition("/rest/api/")[2][2:] for each in asked(jira, since=since)] in ASKED_ONLY


def test_a_change_costs_one_look_at_its_issue(host, jira, site, many):
    many(30)
    renamed(site, 7)
    pull(host)
    since = len(jira.server.requests)
    for _ in range(10):
        pull(host)

    assert len(asked(jira, since=since)) == 20


def test_a_project_that_is_no_more_stops_no_other(open_host, jira, site):
    host = open_host(
        jira, fields={"title": "both"}, projects=[{"project": "OTHER", "when": "team == ops"}, {"project": "PROJ"}]
    )
    other, task = host.tasks.add("Elsewhere", team="ops"), host.tasks.add("Ship it")
    host.deliver()
    site.names_hidden_projects = True
    site.forbid("OTHER")
    site.edit("PROJ-1", summary="Ship it soon")
    pull(host)

    assert host.tasks.get(task.id).title == "Ship it soon"
    assert host.tasks.get(other.id).status == "pending"
