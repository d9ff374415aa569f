"""What a new user does by hand: a first task from added to completed, and every mistake on the way."""

from __future__ import annotations

import json
import re

import pytest
from tests.journey.conftest import PERSON, Workplace, become_repository

from tm.model import Task
from tm.store.sqlite import SqliteDatabase
from tm.store.tasks import Tasks

pytestmark = pytest.mark.slow

AT = "2026-11-22T12:00:00.000000Z"
TOO_LONG = "x" * 501
ELEVEN = [word for number in range(11) for word in ("--criterion", f"c{number} == 1")]


def test_the_first_task_is_added_with_one_command_that_prints_its_id_and_nothing_else(workplace):
    answer = workplace.tm("add", "Ship the parser")

    assert (answer.returncode, answer.stderr) == (0, "")
    [task] = workplace.tasks()
    assert answer.stdout == f"{task['id']}\n"
    assert (task["title"], task["status"], task["priority"]) == ("Ship the parser", "pending", "medium")


def test_a_first_list_is_empty_and_no_error(workplace):
    text, as_json = workplace.tm("list"), workplace.tm("list", "--format", "json")

    assert (text.returncode, text.stdout, text.stderr) == (0, "", "")
    assert (as_json.returncode, as_json.stdout) == (0, "[]\n")


def test_a_task_is_listed_on_one_line_and_shown_on_many(workplace):
    task_id = workplace.told("add", "Ship the parser", "--assignee", PERSON, "--description", "One grammar for all")

    assert workplace.told("list").split("\t") == [task_id, "pending", "medium", PERSON, "", "Ship the parser"]
    shown = workplace.told("show", task_id)
    assert all(words in shown for words in ("Ship the parser", "One grammar for all", PERSON))


def test_a_task_goes_from_added_to_completed(workplace):
    task_id = workplace.told("add", "Ship the parser", "--criterion", "coverage >= 85")
    workplace.told("progress", task_id, "the grammar is done")
    workplace.told("block", task_id, "--reason", "waiting for the API key")
    blocked = workplace.show(task_id)
    workplace.told("unblock", task_id)
    refused = workplace.tm("complete", task_id, "--validate")
    open_still = workplace.show(task_id)
    workplace.told("measure", task_id, "coverage=91.2")
    workplace.told("complete", task_id, "--validate", "--summary", "It parses")
    workplace.told("feedback", task_id, "--quality", "5", "--timeliness", "3")

    assert (blocked["status"], blocked["blocked_reason"]) == ("blocked", "waiting for the API key")
    assert (refused.returncode, refused.stdout, open_still["status"]) == (5, "", "in_progress")
    task = workplace.show(task_id)
    assert (task["status"], task["completion_summary"], task["feedback_quality"]) == ("completed", "It parses", 5)
    assert [each["note"] for each in task["progress"]] == ["the grammar is done"]


def test_a_refused_completion_prints_the_command_that_would_supply_what_is_missing(workplace):
    task_id = workplace.told("add", "Ship the parser", "--criterion", "coverage >= 85")
    answer = workplace.tm("complete", task_id, "--validate")

    assert answer.stderr.startswith(f"tm: Cannot complete task {task_id}: 1 of 1 criteria not met.\n")
    assert f"tm measure {task_id} coverage=" in answer.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("progress", "ID", "begun"),
        ("context", "ID", "--shared", "staging is at v12"),
        ("block", "ID", "--reason", "waiting"),
        ("measure", "ID", "coverage=91.2"),
        ("assign", "ID", "bob"),
        ("update", "ID", "--priority", "high"),
        ("complete", "ID"),
        ("cancel", "ID"),
        ("delete", "ID"),
    ],
    ids=lambda words: words[0],
)
def test_a_change_is_confirmed_on_stderr_and_leaves_stdout_empty(repository, words):
    task_id = repository.told("add", "Ship the parser")
    answer = repository.tm(*[task_id if word == "ID" else word for word in words])

    assert (answer.returncode, answer.stdout) == (0, "")
    assert answer.stderr.startswith(f"✓ {task_id} ")
    assert answer.stderr.count("\n") == 1


def test_four_digits_of_an_id_are_enough(repository):
    task_id = repository.told("add", "Ship the parser")

    assert repository.show(task_id[:4])["id"] == task_id


def test_metrics_of_what_nobody_measured_are_null_and_never_zero(workplace):
    workplace.told("add", "Ship the parser")
    metrics = json.loads(workplace.told("metrics", "--format", "json"))

    assert (metrics["tasks_created"], metrics["tasks_completed"]) == (1, 0)
    assert {metrics[name] for name in metrics if name.startswith("average_") or name.endswith("_accuracy")} == {None}


def test_a_user_is_known_by_gits_email(repository):
    task_id = repository.told("add", "Ship the parser")
    repository.told("progress", task_id, "begun")

    assert repository.show(task_id)["progress"][0]["actor"] == PERSON


def test_nothing_appears_in_the_folder(workplace):
    workplace.told("progress", workplace.told("add", "Ship the parser"), "begun")

    assert {each.name for each in workplace.folder.iterdir()} <= {"tm", ".git"}


def test_git_sees_nothing_of_tm_and_cleaning_the_folder_keeps_the_tasks(repository):
    repository.told("add", "Ship the parser")
    seen = repository.git("status", "--porcelain").stdout
    repository.git("clean", "-fdxq")

    assert seen == ""
    assert [task["title"] for task in repository.tasks()] == ["Ship the parser"]


