"""Issues that are deleted, moved or hidden: the task is kept, nothing is made anew, what was meant for them waits."""

import pytest
from tests.plugins.jira.meantime import DAY, pull, told, undelivered

from tm.testing import Reply


@pytest.fixture
def host(open_host, jira):
    return open_host(
        jira, fields={"title": "both"}, projects=[{"project": "OTHER", "when": "team == ops"}, {"project": "PROJ"}]
    )


def link(host, task_id):
    [found] = host.hub("jira").links.mine(task_id)
    return found


def contexts(task_id, host):
    return [each.data["text"] for each in told(task_id, host, "context_added")]


def edited(host, task_id, title):
    host.tasks.update(task_id, title=title)
    host.deliver()


# deleted


def test_the_task_of_a_deleted_issue_is_kept_and_told_once(host, site, made):
    task_id, key = made()
    site.delete(key)
    for number in range(3):
        edited(host, task_id, f"Mine {number}")
        pull(host)
    task = host.tasks.get(task_id)

    assert (task.title, task.status) == ("Mine 2", "pending")
    assert link(host, task_id).state == "gone"
    assert [each for each in contexts(task_id, host) if "was deleted in Jira" in each] != []
    assert len(contexts(task_id, host)) == 2
    assert site.issues == []
    assert undelivered(host) == []


def test_local_edits_that_wait_for_a_deleted_issue_end_quietly(host, site, made):
    task_id, key = made()
    host.tasks.update(task_id, title="Mine")
    host.tasks.block(task_id, "no key")
    host.tasks.complete(task_id, summary="It flies")
    site.delete(key)
    host.deliver()
    pull(host)

    assert host.tasks.get(task_id).status == "completed"
    assert site.issues == []
    assert undelivered(host) == []


def test_an_issue_that_is_put_back_is_synced_again(host, jira, site, made):
    task_id, key = made()
    jira.fault("GET", "^issue/[0-9]+$", Reply(status=404, body={"errorMessages": ["no"]}))
    edited(host, task_id, "Mine")
    assert link(host, task_id).state == "gone"

    site.edit(key, environment="Linux")
    pull(host)
    pull(host)
    assert link(host, task_id).state is None
    assert site.issue(key).fields["summary"] == "Mine"


def test_a_task_that_is_deleted_here_leaves_its_issue_while_people_edit_it(host, site, made):
    task_id, key = made()
    site.edit(key, summary="There")
    host.tasks.delete(task_id)
    site.move(key, "In Progress")
    host.pull("jira")
    site.comment(key, "Where is it?")
    pull(host)
    pull(host)

    assert site.issue(key).status == "In Progress"
    assert site.issue(key).fields["summary"] == "There"
    assert len(site.writes) == 1
    assert sum(host.hub("jira").metrics.counts().values()) == 0
    assert undelivered(host) == []


def test_a_task_that_is_deleted_here_while_its_issue_is_read_stays_deleted(host, jira, site, made):
    task_id, key = made()
    site.edit(key, summary="There")
    host.pull("jira")
    host.tasks.delete(task_id)
    host.deliver()
    pull(host)

    assert sum(host.hub("jira").metrics.counts().values()) == 0
    assert undelivered(host) == []


# moved to another project


def test_an_issue_that_moved_keeps_its_task_which_knows_its_new_key(host, site, made):
    task_id, key = made()
    issue_id = site.issue(key).id
    new = site.move_to(key, "OTHER")
    pull(host)
    found = link(host, task_id)

    assert (found.key, found.outside_id) == (new, issue_id) == ("OTHER-1", issue_id)
    assert found.url.endswith("/browse/OTHER-1")
    edited(host, task_id, "Mine")
    site.move(new, "Done")
    pull(host)
    assert site.issue(new).fields["summary"] == "Mine"
    assert host.tasks.get(task_id).status == "completed"
    assert len(site.issues) == 1


def test_an_issue_that_moved_to_a_project_nobody_named_is_followed(open_host, jira, site):
    host = open_host(jira, fields={"title": "both"})
    task = host.tasks.add("Ship it")
    host.deliver()
    site.add_project("FAR", "Far away")
    new = site.move_to("PROJ-1", "FAR")
    pull(host)
    edited(host, task.id, "Mine")
    pull(host)
    site.move(new, "Done")
    pull(host)

    assert link(host, task.id).key == "FAR-1"
    assert host.tasks.get(task.id).status == "completed"
    assert site.issue(new).fields["summary"] == "Mine"


