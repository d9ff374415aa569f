"""What people change in Jira comes to the task, in the name of who did it, told once and never sent back."""

import pytest
from tests.plugins.jira.meantime import Listener, pull, told, undelivered, wakes

EVERYTHING = dict.fromkeys(
    ("title", "description", "priority", "assignee", "labels", "deadline", "estimated_hours"), "both"
)
GIVEN = {
    "description": "Mind the gap",
    "priority": "high",
    "assignee": "alice@example.com",
    "labels": ("a",),
    "deadline": "2026-12-01",
    "estimated_hours": 2,
}


@pytest.fixture
def host(open_host, jira):
    return open_host(jira, fields=EVERYTHING)


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"summary": "Ship it soon"}, "title", "Ship it soon"),
        ({"description": "One\n\nTwo"}, "description", "One\n\nTwo"),
        ({"description": None}, "description", None),
        ({"priority": "Highest"}, "priority", "critical"),
        ({"assignee": "bob"}, "assignee", "bob@example.com"),
        ({"assignee": None}, "assignee", None),
        ({"labels": ["a", "b"]}, "labels", ("a", "b")),
        ({"labels": []}, "labels", ()),
        ({"duedate": "2026-12-24"}, "deadline", "2026-12-24"),
        ({"duedate": None}, "deadline", None),
        ({"timetracking": {"originalEstimate": "90m"}}, "estimated_hours", 1.5),
    ],
)
def test_what_is_changed_in_jira_comes_to_the_task(host, site, made, change, field, value):
    task_id, key = made(**GIVEN)
    before = host.tasks.get(task_id)
    writes = len(site.writes)
    site.edit(key, **change)
    pull(host)
    task = host.tasks.get(task_id)
    found = getattr(task, field)

    assert (found[:10] if field == "deadline" and found else found) == value
    assert task == before.with_(**{field: found}, revision=task.revision, updated_at=task.updated_at)
    assert len(site.writes) == writes
    assert undelivered(host) == []


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (["In Progress"], "in_progress"),
        (["In Review"], "in_progress"),
        (["Blocked"], "blocked"),
        (["Done"], "completed"),
        (["Cancelled"], "cancelled"),
        (["In Progress", "To Do"], "pending"),
        (["In Progress", "Blocked", "Done"], "completed"),
        (["Blocked", "In Progress"], "in_progress"),
        (["Blocked", "To Do"], "pending"),
        (["In Progress", "Blocked", "To Do"], "pending"),
        (["Done", "In Progress"], "in_progress"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_status_of_the_issue_becomes_the_task_s(host, site, made, names, status, at_once):
    task_id, key = made()
    writes = len(site.writes)
    for name in names:
        site.move(key, name)
        if not at_once:
            pull(host)
    pull(host)

    assert host.tasks.get(task_id).status == status
    assert len(site.writes) == writes
    assert undelivered(host) == []


@pytest.mark.parametrize("finished", ["Done", "Cancelled"])
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("To Do", "pending"),
        ("In Progress", "in_progress"),
        ("In Review", "in_progress"),
        ("Blocked", "blocked"),
        ("Done", "completed"),
        ("Cancelled", "cancelled"),
    ],
)
def test_an_issue_that_is_taken_up_again_or_ends_otherwise_takes_its_task_along(
    host, site, made, finished, name, status
):
    task_id, key = made()
    site.move(key, finished)
    pull(host)
    site.move(key, name)
    pull(host)

    assert host.tasks.get(task_id).status == status
    assert undelivered(host) == []


def test_a_change_is_made_in_the_name_of_who_made_it_in_jira(host, site, made):
    task_id, key = made()
    site.move(key, "In Progress", by="alice")
    pull(host)
    site.move(key, "Done", by="bob")
    pull(host)

    assert [each.actor for each in told(task_id, host, "started")] == ["alice@example.com"]
    [completed] = told(task_id, host, "completed")
    assert (completed.actor, completed.origin) == ("bob@example.com", "jira")


def test_who_is_known_here_by_another_name_is_called_by_it(open_host, jira, site):
    host = open_host(jira, people={"ally": {"email": "alice@example.com"}, "bert": {"jira": "712020:b0b"}})
    task = host.tasks.add("Ship it")
    host.deliver()
    site.move("PROJ-1", "In Progress", by="alice")
    pull(host)

    assert [each.actor for each in told(task.id, host, "started")] == ["alice@example.com"]


def test_what_two_people_did_is_not_put_down_to_the_last_of_them(host, site, made):
    task_id, key = made()
    site.move(key, "Done", by="alice")
    site.edit(key, by="bob", environment="Linux")
    pull(host)

    assert [each.actor for each in told(task_id, host, "completed")] == ["alice@example.com"]


# heard once, sent back never


