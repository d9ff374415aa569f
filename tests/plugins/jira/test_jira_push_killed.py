"""A worker killed while it pushes: at whatever place, the next one finishes what it began and nothing else."""

from datetime import UTC, datetime

import pytest
from tests.plugins.jira.pushing import LOST, NEVER_CAME, MortalClock, dies_on_the_way, reading

import tm_jira
from tm.testing import Host

FIRST = {
    "description": "By boat.",
    "priority": "high",
    "assignee": "alice@example.com",
    "labels": ["api", "needs review"],
    "deadline": datetime(2026, 12, 24, 10, tzinfo=UTC),
    "estimated_hours": 2.5,
}
THEN = {
    "title": "Ship it soon",
    "description": None,
    "priority": "critical",
    "assignee": None,
    "labels": ["ui"],
    "deadline": datetime(2027, 1, 6, 10, tzinfo=UTC),
    "estimated_hours": 40.0,
}
STEPS = [
    {"name": "Start", "to": "In Progress", "from": "To Do"},
    {"name": "Review", "to": "In Review", "from": "In Progress"},
    {"name": "Finish", "to": "Done", "from": "In Review"},
]


@pytest.fixture
def mortal_host(tmp_path, jira, clock):
    jira.site.projects["PROJ"].workflow(STEPS)
    projects = [{"project": "PROJ", "via": ["In Progress", "In Review"]}]
    table = {**jira.settings, "projects": projects, "comments": ["completed"]}
    core = {"timezone": "UTC"}
    with Host(
        tmp_path, plugins={"jira": tm_jira}, settings={"jira": table}, core=core, clock=MortalClock(clock)
    ) as host:
        yield host


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path", "reply"),
    [
        pytest.param("PUT", "never asked", LOST, id="answered"),
        pytest.param("PUT", "^issue/", LOST, id="edit lost"),
        pytest.param("POST", "transitions$", LOST, id="move lost"),
        pytest.param("POST", "transitions$", NEVER_CAME, id="move never came"),
        pytest.param("POST", "comment$", LOST, id="comment lost"),
    ],
)
def test_a_killed_worker_s_push_is_finished_by_the_next(mortal_host, jira, method, path, reply):
    host = mortal_host
    for looks in range(1, 200):
        task = host.tasks.add("Ship it", **FIRST)
        host.deliver()
        issue = jira.site.issues[-1]
        jira.calm()
        jira.fault(method, path, reply)
        host.tasks.update(task.id, **THEN)
        host.tasks.complete(task.id, summary="it is at sea")
        has_died = dies_on_the_way(host, after=looks)
        fields = issue.fields

        assert (fields["summary"], fields["priority"]["name"], fields["assignee"]) == ("Ship it soon", "Highest", None)
        assert (fields["labels"], fields["duedate"], fields["timeoriginalestimate"]) == (["ui"], "2027-01-06", 144_000)
        assert reading(fields["description"]) == f"Task Orchestrator ID: {task.id}"
        assert issue.status == "Done", f"killed at look {looks}"
        assert [reading(each["body"]) for each in issue.comments] == ["Completed by tester: it is at sea"]
        assert (host.conflicts(), host.lost_values()) == ([], [])
        assert len([each for each in issue.history if each["items"][0]["field"] == "status"]) == 3
        if not has_died:
            break

    assert looks > 20
    assert [each for each in jira.site.writes if not each.changed] == []