def test_a_linked_work_tree_and_a_folder_below_share_the_tasks(repository):
    repository.git("commit", "--quiet", "--allow-empty", "--message", "Begin")
    repository.git("worktree", "add", "--quiet", "../linked")
    below = repository.folder / "src" / "parser"
    below.mkdir(parents=True)
    [first, second] = [
        repository.tm("add", title, cwd=cwd).stdout.strip()
        for title, cwd in (("From the linked tree", repository.folder.parent / "linked"), ("From below", below))
    ]

    assert {task["id"]: task["title"] for task in repository.tasks()} == {
        first: "From the linked tree",
        second: "From below",
    }


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A repository with a pending, a blocked and a completed task, and two whose ids begin alike."""
    filled = become_repository(Workplace(tmp_path_factory.mktemp("filled")))
    ids = {name: filled.told("add", f"The {name} one") for name in ("pending", "blocked", "completed")}
    filled.told("block", ids["blocked"], "--reason", "waiting")
    filled.told("complete", ids["completed"])
    database = SqliteDatabase(str(filled.folder / ".git" / "tm" / "tm.db"))
    with database.transaction():
        for task_id in ("abcd0001", "abcd0002"):
            twin = Task(id=task_id, title=f"Twin {task_id}", revision=1, created_at=AT, updated_at=AT)
            Tasks(database).insert(twin)
    yield filled, ids, database
    database.close()


def case(name, code, *words):
    return pytest.param(code, words, id=name)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        case("unknown id", 3, "show", "deadbeef"),
        case("unknown id of a change", 3, "progress", "deadbeef", "begun"),
        case("id too short", 3, "show", "abc"),
        case("ambiguous id", 2, "show", "abcd"),
        case("ambiguous id of a change", 2, "complete", "abcd"),
        case("empty id", 2, "show", ""),
        case("empty id of a change", 2, "progress", "", "begun"),
        case("id lost by the shell", 2, "progress", "begun"),
        case("id lost before an option", 2, "complete", "--validate"),
        case("no title", 2, "add"),
        case("empty title", 2, "add", ""),
        case("blank title", 2, "add", "  "),
        case("title too long", 2, "add", TOO_LONG),
        case("control character in a title", 2, "add", "red \x1b[31m"),
        case("line break in a title", 2, "add", "two\nlines"),
        case("control character in a name", 2, "add", "x", "--assignee", "bell\x07"),
        case("broken JSON", 2, "add", "x", "--criteria", "[{"),
        case("JSON that is no array", 2, "add", "x", "--criteria", '{"criterion": "a"}'),
        case("measurable that is no text", 2, "add", "x", "--criteria", '[{"criterion": "a", "measurable": 3}]'),
        case("eleven criteria", 2, "add", "x", *ELEVEN),
        case("criterion too long", 2, "add", "x", "--criterion", TOO_LONG),
        case("negative hours", 2, "add", "x", "--estimated-hours", "-1"),
        case("hours that are no number", 2, "add", "x", "--estimated-hours", "four"),
        case("hours not a number", 2, "add", "x", "--estimated-hours", "nan"),
        case("negative actual hours", 2, "complete", "PENDING", "--actual-hours", "-0.5"),
        case("unreadable deadline", 2, "add", "x", "--deadline", "whenever"),
        case("impossible deadline", 2, "add", "x", "--deadline", "2026-02-30"),
        case("unknown priority", 2, "add", "x", "--priority", "urgent"),
        case("unknown dependency", 3, "add", "x", "--depends-on", "deadbeef"),
        case("unknown status", 2, "list", "--status", "open"),
        case("unknown period", 2, "metrics", "--period", "fortnight"),
        case("unknown format", 2, "show", "PENDING", "--format", "xml"),
        case("misspelled option", 2, "add", "x", "--criterai", "[]"),
        case("misspelled command", 2, "shwo"),
        case("a word too many", 2, "add", "x", "y"),
        case("empty progress", 2, "progress", "PENDING", ""),
        case("block without a reason", 2, "block", "PENDING"),
        case("measurement without a value", 2, "measure", "PENDING", "coverage"),
        case("rating out of range", 2, "feedback", "COMPLETED", "--quality", "6"),
        case("feedback without a rating", 2, "feedback", "COMPLETED"),
        case("note too long", 2, "feedback", "COMPLETED", "--quality", "5", "--note", TOO_LONG),
        case("missing file", 2, "progress", "PENDING", "@no/such/file"),
        case("rating of an open task", 1, "feedback", "PENDING", "--quality", "5"),
        case("unblock of what is not blocked", 1, "unblock", "PENDING"),
        case("second completion", 1, "complete", "COMPLETED"),
        case("block of what is completed", 1, "block", "COMPLETED", "--reason", "late"),
        case("reopen of what is open", 1, "reopen", "BLOCKED"),
    ],
)
def test_bad_input_is_answered_with_one_sentence_and_changes_nothing(filled, code, words):
    workplace, ids, database = filled
    before = database.changed()
    answer = workplace.tm(*[ids.get(word.lower(), word) if word.isupper() else word for word in words])

    assert (answer.returncode, answer.stdout) == (code, "")
    assert re.fullmatch(r"tm: [^\x00-\x1f]+\n", answer.stderr)
    assert database.changed() == before
