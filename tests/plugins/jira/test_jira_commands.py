"""`tm jira status`, `sync` and `backfill` as a person types them, with the real program."""

import json

import pytest
from tests.plugins.jira.jira_command import Command, sentence

from tm.testing import Reply
from tm_jira import standin
from tm_jira.standin import API_TOKEN

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def jira():
    with standin.StandIn() as jira:
        yield jira


@pytest.fixture
def site(jira):
    return jira.site


@pytest.fixture
def tm(tmp_path, jira):
    return Command(tmp_path, jira)


@pytest.fixture
def both(tm):
    """The title follows whoever changed it."""
    tm.config = 'fields = {title = "both"}'
    return tm


# status


def test_status_says_how_far_jira_was_read_and_asks_nobody(tm, jira, site):
    fresh = tm("jira", "status")
    tm.add("Ship it")
    tm("jira", "sync")
    since = len(jira.server.requests)
    done, found = tm("jira", "status"), tm.read("jira", "status")

    assert (fresh.returncode, done.returncode) == (0, 0)
    assert "Not read yet" in fresh.stdout
    assert site.url in done.stdout
    assert (found["linked"], found["gone"], found["conflicts"]) == (1, [], 0)
    assert found["read_until"] in done.stdout
    assert len(jira.server.requests) == since
    assert done.stderr == ""


def test_status_names_what_waits_for_a_person(both, site):
    conflicted, deleted = both.add("Ship it"), both.add("Deleted")
    site.delete("PROJ-2")
    site.edit("PROJ-1", summary="There")
    site.add(summary="Theirs")
    site.issue("PROJ-3").properties["tm.task"] = {"hub": "ab12cd", "task": "7f3a"}
    site.issue("PROJ-3").keep(site.time)
    both("update", conflicted, "--title", "Here")
    both("update", deleted, "--title", "Here")
    both.deliver()
    both("jira", "backfill", "--jql", "project = PROJ")
    done, found = both("jira", "status"), both.read("jira", "status")

    assert (found["gone"], found["conflicts"], found["foreign_issues"]) == (["PROJ-2"], 1, {"PROJ-3": "ab12cd"})
    assert "PROJ-2" in done.stdout
    assert "PROJ-3 belongs to the hub ab12cd" in done.stdout
    assert "tm conflicts list" in done.stdout


def test_what_is_not_known_is_refused_in_a_sentence(tm):
    done = tm("jira", "status", "--format", "yaml")

    assert done.returncode == 2
    assert "Choose one of: text, json" in sentence(done)


# sync


def test_a_sync_looks_at_jira_now(both, site):
    task = both.add("Ship it")
    site.edit("PROJ-1", summary="There")
    done = both("jira", "sync")
    both.deliver()

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{task}\tPROJ-1\ttitle\tpull\tThere\n"
    assert both.shown(task)["title"] == "There"
    assert both("jira", "sync").stdout == ""


def test_a_rehearsal_names_the_steps_that_are_taken_then_and_changes_nothing(both, site):
    task, other, third = both.add("Ship it"), both.add("Another", "--priority", "low"), both.add("Third")
    site.edit("PROJ-1", summary="There")
    site.move("PROJ-1", "Done")
    both("update", other, "--title", "Here", "--priority", "high")
    site.edit("PROJ-3", summary="There")
    both("update", third, "--title", "Here")
    site.comment("PROJ-1", "I had a look.")
    before = [both("show", each, "--format", "json").stdout for each in (task, other, third)]
    owed, seen, writes = both("delivery", "list", "--format", "json").stdout, list(site.received), len(site.writes)
    text = both("jira", "sync", "--dry-run")
    rows = both.read("jira", "sync", "--dry-run")
    after = [both("show", each, "--format", "json").stdout for each in (task, other, third)]

    assert (after, both("delivery", "list", "--format", "json").stdout) == (before, owed)
    assert (site.received, len(site.writes)) == (seen, writes)
    assert both.read("jira", "status")["read_until"] is None
    assert "5 steps to take." in text.stderr
    real = both.read("jira", "sync")
    both.deliver()
    assert sorted(map(str, real)) == sorted(map(str, rows))
    assert {(each["issue"], each["field"], each["what"]) for each in rows} == {
        ("PROJ-1", "title", "pull"),
        ("PROJ-1", "status", "pull"),
        ("PROJ-2", "title", "push"),
        ("PROJ-2", "priority", "push"),
        ("PROJ-3", "title", "conflict"),
    }
    assert (both.shown(task)["title"], both.shown(task)["status"]) == ("There", "completed")
    assert site.issue("PROJ-2").fields["summary"] == "Here"
    assert site.issue("PROJ-2").fields["priority"]["name"] == "High"
    assert site.issue("PROJ-3").fields["summary"] == "There"
    assert text.stdout.count("\n") == len(rows) == 5


def test_where_nothing_differs_nothing_is_printed(tm, site):
    tm.add("Ship it")
    done, rows = tm("jira", "sync", "--dry-run"), tm.read("jira", "sync", "--dry-run")

    assert (done.returncode, done.stdout, rows) == (0, "", [])
    assert "Nothing differs." in done.stderr


