"""A task's status becomes its issue's by the ways that the workflow offers, and a way that is barred is told."""

import pytest
from tests.plugins.jira.pushing import (
    START,
    asked,
    bring,
    pass_time,
    sentences,
    states,
    status,
    transitions,
)

from tm.testing import Reply

pytestmark = pytest.mark.usefixtures("no_write_in_vain")


# where it can go


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("in_progress", "In Progress"),
        ("blocked", "Blocked"),
        ("completed", "Done"),
        ("cancelled", "Cancelled"),
    ],
)
def test_every_status_of_a_task_becomes_one_of_jira_s(in_project, jira, word, name):
    host, task = in_project()
    bring(host, task, word)

    assert status(jira) == name
    assert transitions(jira) == 1
    assert set(states(host)) == {"delivered"}


def test_a_task_goes_there_and_back_again(in_project, jira):
    host, task = in_project()
    seen = []
    for word in ("in_progress", "blocked", "in_progress", "pending", "completed", "in_progress", "cancelled"):
        bring(host, task, word)
        seen.append(status(jira))

    assert seen == ["In Progress", "Blocked", "In Progress", "To Do", "Done", "In Progress", "Cancelled"]
    assert transitions(jira) == 7


def test_a_task_that_was_done_before_its_issue_was_there_makes_an_issue_that_is_done(host, jira):
    task = host.tasks.add("Ship it")
    host.tasks.complete(task.id)
    host.deliver()

    assert status(jira) == "Done"
    assert transitions(jira) == 1


def test_only_the_last_status_counts_of_those_that_came_while_jira_was_away(in_project, jira):
    host, task = in_project()
    jira.fault("GET", "issue", *[Reply(status=503)] * 2)
    for word in ("in_progress", "blocked", "completed"):
        bring(host, task, word)
    pass_time(host)

    assert status(jira) == "Done"
    assert transitions(jira) == 1


def test_an_issue_that_is_there_already_is_not_moved(in_project, jira):
    host, task = in_project()
    jira.site.move("PROJ-1", "Done")
    bring(host, task, "completed")
    pass_time(host)

    assert transitions(jira) == 0
    assert asked(jira, "GET", "transitions$") == 0
    assert set(states(host)) == {"delivered"}


def test_an_issue_in_review_stays_there_when_a_note_is_added_to_a_task_in_progress(in_project, jira):
    host, task = in_project()
    bring(host, task, "in_progress")
    jira.site.move("PROJ-1", "In Review")
    host.tasks.progress(task.id, "half of it")
    host.tasks.update(task.id, title="Ship it soon")
    host.deliver()
    host.pull("jira")
    host.deliver()

    assert status(jira) == "In Review"
    assert transitions(jira) == 1
    assert host.tasks.get(task.id).status == "in_progress"


def test_a_note_on_a_task_moves_nothing(in_project, jira):
    host, task = in_project()
    bring(host, task, "in_progress")
    host.tasks.progress(task.id, "half of it")
    host.tasks.progress(task.id, "most of it")
    host.deliver()

    assert transitions(jira) == 1


def test_of_two_ways_to_one_status_the_one_that_asks_least_is_taken(in_project, jira, workflow):
    host, task = in_project()
    workflow(
        {"id": "71", "name": "Close with a reason", "to": "Done", "required": {"resolution": ["Done", "Duplicate"]}},
        {"id": "81", "name": "Close", "to": "Done"},
    )
    bring(host, task, "completed")

    assert status(jira) == "Done"
    [body] = [each.json for each in jira.server.requests if each.path.endswith("/transitions")]
    assert body == {"transition": {"id": "81"}}


def test_of_two_statuses_that_mean_done_the_one_named_first_is_gone_to(in_project, jira, workflow):
    host, task = in_project(statuses={"completed": ["Released", "Done"]})
    jira.site.projects["PROJ"].add_status("Released", "done")
    bring(host, task, "completed")

    assert status(jira) == "Released"


def test_a_way_that_does_not_say_where_it_leads_is_not_taken(in_project, jira, workflow):
    host, task = in_project()
    workflow({"name": "Somewhere", "to": "Cancelled", "shows_to": False}, {"name": "Finish", "to": "Done"}, dict(START))
    bring(host, task, "completed")

    assert status(jira) == "Done"


def test_a_renamed_status_is_known_by_its_category(in_project, jira):
    jira.site.projects["PROJ"].rename_status("Done", "Fertig")
    jira.site.projects["PROJ"].rename_status("Cancelled", "Verworfen")
    host, task = in_project(statuses={"cancelled": "Verworfen"})
    bring(host, task, "completed")

    assert status(jira) == "Fertig"


def test_localised_statuses_are_found_by_their_names_in_the_settings(in_project, jira):
    words = {
        "pending": ("To Do", "Zu erledigen"),
        "in_progress": ("In Progress", "In Arbeit"),
        "blocked": ("Blocked", "Wartet"),
        "completed": ("Done", "Fertig"),
        "cancelled": ("Cancelled", "Verworfen"),
    }
    for english, german in words.values():
        jira.site.projects["PROJ"].rename_status(english, german)
    host, task = in_project(statuses={word: german for word, (_, german) in words.items()})
    seen = []
    for word in ("in_progress", "blocked", "completed", "in_progress", "cancelled"):
        bring(host, task, word)
        seen.append(status(jira))

    assert seen == ["In Arbeit", "Wartet", "Fertig", "In Arbeit", "Verworfen"]


def test_a_status_renamed_after_it_was_agreed_on_moves_nothing(in_project, jira):
    host, task = in_project(statuses={"in_progress": ["In Progress", "Läuft"]})
    bring(host, task, "in_progress")
    jira.site.projects["PROJ"].rename_status("In Progress", "Läuft")
    host.tasks.update(task.id, title="Ship it soon")
    host.deliver()

    assert transitions(jira) == 1
    assert host.tasks.get(task.id).status == "in_progress"


# what a way asks for


@pytest.fixture
def asking(jira, workflow):
    workflow(
        {"name": "Start", "to": "In Progress"},
        {"name": "Close", "to": "Done", "required": {"resolution": ["Done", "Won't Do"]}},
    )
    jira.site.projects["PROJ"].sets_resolution = False


@pytest.mark.usefixtures("asking")
def test_a_way_that_needs_a_resolution_is_taken_with_the_one_of_the_settings(in_project, jira):
    host, task = in_project(required={"resolution": "won't do"})
    bring(host, task, "completed")

    assert status(jira) == "Done"
    assert jira.site.issues[0].fields["resolution"]["name"] == "Won't Do"


@pytest.mark.usefixtures("asking")
def test_a_way_that_needs_a_resolution_nobody_set_parks_the_issue_and_says_what_to_set(in_project, jira):
    host, task = in_project()
    bring(host, task, "completed")
    pass_time(host)

    assert states(host) == ["delivered", "dead"]
    [sentence] = sentences(host)
    assert sentence.startswith("PROJ-1 stays To Do. The way to Done needs")
    assert "[[plugins.jira.projects]]" in sentence
    assert 'required = { resolution = "…" }' in sentence
    assert "Won't Do" in sentence
    assert [each.state for each in host.hub("jira").links.all()] == ["parked"]
    assert transitions(jira) == 0


@pytest.mark.usefixtures("asking")
def test_a_resolution_that_there_is_not_parks_the_issue_and_lists_those_there_are(in_project, jira):
    host, task = in_project(required={"resolution": "Fixed"})
    bring(host, task, "completed")

    [sentence] = sentences(host)
    assert "does not take 'Fixed'" in sentence
    assert "Done, Won't Do" in sentence
    assert transitions(jira) == 0
