"""No way to where a task is, a way of several steps, and answers to a move that get lost."""

import pytest
from tests.plugins.jira.pushing import (
    LOST,
    NEVER_CAME,
    SECOND,
    START,
    bring,
    pass_time,
    put_back_the_dead,
    remarks,
    sentences,
    states,
    status,
    transitions,
)

from tm.testing import Reply

pytestmark = pytest.mark.usefixtures("no_write_in_vain")


# no way


def test_where_no_way_leads_to_done_the_issue_is_parked_and_the_rest_goes_on(in_project, jira, workflow):
    workflow(dict(START), {"name": "Review", "to": "In Review", "from": "In Progress"})
    host, task = in_project()
    host.tasks.update(task.id, priority="high")
    host.tasks.complete(task.id, summary="all of it")
    pass_time(host)

    assert states(host) == ["delivered", "dead", "dead"]
    assert "PROJ-1 stays To Do. Jira offers no way to Done or Closed" in sentences(host)[-1]
    assert "only to: In Progress" in sentences(host)[-1]
    assert [each.state for each in host.hub("jira").links.all()] == ["parked"]
    assert jira.site.issues[0].fields["priority"]["name"] == "High"
    assert len(jira.site.issues[0].comments) == 1
    assert transitions(jira) == 0


def test_a_parked_issue_goes_on_once_there_is_a_way(in_project, jira, workflow):
    workflow(dict(START))
    host, task = in_project()
    bring(host, task, "completed")
    pass_time(host)
    jira.site.projects["PROJ"].workflow(None)
    put_back_the_dead(host)
    host.deliver()

    assert status(jira) == "Done"
    assert set(states(host)) == {"delivered"}
    assert [each.state for each in host.hub("jira").links.all()] == [None]


def test_a_parked_issue_that_somebody_moves_by_hand_is_free_again(in_project, jira, workflow):
    workflow(dict(START))
    host, task = in_project()
    bring(host, task, "completed")
    pass_time(host)
    jira.site.move("PROJ-1", "Done")
    host.clock.advance(30 * SECOND)
    host.pull("jira")
    host.deliver()

    assert [each.state for each in host.hub("jira").links.all()] == [None]
    assert host.tasks.get(task.id).status == "completed"
    assert transitions(jira) == 0


def test_notes_on_a_parked_issue_s_task_are_no_further_dead_letters(in_project, jira, workflow):
    workflow(dict(START))
    host, task = in_project()
    bring(host, task, "completed")
    for number in range(5):
        host.tasks.context(task.id, f"note {number}")
    pass_time(host)

    assert states(host).count("dead") == 1


def test_an_account_that_may_not_move_issues_is_told_so(in_project, jira):
    host, task = in_project()
    jira.site.withhold("TRANSITION_ISSUES")
    bring(host, task, "completed")
    pass_time(host)

    assert states(host) == ["delivered", "dead"]
    assert "lacks the permission to transition issues" in sentences(host)[0]
    assert transitions(jira) == 0


def test_a_project_without_a_status_for_blocked_stays_where_it_is(in_project, jira, workflow):
    workflow(dict(START), {"name": "Finish", "to": "Done"})
    host, task = in_project()
    bring(host, task, "in_progress")
    bring(host, task, "blocked")
    bring(host, task, "in_progress")
    host.tasks.update(task.id, title="Ship it soon")
    pass_time(host)

    assert status(jira) == "In Progress"
    assert transitions(jira) == 1
    assert set(states(host)) == {"delivered"}
    assert any("has no status for blocked" in each for each in remarks(host))
    assert host.tasks.get(task.id).status == "in_progress"


def test_a_task_that_stays_blocked_there_stays_blocked_here_when_jira_changes_something_else(
    in_project, jira, workflow
):
    workflow(dict(START), {"name": "Finish", "to": "Done"})
    host, task = in_project()
    bring(host, task, "blocked")
    jira.site.edit("PROJ-1", priority="High")
    host.clock.advance(30 * SECOND)
    host.pull("jira")
    host.deliver()

    assert host.tasks.get(task.id).status == "blocked"


def test_a_blocked_status_named_in_the_settings_that_cannot_be_reached_is_a_failure(in_project, jira, workflow):
    workflow(dict(START), {"name": "Finish", "to": "Done"})
    host, task = in_project(statuses={"blocked": "On Hold"})
    bring(host, task, "blocked")

    assert states(host) == ["delivered", "dead"]
    assert "Jira offers no way to On Hold" in sentences(host)[0]


