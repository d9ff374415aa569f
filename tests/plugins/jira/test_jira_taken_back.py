"""What is changed here and changed back while nobody knows whether Jira has it: Jira ends up with what is said now."""

import pytest
from tests.plugins.jira.pushing import LOST, MINUTE, NEVER_CAME, pass_time


@pytest.fixture
def told(host, made):
    """A task and its issue, both at rest."""
    task, key = made("Ship it", priority="high", labels=["api"])
    pass_time(host)
    return task, key


@pytest.mark.parametrize("reply", [LOST, NEVER_CAME], ids=["answer lost", "never came"])
@pytest.mark.parametrize(
    ("there", "back"),
    [
        ({"title": "Sink it"}, {"title": "Ship it"}),
        ({"priority": "low"}, {"priority": "high"}),
        ({"labels": ["api", "ui"]}, {"labels": ["api"]}),
        ({"labels": []}, {"labels": ["api"]}),
        ({"description": "By boat"}, {"description": None}),
    ],
    ids=lambda each: "-".join(each),
)
def test_a_value_taken_back_while_its_write_is_in_doubt_is_taken_back_there(host, jira, told, there, back, reply):
    task, key = told
    before = dict(jira.site.issue(key).fields)
    jira.fault("PUT", "^issue/", reply)
    host.tasks.update(task, **there)
    host.deliver()
    host.tasks.update(task, **back)
    pass_time(host, 30 * MINUTE)
    after = jira.site.issue(key).fields

    assert {name: after[name] for name in ("summary", "priority", "labels", "description")} == {
        name: before[name] for name in ("summary", "priority", "labels", "description")
    }
    assert host.lost_values() == []


@pytest.mark.parametrize("reply", [LOST, NEVER_CAME], ids=["answer lost", "never came"])
def test_a_move_taken_back_while_it_is_in_doubt_is_taken_back_there(host, jira, told, reply):
    task, key = told
    host.tasks.move(task, "in_progress")
    host.deliver()
    jira.fault("POST", "transitions$", reply)
    host.tasks.complete(task)
    host.deliver()
    host.tasks.reopen(task)
    pass_time(host, 30 * MINUTE)

    assert jira.site.issue(key).status == "In Progress"
    assert host.tasks.get(task).status == "in_progress"
    assert host.conflicts() == []


def test_a_label_put_back_is_there_though_somebody_added_another_while_its_removal_was_in_doubt(open_host, jira):
    host = open_host(jira, fields={"labels": "both"})
    task = host.tasks.add("Ship it", labels=["api"])
    host.deliver()
    pass_time(host)
    [issue] = jira.site.issues
    jira.fault("PUT", "^issue/", LOST)
    host.tasks.update(task.id, labels=[])
    host.deliver()
    jira.site.edit(issue.key, labels=["ui"])
    host.tasks.update(task.id, labels=["api"])
    pass_time(host, 30 * MINUTE)

    assert sorted(issue.fields["labels"]) == ["api", "ui"]
    assert sorted(host.tasks.get(task.id).labels) == ["api", "ui"]
