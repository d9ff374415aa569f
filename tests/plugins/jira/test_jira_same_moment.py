"""Somebody writes in Jira in the very moment we do: whoever is last wins there, and no value is lost or overlooked."""

import json

import pytest
from tests.plugins.jira.meantime import pull, undelivered

BOTH = {"title": "both", "description": "both", "priority": "both"}
EDIT, READ, MOVE, PROPERTY = r"issue/[0-9]+$", r"issue/[0-9]+\?", r"transitions$", "properties/tm.task"


@pytest.fixture
def host(open_host, jira):
    return open_host(jira, fields=BOTH)


def act(site, **fields):
    """Alice sets fields, in somebody else's moment."""

    def do():
        site.edit("PROJ-1", by="alice", **fields)

    return do


def settled(host):
    """All that follows is done, and nothing more happens."""
    for _ in range(4):
        pull(host)
    assert undelivered(host) == []


def everywhere(host, site, task_id):
    """All titles that are anywhere: here, there, in a conflict, among those that lost."""
    values = {host.tasks.get(task_id).title, site.issue("PROJ-1").fields["summary"]}
    values |= {json.loads(each.lost) for each in host.lost_values() if each.field == "title"}
    for each in host.conflicts():
        values |= {json.loads(each.ours), json.loads(each.theirs)}
    return values


def test_what_somebody_writes_right_before_us_is_kept(host, jira, site, made):
    task_id, _ = made()
    jira.before("PUT", EDIT, act(site, summary="Alice's"))
    host.tasks.update(task_id, title="Ours")
    host.deliver()
    settled(host)

    assert site.issue("PROJ-1").fields["summary"] == "Ours"
    assert host.tasks.get(task_id).title == "Ours"
    assert [(each.side, json.loads(each.lost)) for each in host.lost_values()] == [("theirs", "Alice's")]
    assert [each.path for each in site.writes if not each.changed] == []


def test_what_somebody_writes_right_after_us_comes_here(host, jira, site, made):
    task_id, _ = made()
    jira.after("PUT", EDIT, act(site, summary="Alice's"))
    host.tasks.update(task_id, title="Ours")
    host.deliver()
    settled(host)

    assert site.issue("PROJ-1").fields["summary"] == "Alice's"
    assert host.tasks.get(task_id).title == "Alice's"
    assert host.conflicts() == []


def test_what_somebody_writes_right_after_us_to_a_field_of_ours_is_kept_and_undone(open_host, jira, site):
    host = open_host(jira)
    task = host.tasks.add("Ship it")
    host.deliver()
    jira.after("PUT", EDIT, act(site, summary="Alice's"))
    host.tasks.update(task.id, title="Ours")
    host.deliver()
    settled(host)

    assert site.issue("PROJ-1").fields["summary"] == "Ours"
    assert "Alice's" in everywhere(host, site, task.id)


def test_what_two_people_write_around_us_is_all_kept(host, jira, site, made):
    task_id, _ = made()
    jira.before("PUT", EDIT, act(site, summary="Before"))
    jira.after("PUT", EDIT, act(site, summary="After"))
    host.tasks.update(task_id, title="Ours")
    host.deliver()
    settled(host)

    assert {"Before", "After"} <= everywhere(host, site, task_id)
    assert host.tasks.get(task_id).title == site.issue("PROJ-1").fields["summary"] == "After"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("there", "field", "value"), [("priority", "priority", "critical"), ("status", "status", "completed")]
)
def test_another_field_that_somebody_sets_in_our_moment_comes_here(host, jira, site, made, when, there, field, value):
    task_id, _ = made()

    def do():
        if there == "status":
            site.move("PROJ-1", "Done")
        else:
            site.edit("PROJ-1", priority="Highest")

    getattr(jira, when)("PUT", EDIT, do)
    host.tasks.update(task_id, title="Ours")
    host.deliver()
    settled(host)

    assert getattr(host.tasks.get(task_id), field) == value
    assert site.issue("PROJ-1").fields["summary"] == "Ours"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_status_that_somebody_sets_in_our_moment_is_not_overlooked(host, jira, site, made, when):
    task_id, _ = made()
    getattr(jira, when)("POST", MOVE, lambda: site.move("PROJ-1", "Blocked"))
    host.tasks.complete(task_id)
    host.deliver()
    settled(host)
    final = (host.tasks.get(task_id).status, site.issue("PROJ-1").status)

    assert final == (("completed", "Done") if when == "before" else ("blocked", "Blocked"))
    if when == "before":
        assert "Blocked" in str([each.lost for each in host.lost_values()])