def test_a_cancelled_task_is_done_where_there_is_no_status_for_cancelled(in_project, jira, workflow):
    workflow(dict(START), {"name": "Finish", "to": "Done"})
    host, task = in_project()
    bring(host, task, "cancelled")
    host.clock.advance(30 * SECOND)
    host.pull("jira")
    host.deliver()

    assert status(jira) == "Done"
    assert host.tasks.get(task.id).status == "cancelled"
    assert set(states(host)) == {"delivered"}


# several steps


def test_a_way_through_statuses_of_the_settings_is_gone_step_by_step(in_project, jira, workflow):
    workflow(
        dict(START),
        {"name": "Review", "to": "In Review", "from": "In Progress"},
        {"name": "Finish", "to": "Done", "from": "In Review"},
    )
    host, task = in_project(via=["In Progress", "in review"])
    bring(host, task, "completed")

    assert status(jira) == "Done"
    assert transitions(jira) == 3
    assert jira.site.received[-3:] == [
        "PROJ-1: To Do → In Progress",
        "PROJ-1: In Progress → In Review",
        "PROJ-1: In Review → Done",
    ]


def test_a_way_that_ends_half_way_is_parked_there_and_goes_on_from_there(in_project, jira, workflow):
    workflow(dict(START), {"name": "Review", "to": "In Review", "from": "In Progress"})
    host, task = in_project(via=["In Progress", "In Review"])
    bring(host, task, "completed")
    pass_time(host)
    assert (status(jira), states(host)) == ("In Review", ["delivered", "dead"])
    assert "PROJ-1 stays In Review." in sentences(host)[0]

    workflow({"name": "Finish", "to": "Done", "from": "In Review"})
    put_back_the_dead(host)
    host.deliver()
    assert status(jira) == "Done"


@pytest.mark.parametrize("step", [0, 1, 2])
@pytest.mark.parametrize("reply", [LOST, NEVER_CAME, Reply(status=429)])
def test_a_way_of_several_steps_survives_a_lost_answer_at_each(in_project, jira, workflow, step, reply):
    workflow(
        dict(START),
        {"name": "Review", "to": "In Review", "from": "In Progress"},
        {"name": "Finish", "to": "Done", "from": "In Review"},
    )
    host, task = in_project(via=["In Progress", "In Review"])
    for _ in range(step):
        jira.meanwhile("POST", "transitions$", lambda: None)
    jira.meanwhile("POST", "transitions$", lambda: jira.fault("POST", "transitions$", reply))
    bring(host, task, "completed")
    pass_time(host)

    assert status(jira) == "Done"
    assert set(states(host)) == {"delivered"}
    assert host.conflicts() == []


# answers


@pytest.mark.parametrize("reply", [LOST, Reply(status=502, is_stored=True), Reply(status=409, is_stored=True)])
def test_a_move_whose_answer_was_lost_is_not_made_again(in_project, jira, reply):
    host, task = in_project()
    jira.fault("POST", "transitions$", reply)
    bring(host, task, "completed")
    pass_time(host)

    assert status(jira) == "Done"
    assert transitions(jira) == 1
    assert set(states(host)) == {"delivered"}


@pytest.mark.parametrize("reply", [NEVER_CAME, Reply(status=503), Reply(status=409), Reply(status=429)])
def test_a_move_that_never_arrived_is_made_again(in_project, jira, reply):
    host, task = in_project()
    jira.fault("POST", "transitions$", reply)
    bring(host, task, "completed")
    pass_time(host)

    assert status(jira) == "Done"
    assert transitions(jira) == 2
    assert set(states(host)) == {"delivered"}


def test_an_issue_that_somebody_finished_in_the_very_moment_is_no_failure(in_project, jira, workflow):
    workflow(dict(START), {"name": "Finish", "to": "Done", "from": "To Do"})
    host, task = in_project()
    jira.meanwhile("POST", "transitions$", lambda: jira.site.move("PROJ-1", "Done"))
    bring(host, task, "completed")
    pass_time(host)

    assert status(jira) == "Done"
    assert set(states(host)) == {"delivered"}


def test_a_way_somebody_closes_in_the_very_moment_is_told(in_project, jira, workflow):
    host, task = in_project()
    jira.meanwhile("POST", "transitions$", lambda: workflow(dict(START)))
    bring(host, task, "completed")
    pass_time(host)

    assert states(host) == ["delivered", "dead"]
    assert sentences(host)[0].startswith(("PROJ-1 stays To Do.", "Jira refuses it when moving issue"))
