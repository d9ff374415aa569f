"""What a task says is what its issue says: every field, when it is made, when it changes, and when it is emptied."""

from datetime import UTC, datetime

import pytest
from tests.plugins.jira.pushing import (
    LOST,
    MINUTE,
    NEVER_CAME,
    asked,
    pass_time,
    reading,
    remarks,
    sentences,
    states,
    writes,
)

from tm.testing import Reply

FULL = {
    "description": "By boat.\n\nNot by train.",
    "priority": "high",
    "assignee": "alice@example.com",
    "labels": ["api", "needs review"],
    "deadline": datetime(2026, 12, 24, 10, tzinfo=UTC),
    "estimated_hours": 2.5,
}
# our field, what it changes to, Jira's field, and what is read there then
CHANGES = {
    "title": ("Ship it soon", "summary", "Ship it soon"),
    "description": ("By train.", "description", "By train.\n\nTask Orchestrator ID: {id}"),
    "priority": ("critical", "priority", "Highest"),
    "assignee": ("bob@example.com", "assignee", "Bob"),
    "labels": (["ui"], "labels", ["ui"]),
    "deadline": (datetime(2027, 1, 6, 10, tzinfo=UTC), "duedate", "2027-01-06"),
    "estimated_hours": (40.0, "timeoriginalestimate", 144_000),
}
EMPTIED = {
    "description": (None, "description", "Task Orchestrator ID: {id}"),
    "assignee": (None, "assignee", None),
    "labels": ([], "labels", []),
    "deadline": (None, "duedate", None),
    "estimated_hours": (None, "timeoriginalestimate", 0),
}


pytestmark = pytest.mark.usefixtures("no_write_in_vain")


def shown(jira, name):
    """What people read in a field of the only issue."""
    value = jira.site.issues[0].fields[name]
    if name == "description":
        return reading(value)
    return value.get("displayName", value.get("name")) if isinstance(value, dict) else value


def changes_sent(jira, *, since):
    """What every edit since then was to change, field by field."""
    bodies = [each.json for each in jira.server.requests[since:] if each.method == "PUT"]
    return [sorted({*body.get("fields", {}), *body.get("update", {})}) for body in bodies]


# new


def test_a_task_becomes_an_issue_that_says_all_it_says(host, jira):
    task = host.tasks.add("Ship it", **FULL)
    host.deliver()

    assert {
        name: shown(jira, name)
        for name in (
            "summary",
            "description",
            "status",
            "priority",
            "assignee",
            "labels",
            "duedate",
            "timeoriginalestimate",
        )
    } == {
        "summary": "Ship it",
        "description": f"By boat.\n\nNot by train.\n\nTask Orchestrator ID: {task.id}",
        "status": "To Do",
        "priority": "High",
        "assignee": "Alice",
        "labels": ["api", "needs-review"],
        "duedate": "2026-12-24",
        "timeoriginalestimate": 9000,
    }
    assert jira.site.issues[0].fields["issuetype"]["name"] == "Task"
    assert writes(jira) == [f"POST /rest/api/{2 if jira.site.data_center else 3}/issue"]


def test_a_task_that_says_nothing_but_its_title_becomes_an_issue(host, jira):
    task = host.tasks.add("Ship it")
    host.deliver()

    assert shown(jira, "description") == f"Task Orchestrator ID: {task.id}"
    assert (shown(jira, "assignee"), shown(jira, "labels"), shown(jira, "duedate")) == (None, [], None)
    assert shown(jira, "priority") == "Medium"


def test_the_task_s_context_says_where_its_issue_is(host, jira):
    host.tasks.add("Ship it", priority="high")
    host.deliver()
    [told] = [each.data["text"] for each in host.events() if each.type == "task.context_added"]

    assert told.splitlines() == [
        "Jira issue PROJ-1",
        f"- URL: {jira.server.url}/browse/PROJ-1",
        "- Project: PROJ",
        "- Type: Task",
        "- Priority: High",
        "- Sync direction: both ways; a field that only one side leads is put back on the other",
    ]


@pytest.mark.parametrize(
    ("priority", "name"), [("critical", "Highest"), ("high", "High"), ("medium", "Medium"), ("low", "Low")]
)
def test_every_priority_has_its_name_in_jira(host, jira, priority, name):
    host.tasks.add("Ship it", priority=priority)
    host.deliver()

    assert shown(jira, "priority") == name


