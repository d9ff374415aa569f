"""Issues that were there before become tasks: each once, silently, as they are, and nothing is written to Jira."""

import pytest
from tests.plugins.jira.meantime import MINUTE, Listener, pull, wakes

from tm.testing import Reply

JQL = "project = PROJ AND issuetype = Task"


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
def host(open_host, jira, listener):
    return open_host(jira, import_jql=JQL, others={"listener": listener})


def tasks(host):
    """The tasks there are, by their issues' keys."""
    hub = host.hub("jira")
    return {link.key: hub.tasks.find(link.task_id) for link in hub.links.all()}


def count(host):
    return sum(host.hub("jira").metrics.counts().values())


# all of them, silently


def test_the_first_look_makes_tasks_of_all_silently_and_later_ones_of_what_is_new(host, jira, site, listener):
    for number in range(3):
        site.add(summary=f"Old {number}")
        host.clock.advance(40 * MINUTE)
    pull(host)
    first = {key: task.title for key, task in tasks(host).items()}
    site.add(summary="New")
    pull(host)
    pull(host)

    assert first == {"PROJ-1": "Old 0", "PROJ-2": "Old 1", "PROJ-3": "Old 2"}
    assert tasks(host)["PROJ-4"].title == "New"
    assert count(host) == 4
    assert listener.heard == []
    assert site.writes == []
    assert wakes(host) == []


def test_more_issues_than_a_page_has_all_become_tasks(host, site):
    site.page_cap = 50
    for number in range(130):
        site.add(summary=f"Old {number}")
    pull(host)

    assert {task.title for task in tasks(host).values()} == {f"Old {number}" for number in range(130)}
    assert count(host) == 130
    assert site.writes == []


def test_what_changes_in_jira_afterwards_is_told_and_nothing_before(host, site, listener):
    site.add(summary="Old")
    pull(host)
    site.move("PROJ-1", "In Progress")
    pull(host)

    assert listener.heard == ["started by alice@example.com, from jira"]
    assert site.writes == []


def test_only_what_the_search_finds_becomes_a_task(host, site):
    site.add(summary="A bug", issue_type="Bug")
    site.add("OTHER", summary="Elsewhere")
    site.add(summary="Wanted")
    pull(host)

    assert [task.title for task in tasks(host).values()] == ["Wanted"]


def test_another_search_imports_what_was_there_long_before(host, jira, site):
    site.add(summary="A bug", issue_type="Bug")
    site.add(summary="Old")
    pull(host)
    pull(host, after=1000 * MINUTE)
    host.replace("jira", settings={**jira.settings, "import_jql": "project = PROJ"})
    pull(host)

    assert {task.title for task in tasks(host).values()} == {"Old", "A bug"}


def test_an_issue_that_is_made_while_the_pages_are_read_is_imported(host, jira, site):
    site.page_cap = 20
    for number in range(120):
        site.add(summary=f"Old {number}")
    jira.after("GET", "/search.*issuetype", lambda: site.add(summary="New") and None)
    pull(host)
    pull(host)

    assert "New" in {task.title for task in tasks(host).values()}
    assert count(host) == 121


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(fault="drop"), Reply(status=429)])
def test_an_import_that_breaks_off_goes_on_and_makes_no_task_twice(host, jira, site, reply):
    for number in range(120):
        site.add(summary=f"Old {number}")
        host.clock.advance(MINUTE)
    jira.before("GET", "/search.*issuetype", lambda: reply, nth=2)
    with pytest.raises(Exception, match=r"."):
        host.pull("jira")
    begun = count(host)
    pull(host)

    assert begun == 100
    assert count(host) == 120


# as they are


def test_a_task_says_what_its_issue_says(host, site):
    site.add(
        summary="Fly",
        description="Over\n\nthe sea",
        priority="High",
        assignee="alice",
        labels=["wings", "wax"],
        duedate="2026-12-24",
        timetracking={"originalEstimate": "1h 30m"},
    )
    pull(host)
    task = tasks(host)["PROJ-1"]

    assert (task.title, task.description, task.priority) == ("Fly", "Over\n\nthe sea", "high")
    assert (task.assignee, task.labels, task.estimated_hours) == ("alice@example.com", ("wax", "wings"), 1.5)
    assert task.deadline.startswith("2026-12-24")
    assert site.writes == []


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
def test_a_task_has_the_status_of_its_issue(host, site, listener, name, status):
    site.add(summary="Old", status=name)
    pull(host)
    pull(host)

    assert tasks(host)["PROJ-1"].status == status
    assert listener.heard == []
    assert site.writes == []


