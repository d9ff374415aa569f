"""Two hubs at one Jira: an issue belongs to whoever wrote to it first, and the other one leaves it alone."""

import pytest

from tm_jira.client import site_of
from tm_jira.links import foreign
from tm_jira.ties import tie, untie

WANTED = "project = PROJ"


@pytest.fixture
def hubs(open_host, jira):
    """Two hubs that made a task each of the only issue."""
    jira.site.add(summary="Ours or theirs")
    both = [open_host(jira, import_jql=WANTED, projects=[], comments=["progress", "completed"]) for _ in range(2)]
    for host in both:
        host.pull("jira")
    return both


def task_of(host):
    [link] = host.hub("jira").links.all()
    return link.task_id


def marks(jira):
    return [each.properties.get("tm.task", {}).get("task") for each in jira.site.issues]


def test_who_comments_first_owns_the_issue(hubs, jira):
    first, second = hubs
    for host in hubs:
        host.tasks.progress(task_of(host), "half of it", starts=False)
        host.deliver()

    assert marks(jira) == [task_of(first)]
    assert len(jira.site.issues[0].comments) == 1
    assert list(foreign(second.hub("jira"))) == ["PROJ-1"]


def test_an_issue_of_another_hub_is_neither_moved_nor_its_mark_taken_away(hubs, jira):
    first, second = hubs
    first.tasks.complete(task_of(first))
    first.deliver()
    second.tasks.cancel(task_of(second))
    second.deliver()
    assert jira.site.issues[0].status == "Done"
    assert list(foreign(second.hub("jira"))) == ["PROJ-1"]

    hub = second.hub("jira")
    stays = untie(hub.links.all()[0], hub, site=site_of(hub.settings, now=second.clock.now))

    assert stays is None
    assert marks(jira) == [task_of(first)]


def test_an_issue_that_is_let_go_can_be_another_hub_s(hubs, jira):
    first, second = hubs
    first.tasks.complete(task_of(first), summary="It flies")
    first.deliver()
    hub = first.hub("jira")
    untie(hub.links.all()[0], hub, site=site_of(hub.settings, now=first.clock.now))
    second.tasks.update(task_of(second), labels=["kept"])
    hub = second.hub("jira")
    found = hub.tasks.get(task_of(second))
    tie(found, "PROJ-1", leads="there", hub=hub, site=site_of(hub.settings, now=second.clock.now))
    second.deliver()

    assert second.tasks.get(found.id).status == "completed"
