"""What both sides changed: a person or the settings decide, and no value that loses is lost."""

import json

import pytest
from tests.plugins.jira.meantime import Listener, pull, undelivered

BOTH = {"title": "both", "description": "both", "priority": "both", "deadline": "both", "assignee": "both"}


@pytest.fixture
def host(open_host, jira):
    return open_host(jira, fields=BOTH)


def apart(host, site, task_id):
    """Both sides change the title before they hear of each other."""
    site.edit("PROJ-1", summary="There")
    host.tasks.update(task_id, title="Here")
    pull(host)


def summary(site):
    return site.issue("PROJ-1").fields["summary"]


def lost(host):
    """Every value that lost, newest first: whose it was, and what it said."""
    return [(each.field, each.side, json.loads(each.lost)) for each in host.lost_values()]


def unchanging(site):
    return [each.path for each in site.writes if not each.changed]


# left to a person


def test_what_both_changed_waits_for_a_person_and_neither_side_loses_anything(host, site, made):
    task_id, _ = made()
    writes = len(site.writes)
    apart(host, site, task_id)
    for _ in range(3):
        pull(host)
    [conflict] = host.conflicts()

    assert (conflict.field, conflict.place, conflict.plugin) == ("title", "PROJ-1", "jira")
    assert (json.loads(conflict.ours), json.loads(conflict.theirs)) == ("Here", "There")
    assert (host.tasks.get(task_id).title, summary(site)) == ("Here", "There")
    assert len(site.writes) == writes
    assert lost(host) == []
    assert undelivered(host) == []


@pytest.mark.parametrize(
    ("keep", "title", "loser"), [("ours", "Here", ("theirs", "There")), ("theirs", "There", ("ours", "Here"))]
)
def test_what_a_person_decides_is_carried_out_and_the_other_value_kept(host, site, made, keep, title, loser):
    task_id, _ = made()
    apart(host, site, task_id)
    [conflict] = host.conflicts()
    host.decide(conflict, keep)
    host.deliver()
    pull(host)
    pull(host)

    assert (host.tasks.get(task_id).title, summary(site)) == (title, title)
    assert lost(host) == [("title", *loser)]
    assert host.conflicts() == []
    assert unchanging(site) == []


@pytest.mark.parametrize("keep", ["ours", "theirs"])
def test_a_decision_is_about_the_values_that_were_seen(host, site, made, keep):
    task_id, _ = made()
    apart(host, site, task_id)
    [conflict] = host.conflicts()
    site.edit("PROJ-1", summary="Somewhere else")
    host.decide(conflict, keep)
    host.deliver()
    pull(host)
    values = {host.tasks.get(task_id).title, summary(site), *(value for _, _, value in lost(host))}

    assert {"Here", "Somewhere else"} <= values


def test_other_fields_move_on_while_one_is_in_conflict(host, site, made):
    task_id, _ = made(priority="low")
    apart(host, site, task_id)
    host.tasks.update(task_id, priority="high")
    host.deliver()
    site.move("PROJ-1", "In Progress")
    pull(host)

    assert site.issue("PROJ-1").fields["priority"]["name"] == "High"
    assert host.tasks.get(task_id).status == "in_progress"
    assert [each.field for each in host.conflicts()] == ["title"]
    assert (host.tasks.get(task_id).title, summary(site)) == ("Here", "There")


@pytest.mark.parametrize("who", ["here", "there"])
def test_a_conflict_is_over_when_both_say_the_same(host, site, made, who):
    task_id, _ = made()
    apart(host, site, task_id)
    if who == "here":
        host.tasks.update(task_id, title="There")
        host.deliver()
    else:
        site.edit("PROJ-1", summary="Here")
    pull(host)
    pull(host)

    assert host.conflicts() == []
    assert host.tasks.get(task_id).title == summary(site)
    assert lost(host) == []


@pytest.mark.parametrize("end", ["the task is deleted", "the issue is deleted"])
def test_a_conflict_ends_with_either_of_its_sides(host, site, made, end):
    task_id, _ = made()
    apart(host, site, task_id)
    if end == "the task is deleted":
        host.tasks.delete(task_id)
    else:
        site.delete("PROJ-1")
        host.hub("jira").wake(task_id)
    host.deliver()
    pull(host)

    assert host.conflicts() == []
    assert undelivered(host) == []


