"""A worker killed while it takes over what somebody did in Jira: what they do next is theirs alone, and no conflict."""

import pytest
from tests.plugins.jira.pushing import Death, MortalClock, pass_time

import tm_jira
from tm.testing import Host


@pytest.fixture
def mortal_host(tmp_path, jira, clock):
    table = {**jira.settings, "fields": {"title": "both", "priority": "both"}}
    with Host(
        tmp_path,
        plugins={"jira": tm_jira},
        settings={"jira": table},
        core={"timezone": "UTC"},
        clock=MortalClock(clock),
    ) as host:
        yield host


@pytest.mark.slow
def test_who_changes_an_issue_twice_while_a_worker_dies_in_between_is_in_conflict_with_nobody(mortal_host, jira):
    host, torn = mortal_host, []
    for looks in range(1, 200):
        task = host.tasks.add("Ship it")
        host.deliver()
        issue = jira.site.issues[-1]
        jira.site.edit(issue.key, summary="Sail on", priority="High")
        jira.site.move(issue.key, "In Progress")
        host.pull("jira")
        host.clock.looks = looks
        try:
            host.deliver()
        except Death:
            host.restart()
        has_died, host.clock.looks = host.clock.looks is None, None
        jira.site.edit(issue.key, summary="Sink it", priority="Low")
        jira.site.move(issue.key, "Done")
        host.pull("jira")
        pass_time(host)
        after = host.tasks.get(task.id)
        if (after.title, after.status, after.priority) != ("Sink it", "completed", "low"):
            torn.append((looks, sorted(each.field for each in host.conflicts() if each.task_id == task.id)))
        if not has_died:
            break

    assert looks > 5
    assert torn == []