@pytest.mark.parametrize(("name", "priority"), [("Highest", "critical"), ("Lowest", "low"), ("Whenever", "medium")])
def test_a_task_has_the_priority_of_its_issue_or_the_usual_one(host, site, name, priority):
    site.catalogue.priorities.append({"self": "", "id": "9", "name": "Whenever"})
    site.add(summary="Old", priority=name)
    pull(host)

    assert tasks(host)["PROJ-1"].priority == priority
    assert site.issue("PROJ-1").fields["priority"]["name"] == name


def test_a_project_without_priorities_is_imported(host, site):
    issue = site.add(summary="Old")
    del issue.fields["priority"]
    issue.keep(site.time)
    pull(host)
    pull(host)

    assert tasks(host)["PROJ-1"].priority == "medium"


@pytest.mark.parametrize(
    ("summary", "title"),
    [
        ("\x1b[31mred\x07 \u202eabc", "[31mred abc"),
        ("\x00\x01", "(an issue without a summary)"),
        ("x" * 255, "x" * 255),
        ("👩‍👩‍👧 family 🚀", None),
        ("'; drop table task; --", "'; drop table task; --"),
        ('"quoted" [red]', '"quoted" [red]'),
    ],
)
def test_any_summary_becomes_a_title(host, site, summary, title):
    site.add(summary=summary)
    pull(host)
    found = tasks(host)["PROJ-1"].title

    assert found == title or (title is None and "family 🚀" in found)


def test_a_summary_that_is_none_becomes_a_title(host, site):
    issue = site.add(summary="Old")
    issue.fields["summary"] = None
    issue.keep(site.time)
    pull(host)

    assert tasks(host)["PROJ-1"].title == "(an issue without a summary)"


def test_odd_labels_come_as_far_as_a_task_can_have_them(host, site):
    site.add(summary="Old", labels=["ok", "x" * 255, "a\u200bb", "ümläut", "🚀", "\x07"])
    pull(host)
    labels = set(tasks(host)["PROJ-1"].labels)

    assert {"ok", "ümläut", "🚀"} <= labels
    assert all(len(each) <= 200 and each.isprintable() for each in labels)
    assert sorted(site.issue("PROJ-1").fields["labels"]) == sorted(
        ["ok", "x" * 255, "a\u200bb", "ümläut", "🚀", "\x07"]
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"duedate": "0001-01-01"},
        {"duedate": "9999-12-31"},
        {"timetracking": {"originalEstimate": "400000w"}},
    ],
)
def test_a_value_that_no_task_can_have_keeps_no_issue_out(host, site, odd):
    site.add(summary="Odd", **odd)
    site.add(summary="Old")
    pull(host)

    assert {task.title for task in tasks(host).values()} == {"Odd", "Old"}


def test_somebody_jira_shows_no_address_of_is_assigned_by_name(host, site):
    site.add_person("712020:c4r01", "carol")
    site.add(summary="Old", assignee="carol")
    pull(host)

    assert tasks(host)["PROJ-1"].assignee == "Carol (Jira)"
    assert site.writes == []


@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/Los_Angeles"])
def test_a_due_day_is_the_same_day_in_every_zone_of_the_hub(open_host, jira, site, zone):
    host = open_host(jira, import_jql=JQL, core={"timezone": zone}, fields={"deadline": "both", "title": "both"})
    site.add(summary="Old", duedate="2026-12-24")
    pull(host)
    host.tasks.update(tasks(host)["PROJ-1"].id, title="New")
    host.deliver()
    pull(host)

    assert site.issue("PROJ-1").fields["summary"] == "New"
    assert site.issue("PROJ-1").fields["duedate"] == "2026-12-24"