@pytest.mark.parametrize("nth", [1, 2])
def test_what_somebody_writes_right_after_a_look_is_seen_by_the_next(host, jira, site, made, nth):
    task_id, _ = made()
    jira.after("GET", READ, act(site, summary="Alice's"), nth=nth)
    host.tasks.update(task_id, priority="high")
    host.deliver()
    settled(host)

    assert host.tasks.get(task_id).title == "Alice's"
    assert site.issue("PROJ-1").fields["priority"]["name"] == "High"


def test_the_same_value_from_both_sides_in_one_moment_loses_nothing(host, jira, site, made):
    task_id, _ = made()
    jira.before("PUT", EDIT, act(site, summary="Same"))
    host.tasks.update(task_id, title="Same")
    host.deliver()
    settled(host)

    assert host.tasks.get(task_id).title == site.issue("PROJ-1").fields["summary"] == "Same"
    assert host.lost_values() == []


def test_what_is_edited_here_while_jira_s_value_is_on_its_way_is_not_lost(host, jira, site, made):
    task_id, _ = made()
    site.edit("PROJ-1", summary="Alice's")
    host.pull("jira")
    host.tasks.update(task_id, title="Ours")
    host.deliver()
    settled(host)
    [conflict] = host.conflicts()

    assert {json.loads(conflict.ours), json.loads(conflict.theirs)} == {"Ours", "Alice's"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_issue_that_is_edited_in_the_moment_it_is_made_keeps_that(open_host, jira, site, when):
    host = open_host(jira, fields=BOTH)
    getattr(jira, when)("GET", READ, act(site, summary="Alice's"))
    task = host.tasks.add("Ship it")
    host.deliver()
    settled(host)

    assert "Alice's" in everywhere(host, site, task.id)
    assert host.tasks.get(task.id).title == site.issue("PROJ-1").fields["summary"]


@pytest.mark.parametrize("nth", [1, 2])
def test_a_label_that_somebody_adds_in_our_moment_stays(open_host, jira, site, nth):
    host = open_host(jira, fields={"labels": "both"})
    task = host.tasks.add("Ship it", labels=("a",))
    host.deliver()
    if nth == 1:
        jira.before("PUT", EDIT, act(site, labels=["a", "alice"]))
    else:
        jira.after("PUT", EDIT, act(site, labels=["a", "alice", "ours"]))
    host.tasks.update(task.id, labels=("a", "ours"))
    host.deliver()
    settled(host)

    assert site.issue("PROJ-1").fields["labels"] == ["a", "alice", "ours"]
    assert host.tasks.get(task.id).labels == ("a", "alice", "ours")


def test_an_imported_issue_that_is_edited_while_it_is_marked_keeps_that(open_host, jira, site):
    host = open_host(jira, import_jql="project = PROJ", fields=BOTH)
    site.add(summary="Old")
    pull(host)
    [link] = host.hub("jira").links.all()
    jira.before("PUT", PROPERTY, act(site, summary="Alice's"))
    host.tasks.update(link.task_id, priority="high")
    host.deliver()
    settled(host)

    assert site.issue("PROJ-1").fields["summary"] == "Alice's"
    assert host.tasks.get(link.task_id).title == "Alice's"
    assert site.issue("PROJ-1").fields["priority"]["name"] == "High"