def test_what_both_changed_alike_is_no_conflict(host, site, made):
    task_id, _ = made()
    site.edit("PROJ-1", summary="Same")
    host.tasks.update(task_id, title="Same")
    writes = len(site.writes)
    pull(host)

    assert host.conflicts() == []
    assert len(site.writes) == writes
    assert lost(host) == []


def test_a_status_that_both_changed_differently_waits_for_a_person(host, site, made):
    task_id, _ = made()
    site.move("PROJ-1", "Blocked")
    host.tasks.complete(task_id)
    pull(host)
    [conflict] = host.conflicts()

    assert conflict.field == "status"
    assert (host.tasks.get(task_id).status, site.issue("PROJ-1").status) == ("completed", "Blocked")
    host.decide(conflict, "ours")
    host.deliver()
    assert (host.tasks.get(task_id).status, site.issue("PROJ-1").status) == ("completed", "Done")
    assert host.conflicts() == []


# left to the settings


@pytest.mark.parametrize(
    ("policy", "title", "loser"), [("tm", "Here", ("theirs", "There")), ("jira", "There", ("ours", "Here"))]
)
def test_the_settings_can_say_whose_value_counts(open_host, jira, site, policy, title, loser):
    host = open_host(jira, fields=BOTH, conflict=policy)
    task = host.tasks.add("Ship it")
    host.deliver()
    apart(host, site, task.id)
    pull(host)

    assert (host.tasks.get(task.id).title, summary(site)) == (title, title)
    assert lost(host) == [("title", *loser)]
    assert host.conflicts() == []
    assert unchanging(site) == []


def test_the_title_of_a_task_born_here_is_ours_and_what_somebody_writes_there_is_kept(open_host, jira, site):
    listener = Listener()
    host = open_host(jira, others={"listener": listener})
    host.tasks.add("Ship it")
    host.deliver()
    site.edit("PROJ-1", summary="There")
    for _ in range(3):
        pull(host)

    assert summary(site) == "Ship it"
    assert lost(host) == [("title", "theirs", "There")]
    assert host.conflicts() == []
    assert [each for each in listener.heard if "updated" in each] == []


def test_the_title_of_an_imported_task_is_jira_s_and_what_was_written_here_is_kept(open_host, jira, site):
    host = open_host(jira, import_jql="project = PROJ")
    site.add(summary="Old")
    pull(host)
    [link] = host.hub("jira").links.all()
    host.tasks.update(link.task_id, title="Here")
    for _ in range(3):
        pull(host)

    assert host.tasks.get(link.task_id).title == "Old"
    assert summary(site) == "Old"
    assert lost(host) == [("title", "ours", "Here")]


def test_labels_of_both_sides_are_put_together(open_host, jira, site):
    host = open_host(jira, fields={"labels": "both"})
    task = host.tasks.add("Ship it", labels=("a", "b"))
    host.deliver()
    site.edit("PROJ-1", labels=["b", "there"])
    host.tasks.update(task.id, labels=("a", "b", "here too"))
    pull(host)
    pull(host)

    assert site.issue("PROJ-1").fields["labels"] == ["b", "here-too", "there"]
    assert host.tasks.get(task.id).labels == ("b", "here too", "there")
    assert host.conflicts() == []
    assert unchanging(site) == []


# every field, both ways


@pytest.mark.parametrize("keep", ["ours", "theirs"])
@pytest.mark.parametrize(
    ("field", "here", "jira_field", "there"),
    [
        ("description", "Here\n\nand here", "description", "There"),
        ("priority", "critical", "priority", "Low"),
        ("deadline", "2026-12-01", "duedate", "2026-12-24"),
        ("assignee", "bob@example.com", "assignee", "alice"),
    ],
)
def test_every_field_that_both_changed_can_be_settled_both_ways(host, site, made, keep, field, here, jira_field, there):
    task_id, _ = made()
    site.edit("PROJ-1", **{jira_field: there})
    host.tasks.update(task_id, **{field: here})
    before = site.issue("PROJ-1").fields[jira_field]
    mine = getattr(host.tasks.get(task_id), field)
    pull(host)
    [conflict] = host.conflicts()
    host.decide(conflict, keep)
    host.deliver()
    pull(host)

    assert conflict.field == field
    assert (getattr(host.tasks.get(task_id), field) == mine) == (keep == "ours")
    assert (site.issue("PROJ-1").fields[jira_field] == before) == (keep == "theirs")
    assert [each[:2] for each in lost(host)] == [(field, "theirs" if keep == "ours" else "ours")]
    assert host.conflicts() == []
    assert unchanging(site) == []