def test_others_hear_a_change_of_jira_once_and_jira_hears_nothing_back(open_host, jira, site):
    listener = Listener()
    host = open_host(jira, fields=EVERYTHING, others={"listener": listener})
    host.tasks.add("Ship it")
    host.deliver()
    writes, heard = len(site.writes), len(listener.heard)
    site.edit("PROJ-1", summary="Ship it soon")
    for _ in range(3):
        pull(host)
    site.move("PROJ-1", "Done")
    for _ in range(3):
        pull(host)

    told_others = ["updated by alice@example.com, from jira", "completed by alice@example.com, from jira"]
    assert listener.heard[heard:] == told_others
    assert len(site.writes) == writes
    assert undelivered(host) == []


def test_a_changed_issue_wakes_its_task_once(host, site, made):
    _, key = made()
    site.edit(key, summary="Ship it soon")
    host.pull("jira")
    host.pull("jira")
    pull(host)
    pull(host)

    assert [row.state for row in wakes(host)] == ["delivered"]


def test_our_own_writes_change_nothing_here(open_host, jira, site):
    host = open_host(jira, fields=EVERYTHING, comments=["completed", "progress"])
    task = host.tasks.add("Ship it")
    host.deliver()
    host.tasks.update(task.id, title="Ship it soon", labels=("a",))
    host.tasks.progress(task.id, "half way")
    host.tasks.complete(task.id, summary="It flies")
    host.deliver()
    before, events, writes = host.tasks.get(task.id), len(host.events()), len(site.writes)
    for _ in range(3):
        pull(host)
    new = [each.type for each in host.events()[events:]]

    assert host.tasks.get(task.id) == before
    assert set(new) <= {"sync.requested"}
    assert len(new) <= 1
    assert len(site.writes) == writes
    assert [each.path for each in site.writes if not each.changed] == []


# words of Jira's that are one of ours


def test_the_lowest_priority_stays_the_lowest_whatever_else_is_changed(host, site, made):
    task_id, key = made(priority="low")
    site.edit(key, priority="Lowest")
    pull(host)
    host.tasks.update(task_id, title="Ship it soon")
    host.deliver()
    pull(host)

    assert host.tasks.get(task_id).priority == "low"
    assert site.issue(key).fields["priority"]["name"] == "Lowest"
    assert site.issue(key).fields["summary"] == "Ship it soon"


def test_an_issue_in_review_stays_there_when_the_task_only_gets_a_note(open_host, jira, site):
    host = open_host(jira, comments=["progress"])
    task = host.tasks.add("Ship it")
    host.tasks.move(task.id, "in_progress")
    host.deliver()
    site.move("PROJ-1", "In Review")
    host.tasks.progress(task.id, "half way")
    host.deliver()
    pull(host)

    assert site.issue("PROJ-1").status == "In Review"
    assert host.tasks.get(task.id).status == "in_progress"
    assert len(site.issue("PROJ-1").comments) == 1


@pytest.mark.parametrize("name", ["Done", "Blocked", "To Do", "Cancelled"])
def test_a_status_with_a_new_name_moves_no_task(host, site, made, name):
    task_id, key = made()
    site.move(key, name)
    pull(host)
    before = host.tasks.get(task_id).status
    site.projects["PROJ"].rename_status(name, "Anders")
    site.edit(key, environment="Linux")
    pull(host)

    assert host.tasks.get(task_id).status == before
    assert site.issue(key).status == "Anders"


def test_a_priority_that_nobody_knows_leaves_the_task_s_as_it_is(host, site, made):
    task_id, key = made(priority="high")
    site.catalogue.priorities.append({"self": "", "id": "9", "name": "Whenever"})
    site.edit(key, priority="Whenever")
    pull(host)
    host.tasks.update(task_id, title="Ship it soon")
    host.deliver()

    assert host.tasks.get(task_id).priority == "high"
    assert site.issue(key).fields["priority"]["name"] == "Whenever"


def test_titles_with_signs_nobody_sees_come_without_them(host, site, made):
    task_id, key = made()
    site.edit(key, summary="Ship\x1b[31m it\u202e now\u200b 🚀")
    pull(host)
    task = host.tasks.get(task_id)
    host.tasks.update(task_id, priority="high")
    host.deliver()
    pull(host)

    assert task.title == "Ship [31m it now 🚀"
    assert site.issue(key).fields["summary"] == "Ship\x1b[31m it\u202e now\u200b 🚀"


@pytest.mark.parametrize("odd", [{"duedate": "0001-01-01"}, {"timetracking": {"originalEstimate": "400000w"}}])
def test_a_value_no_task_can_have_is_said_once_and_the_rest_comes(host, site, made, odd):
    task_id, key = made()
    before = len(told(task_id, host, "context_added"))
    site.edit(key, summary="Ship it soon", **odd)
    for _ in range(3):
        pull(host)
        site.edit(key, environment=f"Linux {len(host.events())}")
    said = [each.data["text"] for each in told(task_id, host, "context_added")][before:]

    assert host.tasks.get(task_id).title == "Ship it soon"
    assert len(said) == 1
    assert said[0].startswith("PROJ-1: ")
    assert undelivered(host) == []
