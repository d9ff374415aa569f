"""`tm jira link` and `unlink`, with the real program: a person says what belongs together, and what does not."""

import pytest
from tests.plugins.jira.jira_command import Command, sentence

from tm_jira import standin

pytestmark = pytest.mark.slow

IN_BOTH = pytest.mark.parametrize("jira", ["cloud", "data center"], indirect=True)
BOTH = 'fields = {title = "both", priority = "both"}'


@pytest.fixture
def jira(request):
    with standin.StandIn(data_center=getattr(request, "param", "") == "data center") as jira:
        yield jira


@pytest.fixture
def site(jira):
    return jira.site


@pytest.fixture
def tm(tmp_path, jira):
    return Command(tmp_path, jira)


@pytest.fixture
def alone(tm):
    """A task that has no issue, because nothing was delivered when it was made."""

    def make(title="Mine", *words):
        task = tm("add", title, *words, config="when = 'team == nobody'").stdout.strip()
        tm("deliver", config="when = 'team == nobody'")
        return task

    return make


def owed(tm):
    return [each for each in tm.read("delivery", "list") if each["state"] not in ("delivered", "dropped")]


@IN_BOTH
@pytest.mark.parametrize(("lead", "title", "status"), [("there", "Theirs", "completed"), ("here", "Mine", "pending")])
def test_a_task_is_tied_to_an_issue_and_follows_or_leads_it(tm, site, alone, lead, title, status):
    site.add(summary="Theirs", status="Done")
    task = alone()
    done = tm("jira", "link", task, "proj-1", "--lead", lead)
    tm.deliver()
    tm("jira", "sync")
    tm.deliver()

    assert (done.returncode, done.stdout) == (0, "")
    assert f"✓ Task {task} is PROJ-1" in done.stderr
    assert (tm.shown(task)["title"], tm.shown(task)["status"]) == (title, status)
    assert site.issue("PROJ-1").fields["summary"] == title
    assert site.issue("PROJ-1").status == ("Done" if lead == "there" else "To Do")
    assert len(site.issues) == 1
    assert owed(tm) == []


def test_what_the_tied_task_has_more_goes_to_the_issue(tm, site, alone):
    site.add(summary="Theirs")
    task = alone("Mine", "--description", "Only here", "--label", "a")
    tm("jira", "link", task, "PROJ-1", "--lead", "here")
    tm.deliver()

    assert site.issue("PROJ-1").fields["labels"] == ["a"]
    assert "Only here" in str(site.issue("PROJ-1").fields["description"])


@IN_BOTH
@pytest.mark.parametrize("by", ["task", "key"])
def test_what_is_taken_apart_stays_on_both_sides_and_apart(tm, site, by):
    task = tm.add("Ship it")
    done = tm("jira", "unlink", task if by == "task" else "PROJ-1")
    tm("update", task, "--title", "Here")
    tm("complete", task)
    site.edit("PROJ-1", summary="There")
    config = 'import_jql = "project = PROJ"'
    tm("jira", "sync", config=config)
    tm("deliver", config=config)
    tm("jira", "backfill", "--jql", "project = PROJ")

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"✓ Task {task} and PROJ-1 are apart.\n"
    assert (tm.shown(task)["title"], tm.shown(task)["links"]) == ("Here", [])
    assert site.issue("PROJ-1").fields["summary"] == "There"
    assert "tm.task" not in site.issue("PROJ-1").properties
    assert len(site.issues) == 1
    assert len(tm.read("list")) == 1
    assert owed(tm) == []


def test_an_imported_task_is_taken_apart_without_a_word_of_a_mark(tm, site):
    site.add(summary="Old")
    tm("jira", "backfill", "--jql", "project = PROJ")
    done = tm("jira", "unlink", "PROJ-1")

    assert done.returncode == 0
    assert "mark" not in done.stderr


def test_what_was_taken_apart_can_be_tied_again_or_otherwise(tm, site, alone):
    task = tm.add("Ship it")
    tm("jira", "unlink", task)
    site.add(summary="Another")
    other = alone("Other")
    assert tm("jira", "link", task, "PROJ-2", "--lead", "here").returncode == 0
    assert tm("jira", "link", other, "PROJ-1", "--lead", "there").returncode == 0

    tm.deliver()
    site.edit("PROJ-1", summary="There")
    tm("jira", "sync")
    tm.deliver()
    assert site.issue("PROJ-2").fields["summary"] == "Ship it"
    assert tm.shown(other)["title"] == "There"


def test_a_conflict_ends_when_its_two_sides_are_taken_apart(tm, site):
    tm.config = BOTH
    task = tm.add("Ship it")
    site.edit("PROJ-1", summary="There")
    tm("update", task, "--title", "Here")
    tm.deliver()
    before = len(tm.read("conflicts", "list"))
    tm("jira", "unlink", task)

    assert before == 1
    assert tm.read("conflicts", "list") == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("link", "ffff", "PROJ-1"), 3, "There is no task"),
        (("link", "TASK", "PROJ-77"), 3, "PROJ-77"),
        (("link", "TASK", "../../myself"), 3, "MYSELF"),
        (("link", "TASK", "PROJ-1", "--lead", "nobody"), 2, "Choose one of: here, there"),
        (("link", "TASK"), 2, "KEY"),
        (("unlink", "ffff"), 3, "There is no task"),
        (("unlink", "TASK"), 3, "has no issue"),
    ],
)
def test_what_cannot_be_tied_or_cut_is_refused_in_a_sentence(tm, site, alone, words, code, said):
    site.add(summary="Theirs")
    task = alone()
    done = tm("jira", *(task if each == "TASK" else each for each in words))

    assert done.returncode == code
    assert said in sentence(done)
    assert site.writes == []


def test_what_is_tied_already_is_not_tied_to_another(tm, site, alone):
    task, other = tm.add("Ship it"), alone("Other")
    site.add(summary="Theirs")
    taken, twice = tm("jira", "link", other, "PROJ-1"), tm("jira", "link", task, "PROJ-2")

    assert (taken.returncode, twice.returncode) == (1, 1)
    assert "tm jira unlink PROJ-1" in sentence(taken)
    assert f"tm jira unlink {task}" in sentence(twice)
    assert tm("jira", "link", task, "PROJ-1").returncode == 0


def test_an_issue_of_another_hub_is_not_tied(tm, site, alone):
    site.add(summary="Theirs")
    site.issue("PROJ-1").properties["tm.task"] = {"hub": "another", "task": "7f3a"}
    task = alone()
    done = tm("jira", "link", task, "PROJ-1")

    assert done.returncode == 1
    assert "belongs to another hub" in sentence(done)
    assert tm.shown(task)["links"] == []
    assert site.writes == []


def test_a_task_is_taken_apart_though_jira_cannot_be_reached(tm, site):
    task = tm.add("Ship it")
    done = tm("jira", "unlink", task, TM_PLUGINS__JIRA__BROWSE_URL=site.url, TM_PLUGINS__JIRA__URL="http://127.0.0.1:9")

    assert done.returncode == 0
    assert "The mark stays on PROJ-1" in done.stderr
    assert tm.shown(task)["links"] == []
