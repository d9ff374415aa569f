"""Somebody takes hold of a new issue before we have looked at it ourselves."""

import pytest
from tests.plugins.jira.pushing import LOST, MINUTE, is_one_pair, pass_time, states

TOUCHES = {
    "status": lambda site, key: site.move(key, "In Progress"),
    "summary": lambda site, key: site.edit(key, summary="Sink it"),
    "labels": lambda site, key: site.edit(key, labels=["ops"]),
    "priority": lambda site, key: site.edit(key, priority="Low"),
    "description": lambda site, key: site.edit(key, description="By boat"),
    "assignee": lambda site, key: site.edit(key, assignee="bob"),
    "duedate": lambda site, key: site.edit(key, duedate="2026-12-24"),
}


@pytest.mark.parametrize("fields", [{}, {"priority": "high", "labels": ["api"]}], ids=["bare", "with fields"])
@pytest.mark.parametrize("touch", TOUCHES)
def test_an_issue_that_is_touched_before_its_first_look_is_tied_and_comes_to_rest(host, jira, touch, fields):
    jira.fault("POST", "^issue$", LOST)
    task = host.tasks.add("Ship it", **fields)
    host.deliver()
    [issue] = jira.site.issues
    TOUCHES[touch](jira.site, issue.key)
    pass_time(host, 30 * MINUTE)

    assert is_one_pair(host, jira, task)
    assert set(states(host)) == {"delivered"}
    assert host.tasks.get(task.id).status == ("in_progress" if touch == "status" else "pending")
