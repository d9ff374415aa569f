"""Labels, days, hours and links: where Jira's form of a value is another than ours, and what is not ours stays."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.plugins.jira.pushing import LOST, MINUTE, asked, pass_time, reading, remarks, states, writes

from tm.testing import Reply, ScriptedServer

PAGE = {"task_url": "https://tm.example.com/tasks/{id}"}


pytestmark = pytest.mark.usefixtures("no_write_in_vain")


def labels(jira):
    return jira.site.issues[0].fields["labels"]


def look(host):
    """A while later the plugin looks at Jira, and does what that brings."""
    host.clock.advance(MINUTE)
    host.pull("jira")
    host.deliver()


# labels


def test_a_label_of_several_words_is_one_word_in_jira_and_stays_as_it_is_here(host, jira):
    task = host.tasks.add("Ship it", labels=["needs review", "big   ship", "api"])
    host.deliver()
    look(host)

    assert labels(jira) == ["api", "big-ship", "needs-review"]
    assert sorted(host.tasks.get(task.id).labels) == sorted(task.labels)
    assert asked(jira, "PUT", "issue") == 0


@pytest.mark.parametrize("label", ["größer", "🚢", 'say-"hello"', "x" * 200, "a,b;c", "-"])
def test_any_label_arrives(host, jira, label):
    task = host.tasks.add("Ship it", labels=[label])
    host.deliver()
    look(host)

    assert labels(jira) == [label]
    assert host.tasks.get(task.id).labels == (label,)


def test_two_labels_that_are_one_in_jira_are_one_there_and_two_here(host, jira):
    task = host.tasks.add("Ship it", labels=["needs review", "needs-review"])
    host.deliver()
    look(host)
    host.tasks.update(task.id, labels=["needs review"])
    host.deliver()

    assert labels(jira) == ["needs-review"]
    assert host.tasks.get(task.id).labels == ("needs review",)


def test_labels_that_people_set_in_jira_stay_there(host, jira):
    task = host.tasks.add("Ship it", labels=["api", "ui"])
    host.deliver()
    jira.site.edit("PROJ-1", labels=["api", "ui", "theirs"])
    host.tasks.update(task.id, labels=["ui", "ops"])
    host.deliver()
    first = labels(jira)
    host.tasks.update(task.id, labels=[])
    host.deliver()

    assert (first, labels(jira)) == (["ops", "theirs", "ui"], ["theirs"])


def test_a_label_that_somebody_sets_in_the_very_moment_stays(host, jira):
    task = host.tasks.add("Ship it", labels=["api"])
    host.deliver()
    jira.meanwhile("PUT", "issue", lambda: jira.site.edit("PROJ-1", labels=["api", "theirs"]))
    host.tasks.update(task.id, labels=["api", "ui"])
    host.deliver()
    look(host)

    assert labels(jira) == ["api", "theirs", "ui"]


def test_labels_in_another_order_are_the_same_labels(host, jira):
    task = host.tasks.add("Ship it", labels=["ui", "api"])
    host.deliver()
    host.tasks.update(task.id, labels=["api", "ui"])
    host.deliver()

    assert asked(jira, "PUT", "issue") == 0


# days and hours


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", "2026-12-24"),
        ("Pacific/Auckland", "2026-12-25"),
        ("America/Los_Angeles", "2026-12-24"),
        ("Asia/Kolkata", "2026-12-25"),
    ],
)
def test_a_deadline_is_the_day_it_is_in_the_hub_s_zone(open_host, jira, zone, day):
    jira.site.account_zone = "America/Los_Angeles"
    host = open_host(jira, core={"timezone": zone})
    task = host.tasks.add("Ship it", deadline=datetime(2026, 12, 24, 23, 30, tzinfo=UTC))
    host.deliver()
    look(host)

    assert jira.site.issues[0].fields["duedate"] == day
    assert host.tasks.get(task.id).deadline == task.deadline


def test_another_hour_of_the_same_day_is_no_change_for_jira(host, jira):
    task = host.tasks.add("Ship it", deadline=datetime(2026, 12, 24, 8, tzinfo=UTC))
    host.deliver()
    host.tasks.update(task.id, deadline=datetime(2026, 12, 24, 17, tzinfo=UTC))
    host.deliver()
    look(host)

    assert asked(jira, "PUT", "issue") == 0
    assert host.tasks.get(task.id).deadline.startswith("2026-12-24T17")


@pytest.mark.parametrize(
    ("hours", "seconds"), [(0.25, 900), (2.5, 9000), (8, 28_800), (0.01, 60), (1.001, 3600), (999.99, 3_599_940)]
)
def test_hours_are_whole_minutes_in_jira_and_stay_as_they_are_here(host, jira, hours, seconds):
    task = host.tasks.add("Ship it", estimated_hours=hours)
    host.deliver()
    look(host)

    assert jira.site.issues[0].fields["timeoriginalestimate"] == seconds
    assert host.tasks.get(task.id).estimated_hours == task.estimated_hours
    assert asked(jira, "PUT", "issue") == 0


# descriptions


def test_a_changed_description_keeps_the_task_s_id_at_its_end_once(host, jira):
    task = host.tasks.add("Ship it", description="By boat.")
    host.deliver()
    for text in ("By train.", "By train.\n\n", None, "On foot."):
        host.tasks.update(task.id, description=text)
        host.deliver()
    shown = reading(jira.site.issues[0].fields["description"])

    assert shown == f"On foot.\n\nTask Orchestrator ID: {task.id}"
    assert shown.count(task.id) == 1


def test_the_line_with_the_task_s_id_is_no_part_of_the_task_s_description(host, jira):
    task = host.tasks.add("Ship it", description="By boat.")
    host.deliver()
    look(host)
    jira.site.edit("PROJ-1", duedate="2026-12-24")
    look(host)

    assert host.tasks.get(task.id).description == "By boat."


# the way back, and another project


def test_the_issue_links_back_to_the_task_s_page(open_host, jira):
    host = open_host(jira, core=PAGE)
    task = host.tasks.add("Ship it")
    host.deliver()
    [link] = jira.site.issues[0].remote_links
    hub = jira.site.issues[0].properties["tm.task"]["hub"]

    assert link["globalId"] == f"tm={hub}/{task.id}"
    assert link["object"]["url"] == f"https://tm.example.com/tasks/{task.id}"
    assert link["object"]["title"] == "Ship it"


def test_without_a_page_of_its_own_a_task_is_not_linked_back(host, jira):
    host.tasks.add("Ship it")
    host.deliver()

    assert jira.site.issues[0].remote_links == []


def test_an_issue_that_may_not_be_linked_is_made_without_a_link(open_host, jira):
    jira.site.withhold("LINK_ISSUES")
    host = open_host(jira, core=PAGE)
    task = host.tasks.add("Ship it")
    host.deliver()

    assert states(host) == ["delivered"]
    assert host.hub("jira").links.mine(task.id)[0].key == "PROJ-1"
    assert any("no link back" in each and "permission to link issues" in each for each in remarks(host))


def test_an_issue_that_was_moved_to_another_project_is_still_the_task_s(host, jira):
    task = host.tasks.add("Ship it")
    host.deliver()
    jira.site.move_to("PROJ-1", "OTHER")
    host.tasks.update(task.id, title="Ship it soon")
    host.tasks.complete(task.id, summary="done")
    host.deliver()
    [issue], [link] = jira.site.issues, host.hub("jira").links.all()

    assert (issue.key, issue.fields["summary"], issue.status) == ("OTHER-1", "Ship it soon", "Done")
    assert (link.key, link.url) == ("OTHER-1", f"{jira.server.url}/browse/OTHER-1")
    assert set(states(host)) == {"delivered"}


def test_a_deleted_task_leaves_its_issue_as_it_is(host, jira):
    task = host.tasks.add("Ship it")
    host.deliver()
    before = len(jira.server.requests)
    host.tasks.update(task.id, title="Sink it")
    host.tasks.delete(task.id)
    pass_time(host)

    assert writes(jira, since=before) == []
    assert len(jira.site.issues) == 1
    assert any("PROJ-1 stays in Jira" in each for each in remarks(host))


# where it goes


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "user/assignable"),
        ("POST", "^issue$"),
        ("GET", r"^issue/\d+$"),
        ("PUT", r"^issue/\d+$"),
        ("GET", "transitions$"),
        ("POST", "transitions$"),
        ("POST", "comment$"),
        ("GET", "search"),
    ],
)
def test_no_redirect_of_any_call_takes_the_credentials_along(host, jira, status, method, path):
    with ScriptedServer() as elsewhere:
        away = Reply(status=status, headers={"Location": f"{elsewhere.url}/rest/api/3/issue"})
        jira.fault(method, path, away)
        jira.fault("POST", "^issue$", LOST)
        task = host.tasks.add("Ship it", assignee="alice@example.com")
        pass_time(host, 2 * MINUTE)
        host.tasks.update(task.id, title="Ship it soon")
        host.tasks.complete(task.id, summary="done")
        pass_time(host, timedelta(minutes=8))

        assert elsewhere.requests == []
    [issue] = jira.site.issues
    assert (issue.fields["summary"], issue.status, len(issue.comments)) == ("Ship it soon", "Done", 1)
    assert set(states(host)) == {"delivered"}


def test_no_secret_is_in_what_is_kept_of_a_failure(host, jira):
    secret = jira.settings.get("api_token") or jira.settings["token"]
    jira.fault("POST", "^issue$", Reply(status=400, body={"errorMessages": [f"Basic {secret} is wrong"], "errors": {}}))
    host.tasks.add("Ship it")
    host.deliver()
    [row] = host.deliveries("jira")

    assert row.state == "dead"
    assert secret not in row.error
