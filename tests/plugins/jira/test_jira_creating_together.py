"""Several workers, killed workers, several issues: one task still has one issue."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from tests.plugins.jira.pushing import (
    HOUR,
    LOST,
    NEVER_CAME,
    SECOND,
    MortalClock,
    creations,
    dies_on_the_way,
    is_one_pair,
    pass_time,
    remarks,
    states,
    writes,
)

import tm
import tm_jira
from tm.testing import Host
from tm_jira import creating
from tm_jira.client import site_of
from tm_jira.standing import standing
from tm_jira.sync import sync

pytestmark = pytest.mark.usefixtures("no_write_in_vain")


@pytest.fixture
def beside(tmp_path, jira, clock):
    """Opens the first host's store in another process."""

    def make(clock=clock):
        table = {"jira": jira.settings}
        return Host(tmp_path / "0", plugins={"jira": tm_jira}, settings=table, core={"timezone": "UTC"}, clock=clock)

    return make


@pytest.fixture
def mortal_host(beside, host, clock):
    with beside(MortalClock(clock)) as mortal:
        yield mortal


# several workers


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="answered"),
        pytest.param(LOST, id="lost", marks=pytest.mark.slow),
        pytest.param(NEVER_CAME, id="never came", marks=pytest.mark.slow),
    ],
)
def test_a_killed_worker_leaves_one_issue_wherever_it_died(mortal_host, jira, answer):
    """At every place where the clock is read: around each answer, each commit and each thing remembered."""
    host = mortal_host
    for looks in range(1, 200):
        task = host.tasks.add(f"Ship number {looks}")
        jira.site.search_lag = timedelta(seconds=looks % 120)
        jira.calm()
        jira.fault("POST", "^issue$", *[answer] * bool(answer))
        has_died = dies_on_the_way(host, after=looks)
        found = [each for each in jira.site.issues if each.fields["summary"] == task.title]

        assert len(found) == 1, f"killed at look {looks}"
        assert [each.key for each in host.hub("jira").links.mine(task.id)] == [found[0].key]
        if not has_died:
            break
        host.clock.turn(timedelta(days=2))
    assert looks > 15


def test_two_processes_at_one_store_make_one_issue_between_them(beside, host, jira):
    host.tasks.add("Ship it", assignee="alice@example.com")
    [event] = host.events()
    start = threading.Barrier(4)

    def make():
        with beside() as other:
            hub = other.hub("jira")
            start.wait()
            with suppress(tm.RetryLater):
                sync(event, hub, tasks=hub.tasks)
            site_of(hub.settings, now=hub.clock.now).close()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    pass_time(host)

    assert len(jira.site.issues) == 1
    assert set(states(host)) == {"delivered"}


def test_who_looked_before_the_link_was_there_makes_no_second_issue_after_it(host, jira):
    task = host.tasks.add("Ship it")
    host.deliver()
    hub = host.hub("jira")
    [project] = hub.settings.projects
    site = site_of(hub.settings, now=hub.clock.now)
    with suppress(tm.RetryLater):
        creating.make(task, project, ours={"title": task.title}, values={"title": task.title}, hub=hub, site=site)

    assert creations(jira) == 1


@pytest.mark.parametrize("reply", [LOST, NEVER_CAME])
@pytest.mark.parametrize("hours", [0, 8, 72])
@pytest.mark.usefixtures("host")
def test_a_doubt_outlives_the_process(beside, jira, clock, reply, hours):
    jira.site.search_lag = 90 * SECOND
    with beside() as first:
        jira.fault("POST", "^issue$", reply)
        task = first.tasks.add("Ship it")
        first.deliver()
    clock.advance(timedelta(hours=hours))
    with beside() as second:
        pass_time(second)

        assert creations(jira) == (1 if reply == LOST else 2)
        assert is_one_pair(second, jira, task)
        assert states(second) == ["delivered"]


def test_a_doubt_is_respected_by_every_process(beside, host, jira):
    jira.site.search_lag = 20 * SECOND
    jira.fault("POST", "^issue$", LOST)
    task = host.tasks.add("Ship it")
    host.deliver()
    with beside() as other:
        hub = other.hub("jira")
        with pytest.raises(tm.RetryLater):
            sync(host.events()[0], hub, tasks=hub.tasks)
        pass_time(other)

    assert creations(jira) == 1
    assert is_one_pair(host, jira, task)


# more than one


def test_of_two_issues_for_one_task_the_older_one_is_kept_and_the_other_named(host, jira):
    jira.site.search_lag = HOUR
    jira.fault("POST", "^issue$", LOST, LOST)
    task = host.tasks.add("Ship it")
    pass_time(host, 301 * SECOND)
    assert len(jira.site.issues) == 2

    jira.site.search_lag = timedelta(0)
    pass_time(host)
    [link] = host.hub("jira").links.all()
    assert (link.task_id, link.key) == (task.id, "PROJ-1")
    assert creating.doubles(host.hub("jira")) == {task.id: ["PROJ-2"]}
    assert any("PROJ-2" in each for each in remarks(host))
    assert states(host) == ["delivered"]


def test_an_issue_that_bears_the_mark_of_another_hub_is_left_alone(host, jira):
    task = host.tasks.add("Ship it")
    host.deliver()
    jira.site.issue("PROJ-1").properties["tm.task"] = {"hub": "ffffffffffffffff", "task": "0badc0de"}
    before = len(jira.server.requests)
    host.tasks.update(task.id, title="Sink it")
    host.tasks.complete(task.id, summary="done")
    pass_time(host)

    assert writes(jira, since=before) == []
    assert set(states(host)) == {"delivered"}
    assert [each.state for each in host.hub("jira").links.all()] == ["foreign"]
    assert standing(host.hub("jira"))["foreign_issues"] == {"PROJ-1": "ffffffffffffffff"}