def test_what_people_typed_in_jira_cannot_play_with_the_terminal(both, site):
    both.add("Ship it")
    site.edit("PROJ-1", summary="\x1b[31mred\x07\u202e")
    done = both("jira", "sync", "--dry-run")

    assert "red" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


@pytest.mark.parametrize("words", [("sync",), ("sync", "--dry-run"), ("backfill", "--jql", "project = PROJ")])
def test_a_wrong_token_is_said_without_it(tm, words):
    done = tm("jira", *words, **{"TM_PLUGINS__JIRA__API_TOKEN": "WRONG-ONE"})

    assert done.returncode == 2
    assert "Jira refuses the credentials (401)" in sentence(done)
    assert "WRONG-ONE" not in done.stderr


@pytest.mark.parametrize(
    "words", [("sync",), ("sync", "--dry-run"), ("backfill", "--jql", "a = b"), ("link", "TASK", "PROJ-1")]
)
def test_a_jira_that_cannot_be_reached_is_said(tm, words):
    task = tm("add", "Ship it").stdout.strip()
    done = tm("jira", *(task if each == "TASK" else each for each in words), TM_PLUGINS__JIRA__URL=NOWHERE)

    assert done.returncode == 4
    assert "cannot be reached" in sentence(done)
    assert API_TOKEN not in done.stderr


@pytest.mark.parametrize("words", [("status",), ("sync",), ("unlink", "7f3a")])
def test_without_a_login_it_says_what_is_missing(tm, words):
    done = tm("jira", *words, TM_PLUGINS__JIRA__API_TOKEN=None)

    assert done.returncode == 2
    assert "tm config secret jira.api_token" in sentence(done)


# backfill


def test_a_backfill_makes_tasks_silently_and_writes_nothing_to_jira(tm, site):
    for number in range(130):
        site.add(summary=f"Old {number}", status="Done" if number % 2 else "To Do")
    site.add("OTHER", summary="Elsewhere")
    done = tm("jira", "backfill", "--jql", "project = PROJ")
    again = tm("jira", "backfill", "--jql", "project = PROJ")
    tm.deliver()
    tasks = tm.read("list")

    assert (done.returncode, done.stdout) == (0, "")
    assert "✓ Tasks made: 130. Issues that have one already, or are to have none: 0." in done.stderr
    assert "✓ Tasks made: 0. Issues that have one already, or are to have none: 130." in again.stderr
    assert len(tasks) == 130
    assert site.writes == []


def test_a_rehearsed_backfill_names_the_issues_and_makes_no_task(tm, site):
    tm.add("Ship it")
    site.add(summary="Old \x1b[31mred")
    site.add(summary="Theirs")
    site.issue("PROJ-3").properties["tm.task"] = {"hub": "ab12cd", "task": "7f3a"}
    site.issue("PROJ-3").keep(site.time)
    writes = len(site.writes)
    done = tm("jira", "backfill", "--jql", "project = PROJ", "--dry-run")

    assert done.stdout == "PROJ-2\tOld  [31mred\n"
    assert "Issues that would become tasks: 1; that have one, or are to have none: 2." in done.stderr
    assert len(tm.read("list")) == 1
    assert len(site.writes) == writes


def test_a_backfill_that_broke_off_goes_on_when_it_is_run_again(tm, jira, site):
    site.page_cap = 20
    for number in range(50):
        site.add(summary=f"Old {number}")
    page = Reply(status=429, headers={"Retry-After": "0"})
    jira.fault("GET", "search", page, Reply(status=500))
    first = tm("jira", "backfill", "--jql", "project = PROJ")
    second = tm("jira", "backfill", "--jql", "project = PROJ")

    assert first.returncode == 4
    assert "try again" in first.stderr
    assert "pause of 1 s" in first.stderr
    assert second.returncode == 0, second.stderr
    assert len(tm.read("list")) == 50
    assert site.writes == []


def test_a_backfill_does_not_wait_for_half_an_hour(tm, jira, site):
    site.add(summary="Old")
    jira.fault("GET", "search", Reply(status=429, headers={"Retry-After": "1847"}))
    done = tm("jira", "backfill", "--jql", "project = PROJ")

    assert done.returncode == 4
    assert "slow down" in sentence(done)


@pytest.mark.parametrize(
    ("jql", "said"),
    [
        ("proj =", "JQL"),
        ("project = NONE", "does not exist"),
        ("colour = red", "colour"),
        ('summary ~ "x', "not been completed"),
        ("project = PROJ ORDER  BY key", "without ORDER BY"),
        ("", "JQL"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_search_jira_does_not_understand_is_refused_in_a_sentence(tm, jql, said, more):
    done = tm("jira", "backfill", "--jql", jql, *more)

    assert done.returncode == 2
    assert said in sentence(done)
    assert len(sentence(done).splitlines()) == 1


def test_a_search_for_a_word_like_order_by_is_no_order(tm, site):
    site.add(summary="Who is in order by now")
    done = tm("jira", "backfill", "--jql", 'project = PROJ AND summary ~ "order by"')

    assert done.returncode == 0, done.stderr
    assert json.loads(tm("list", "--format", "json").stdout) != []