# hidden


def test_an_issue_in_a_project_we_may_not_see_is_hidden_and_not_gone(host, site, made):
    task_id, _ = made()
    site.forbid("PROJ")
    edited(host, task_id, "Mine")

    assert link(host, task_id).state == "forbidden"
    assert "cannot be seen" in contexts(task_id, host)[-1]
    assert host.tasks.get(task_id).status == "pending"
    assert undelivered(host) == []


@pytest.mark.parametrize("when", ["at the next change there", "at the next change here", "by itself, in a day"])
def test_an_issue_that_can_be_seen_again_gets_what_waited_for_it(host, site, made, when):
    task_id, key = made()
    site.forbid("PROJ")
    edited(host, task_id, "Mine")
    for _ in range(3):
        pull(host)
    site.allow("PROJ")
    if when == "at the next change there":
        site.move(key, "In Progress")
    elif when == "at the next change here":
        host.tasks.update(task_id, priority="high")
    else:
        pull(host, after=DAY)
    pull(host)
    pull(host)

    assert link(host, task_id).state is None
    assert site.issue(key).fields["summary"] == "Mine"
    assert host.tasks.get(task_id).title == "Mine"


def test_it_is_told_once_that_an_issue_is_hidden(host, site, made):
    task_id, _ = made()
    site.forbid("PROJ")
    for number in range(3):
        edited(host, task_id, f"Mine {number}")
        pull(host)

    assert len([each for each in contexts(task_id, host) if "cannot be seen" in each]) == 1


@pytest.mark.parametrize("permission", ["EDIT_ISSUES", "TRANSITION_ISSUES", "ADD_COMMENTS"])
def test_a_permission_that_is_taken_away_stops_nothing_but_what_needs_it(host, site, made, permission):
    task_id, key = made()
    other, _ = made("Another")
    site.withhold(permission)
    host.tasks.update(task_id, title="Mine")
    host.tasks.complete(task_id, summary="It flies")
    host.deliver()
    site.edit("PROJ-2", summary="There")
    pull(host)
    bad = undelivered(host)

    assert {row.state for row in bad} == {"dead"}
    assert {row.task_id for row in bad} == {task_id}
    assert all("Jira" in row.error for row in bad)
    assert host.tasks.get(other).title == "There"
    assert host.health("jira").failures == 0
    assert site.issue(key).fields["summary"] == ("Ship it" if permission == "EDIT_ISSUES" else "Mine")


@pytest.mark.parametrize("permission", ["EDIT_ISSUES", "TRANSITION_ISSUES"])
def test_what_could_not_be_written_for_a_permission_goes_with_the_next_change(host, site, made, permission):
    task_id, key = made()
    site.withhold(permission)
    host.tasks.update(task_id, title="Mine")
    host.tasks.move(task_id, "in_progress")
    host.deliver()
    site.grant(permission)
    site.edit(key, environment="Linux")
    pull(host)
    pull(host)

    assert site.issue(key).fields["summary"] == "Mine"
    assert site.issue(key).status == "In Progress"


@pytest.mark.parametrize("permission", ["EDIT_ISSUES", "TRANSITION_ISSUES"])
def test_what_people_do_in_jira_comes_though_we_may_not_write_there(host, site, made, permission):
    task_id, key = made()
    site.withhold(permission)
    host.tasks.update(task_id, title="Mine")
    host.tasks.block(task_id, "no key")
    host.deliver()
    site.comment(key, "I had a look.")
    site.edit(key, duedate="2026-12-24")
    for _ in range(8):
        pull(host)
    said = [each.data["note"] for each in told(task_id, host, "noted")]

    assert said == ["Alice in PROJ-1: I had a look."]
    assert len(undelivered(host)) <= 4


@pytest.mark.parametrize("permission", ["EDIT_ISSUES", "TRANSITION_ISSUES"])
def test_days_without_a_permission_make_no_heap_of_dead_letters(host, site, made, permission):
    task_id, _ = made()
    site.withhold(permission)
    host.tasks.update(task_id, title="Mine")
    host.tasks.block(task_id, "no key")
    host.deliver()
    before = len(undelivered(host))
    for _ in range(10):
        pull(host, after=DAY)

    assert len(undelivered(host)) <= before + 1