def test_priorities_have_the_names_of_the_settings(open_host, jira):
    host = open_host(jira, projects=[{"project": "PROJ", "priorities": {"high": "Highest", "critical": "High"}}])
    task = host.tasks.add("Ship it", priority="high")
    host.deliver()
    first = shown(jira, "priority")
    host.tasks.update(task.id, priority="critical")
    host.deliver()

    assert (first, shown(jira, "priority")) == ("Highest", "High")


def test_the_first_project_that_fits_a_task_gets_its_issue(open_host, jira):
    projects = [
        {"project": "OTHER", "when": "team == ops", "issue_type": "Bug"},
        {"project": "PROJ", "when": "priority == high"},
    ]
    host = open_host(jira, projects=projects)
    host.tasks.add("Mend it", team="ops", priority="high")
    host.tasks.add("Ship it", priority="high")
    host.tasks.add("Forget it")
    host.deliver()

    assert [(each.key, each.fields["issuetype"]["name"]) for each in jira.site.issues] == [
        ("OTHER-1", "Bug"),
        ("PROJ-1", "Task"),
    ]
    assert set(states(host)) == {"delivered"}


def test_a_base_address_for_programs_is_used_to_call_and_the_other_one_to_show(open_host, jira):
    api = f"{jira.server.url}/ex/jira/11aa-22bb"
    host = open_host(jira, url=api, browse_url="https://example.atlassian.net")
    task = host.tasks.add("Ship it")
    host.deliver()
    host.tasks.complete(task.id, summary="done")
    host.deliver()

    assert {each.path.startswith("/ex/jira/11aa-22bb/rest/api/") for each in jira.server.requests} == {True}
    assert jira.site.issues[0].status == "Done"
    assert host.hub("jira").links.all()[0].url == "https://example.atlassian.net/browse/PROJ-1"


# changed


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_field_is_changed_in_jira_and_nothing_else_is(host, jira, name):
    value, field, expected = CHANGES[name]
    task = host.tasks.add("Ship it", **FULL)
    host.deliver()
    before, since = dict(jira.site.issues[0].fields), len(jira.server.requests)
    host.tasks.update(task.id, **{name: value})
    host.deliver()
    after = jira.site.issues[0].fields

    assert shown(jira, field) == (expected.format(id=task.id) if isinstance(expected, str) else expected)
    assert len(changes_sent(jira, since=since)) == 1
    untouched = {*before} - {field, "updated", "timetracking", "timeestimate"}
    assert {each for each in untouched if before[each] != after[each]} == set()


@pytest.mark.parametrize("name", EMPTIED)
def test_an_emptied_field_is_emptied_in_jira(host, jira, name):
    value, field, expected = EMPTIED[name]
    task = host.tasks.add("Ship it", **FULL)
    host.deliver()
    since = len(jira.server.requests)
    host.tasks.update(task.id, **{name: value})
    host.deliver()
    host.tasks.progress(task.id, "half of it")
    pass_time(host)
    host.pull("jira")
    host.deliver()

    assert shown(jira, field) == (expected.format(id=task.id) if isinstance(expected, str) else expected)
    assert len(changes_sent(jira, since=since)) == 1
    assert getattr(host.tasks.get(task.id), name) == (() if name == "labels" else value)


@pytest.mark.parametrize("name", {**CHANGES, **EMPTIED})
def test_what_was_pushed_is_not_pushed_again(host, jira, name):
    task = host.tasks.add("Ship it", **FULL)
    host.deliver()
    host.tasks.update(task.id, **{name: CHANGES[name][0]})
    host.deliver()
    since = len(jira.server.requests)
    host.tasks.progress(task.id, "half of it")
    host.hub("jira").wake(task.id, "again")
    host.deliver()
    host.clock.advance(MINUTE)
    host.pull("jira")
    host.deliver()

    assert [each for each in writes(jira, since=since) if "transitions" not in each] == []


def test_all_that_changed_while_jira_was_away_is_one_edit(host, jira):
    task = host.tasks.add("Ship it", **FULL)
    host.deliver()
    since = len(jira.server.requests)
    for name, (value, _, _) in CHANGES.items():
        host.tasks.update(task.id, **{name: value})
    host.deliver()

    assert changes_sent(jira, since=since) == [
        ["assignee", "description", "duedate", "labels", "priority", "summary", "timetracking"]
    ]
    assert set(states(host)) == {"delivered"}


def test_what_jira_has_no_field_for_asks_it_nothing(host, jira):
    task = host.tasks.add("Ship it", **FULL)
    host.deliver()
    since = len(jira.server.requests)
    host.tasks.measure(task.id, {"coverage": 91})
    host.tasks.context(task.id, "The harbour is Kiel.")
    host.tasks.update(task.id, team="ops")
    host.deliver()

    assert jira.server.requests[since:] == []
    assert set(states(host)) == {"delivered"}


def test_a_field_that_jira_leads_is_not_pushed_to(open_host, jira):
    host = open_host(jira, fields={"title": "jira", "status": "tm"})
    task = host.tasks.add("Ship it")
    host.deliver()
    host.tasks.update(task.id, title="Sink it", priority="high")
    host.deliver()

    assert (shown(jira, "summary"), shown(jira, "priority")) == ("Ship it", "High")
    assert host.tasks.get(task.id).title == "Ship it"


@pytest.mark.parametrize(
    ("reply", "edits"),
    [
        (LOST, 1),
        (Reply(status=500, is_stored=True), 1),
        (Reply(status=200, body="<html>Log in</html>", is_stored=True), 1),
        (Reply(status=302, headers={"Location": "/login.jsp"}, is_stored=True), 1),
        (NEVER_CAME, 2),
        (Reply(status=503), 2),
        (Reply(status=409), 2),
        (Reply(status=429, headers={"Retry-After": "2"}), 2),
    ],
)
def test_an_edit_whose_answer_fails_is_made_once(host, jira, reply, edits):
    task = host.tasks.add("Ship it", **FULL)
    host.deliver()
    jira.fault("PUT", r"^issue/\d+$", reply)
    host.tasks.update(task.id, **{name: value for name, (value, _, _) in CHANGES.items()})
    pass_time(host)

    assert asked(jira, "PUT", r"/issue/\d+$") == edits
    for _, field, expected in CHANGES.values():
        assert shown(jira, field) == (expected.format(id=task.id) if isinstance(expected, str) else expected)
    assert set(states(host)) == {"delivered"}
    assert host.conflicts() == []


def test_an_account_that_may_not_edit_is_told_so(host, jira):
    task = host.tasks.add("Ship it")
    host.deliver()
    jira.site.withhold("EDIT_ISSUES")
    host.tasks.update(task.id, title="Ship it soon")
    pass_time(host)

    assert states(host) == ["delivered", "dead"]
    assert "You do not have permission to edit issues" in sentences(host)[0]


# fields that are not there


@pytest.mark.parametrize("name", ["priority", "labels", "assignee", "deadline", "estimated_hours", "description"])
def test_a_field_that_is_on_no_screen_is_dropped_with_a_remark_and_not_sent_until_it_changes(host, jira, name):
    value, field, _ = CHANGES[name]
    screen = jira.site.projects["PROJ"].screen
    task = host.tasks.add("Ship it", **FULL)
    host.deliver()
    screen.discard({"timeoriginalestimate": "timetracking"}.get(field, field))
    before = shown(jira, field)
    host.tasks.update(task.id, title="Ship it soon", **{name: value})
    host.deliver()
    assert (shown(jira, "summary"), shown(jira, field)) == ("Ship it soon", before)
    assert any(f"does not take {name}" in each for each in remarks(host))
    assert states(host) == ["delivered"] * 2

    since = len(jira.server.requests)
    host.tasks.progress(task.id, "half of it")
    host.hub("jira").wake(task.id, "again")
    host.deliver()
    assert changes_sent(jira, since=since) == []

    screen.add({"timeoriginalestimate": "timetracking"}.get(field, field))
    host.tasks.update(task.id, **{name: EMPTIED[name][0] if name in EMPTIED else "low"})
    host.deliver()
    assert len(changes_sent(jira, since=since)) == 1


def test_what_was_dropped_does_not_come_back_from_jira(host, jira):
    jira.site.projects["PROJ"].screen.discard("priority")
    task = host.tasks.add("Ship it", priority="high")
    host.deliver()
    jira.site.edit("PROJ-1", duedate="2026-12-24")
    host.clock.advance(MINUTE)
    host.pull("jira")
    host.deliver()

    assert host.tasks.get(task.id).priority == "high"
