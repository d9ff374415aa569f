"""Asking the program: list, search, metrics, events, completion; tables for people, plain text for pipes."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest


class Shell:
    """A hub in a folder, asked through the real program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "TM_DELIVERY": "worker",
            "TM_ACTOR": "ada@example.com",
            "TM_TIMEZONE": "UTC",
        }
        self("init")

    def __call__(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tm", *words],
            cwd=self.folder,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def on_a_terminal(self, *words: str) -> str:
        """What a terminal is sent."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "tm", *words],
            cwd=self.folder,
            env={**self.environ, "TERM": "xterm", "COLUMNS": "100"},
            stdout=theirs,
        )
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # Linux says so where the other end is closed
            while part := os.read(ours, 65_536):
                seen += part
        os.close(ours)
        assert process.wait() == 0
        return seen.decode()

    def json(self, *words: str) -> object:
        done = self(*words, "--format", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def add(self, *words: str) -> str:
        done = self("add", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def titles(found: object) -> list[str]:
    return [each["title"] for each in found]  # type: ignore[index, attr-defined]


def test_filters_narrow_the_list_and_combine(shell: Shell) -> None:
    shell.add("Parser", "--assignee", "ada@example.com", "--team", "core", "--label", "go", "--priority", "high")
    shell.add("Printer", "--assignee", "bob@example.com", "--team", "core", "--deadline", "2020-01-01")
    done = shell.add("Plotter", "--label", "go")
    shell("complete", done)

    assert titles(shell.json("list")) == ["Plotter", "Printer", "Parser"]
    assert titles(shell.json("list", "--completed")) == ["Plotter"]
    assert titles(shell.json("list", "--status", "pending", "--team", "core")) == ["Printer", "Parser"]
    assert titles(shell.json("list", "--mine")) == ["Parser"]
    assert titles(shell.json("list", "--label", "go", "--priority", "high")) == ["Parser"]
    assert titles(shell.json("list", "--due", "overdue")) == ["Printer"]
    assert titles(shell.json("list", "--text", "pri")) == ["Printer"]
    assert titles(shell.json("list", "--sort", "title", "--limit", "2")) == ["Parser", "Plotter"]
    assert titles(shell.json("list", "--sort", "-priority", "--limit", "1")) == ["Parser"]


def test_an_empty_list_is_an_empty_array(shell: Shell) -> None:
    assert shell("list", "--format", "json").stdout == "[]\n"
    assert shell("list", "--format", "jsonl").stdout == ""
    assert shell("list").stdout == ""


def test_a_pipe_gets_tab_separated_lines_in_which_nothing_breaks_a_cell(shell: Shell) -> None:
    task = shell.add("Parser", "--description", "two\nlines\tand \x1b[31mred")

    assert shell("list").stdout == f"{task}\tpending\tmedium\t\t\tParser\n"
    assert "description\ttwo\\nlines\\tand \\x1b[31mred\n" in shell("show", task).stdout


def test_a_terminal_gets_a_table(shell: Shell) -> None:
    shell.add("Parser")
    seen = shell.on_a_terminal("list")

    assert "status" in seen
    assert "Parser" in seen
    assert "\t" not in seen


@pytest.mark.parametrize(
    ("words", "said"),
    [("list", "No tasks."), ("search nothing", "No tasks."), ("delivery list", "No deliveries.")],
)
def test_an_empty_table_says_so_on_a_terminal_and_nothing_in_a_pipe(shell: Shell, words: str, said: str) -> None:
    assert shell.on_a_terminal(*words.split()) == f"{said}\r\n"
    assert shell(*words.split()).stdout == ""


def test_a_long_table_comes_in_parts_with_every_row(shell: Shell) -> None:
    (shell.folder / "many.jsonl").write_text("".join(f'{{"title": "Task {n:04}"}}\n' for n in range(1203)))
    shell("import", "many.jsonl")
    seen = shell.on_a_terminal("list", "--sort", "created")

    assert seen.count("status") == 3
    assert [f"Task {n:04}" in seen for n in range(1203)] == [True] * 1203


@pytest.mark.parametrize("words", [("show",), ("list", "--format", "json"), ("events", "--format", "jsonl")])
def test_no_text_of_somebody_else_steers_a_terminal(shell: Shell, words: tuple[str, ...]) -> None:
    task = shell.add("Parser", "--description", "\x1b]0;owned\x07 \u202egnp.exe")
    shell("progress", task, "note \x1b[2J\u202e")
    seen = shell.on_a_terminal(*words, *([task, "--format", "json"] if words == ("show",) else []))

    assert not set("\x1b\x07\u202e") & set(seen)
    assert json.loads(shell("show", task, "--format", "json").stdout)["description"].startswith("\x1b]0;owned")


def test_search_finds_words_by_their_beginning_and_takes_any_text(shell: Shell) -> None:
    shell.add("Ship the parser", "--description", "It reads Unicode naïvely")
    shell.add("Something else")

    assert titles(shell.json("search", "pars")) == ["Ship the parser"]
    assert titles(shell.json("search", "naive", "unic")) == ["Ship the parser"]
    for odd in ('"', "*", "AND", "title:x", "(", "a-b", "NEAR(", "'; drop table task"):
        assert shell("search", odd).returncode == 0, odd
    assert shell("search", " ").returncode == 2


def test_metrics_count_the_period_and_leave_out_what_machines_rated(shell: Shell) -> None:
    rated = shell.add("Rated", "--estimated-hours", "4")
    shell("complete", rated, "--actual-hours", "5")
    shell("feedback", rated, "--quality", "4", "--timeliness", "5")
    machine = shell.add("By a machine")
    shell("complete", machine)
    shell("feedback", machine, "--quality", "1", "--timeliness", "1", CI="true")
    found = shell.json("metrics", "--period", "last-week")

    assert isinstance(found, dict)
    assert list(found) == [
        "period_start", "period_end", "tasks_created", "tasks_completed", "average_quality_score",
        "average_timeliness_score", "rated", "estimation_accuracy",
    ]  # fmt: skip
    assert list(found.values())[2:] == [2, 2, 4.0, 5.0, 1, 75.0]


def test_metrics_of_an_empty_store_are_null_not_zero(shell: Shell) -> None:
    assert list(shell.json("metrics").values())[2:] == [0, 0, None, None, 0, None]  # type: ignore[attr-defined]


def test_events_tell_the_history_of_a_task_in_order(shell: Shell) -> None:
    task = shell.add("Parser")
    shell("progress", task, "a note")
    lines = [json.loads(line) for line in shell("events", task, "--format", "jsonl").stdout.splitlines()]

    assert [each["type"] for each in lines] == ["task.created", "task.progressed", "task.started"]
    assert lines[1]["data"] == {"note": "a note"}
    assert lines[2]["caused_by"] == lines[1]["id"]
    assert [each["origin"] for each in lines] == ["cli", "cli", "tm"]
    assert list(lines[0]) == [
        "v", "id", "seq", "type", "task_id", "revision", "origin", "actor", "caused_by", "at", "changes", "data",
        "task",
    ]  # fmt: skip


def test_events_as_json_are_one_array_also_where_there_are_none(shell: Shell) -> None:
    assert shell("events", "--format", "json").stdout == "[]\n"
    task = shell.add("Parser")
    shell.add("Printer")

    assert [each["type"] for each in shell.json("events")] == ["task.created"] * 2
    assert [each["task_id"] for each in shell.json("events", task)] == [task]
    assert len(shell.json("events", "--since", "1h")) == 2


def test_the_events_of_one_task_are_followed_without_the_others(shell: Shell) -> None:
    task = shell.add("Mine")
    output = shell.folder / "followed"
    with output.open("wb") as file:
        words = [sys.executable, "-m", "tm", "events", task, "--since", "1h", "--follow"]
        following = subprocess.Popen(words, cwd=shell.folder, env=shell.environ, stdout=file)
    until = time.monotonic() + 30
    while "it goes on" not in output.read_text(encoding="utf-8") and time.monotonic() < until:
        shell.add("Another")
        shell("progress", task, "it goes on")
    following.terminate()
    following.wait()
    seen = output.read_text(encoding="utf-8")

    assert seen.splitlines()[0].endswith("Mine")
    assert "it goes on" in seen
    assert "Another" not in seen


@pytest.mark.parametrize("words", [(), ("--format", "json")])
def test_events_can_be_followed_line_by_line(shell: Shell, words: tuple[str, ...]) -> None:
    shell.add("Before")
    output = shell.folder / "followed"
    with output.open("wb") as file:
        following = subprocess.Popen(
            [sys.executable, "-m", "tm", "events", "--follow", *words],
            cwd=shell.folder,
            env=shell.environ,
            stdout=file,
        )
    until = time.monotonic() + 30
    while "After" not in output.read_text(encoding="utf-8") and time.monotonic() < until:
        shell.add("After")
    following.terminate()
    following.wait()
    seen = output.read_text(encoding="utf-8")

    assert "After" in seen
    assert "Before" not in seen
    assert {type(json.loads(line)) for line in seen.splitlines() if words} <= {dict}


def test_the_shell_completes_verbs_and_open_tasks(shell: Shell) -> None:
    task = shell.add("Parser")
    verbs = shell(_TM_COMPLETE="complete_bash", COMP_WORDS="tm pro", COMP_CWORD="1").stdout.split()
    ids = shell(_TM_COMPLETE="complete_bash", COMP_WORDS=f"tm show {task[:2]}", COMP_CWORD="2").stdout.split()

    assert verbs == ["progress"]
    assert ids == [task]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("tm delivery ", ["list", "show", "redeliver", "drop", "replay", "status"]),
        ("tm delivery replay sl", ["slack"]),
        ("tm delivery list --plugin ", ["slack"]),
        ("tm doctor ", ["slack"]),
        ("tm list --status in", ["in_progress"]),
        ("tm add x --template fe", ["feature"]),
    ],
)
def test_the_shell_completes_what_may_stand_in_a_place(shell: Shell, typed: str, offered: list[str]) -> None:
    (shell.folder / "tm.toml").write_text('[templates.feature]\ncriteria = ["coverage >= 85"]\n', encoding="utf-8")
    at = str(len(typed.split()) - (not typed.endswith(" ")))
    found = shell(_TM_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=at).stdout.split()

    assert set(found) >= set(offered)


def test_completion_in_a_folder_without_tasks_makes_no_store(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "_TM_COMPLETE": "complete_bash"}
    subprocess.run(
        [sys.executable, "-m", "tm"],
        cwd=tmp_path,
        env={**environ, "COMP_WORDS": "tm show ", "COMP_CWORD": "2"},
        capture_output=True,
    )

    assert list(tmp_path.rglob("*.db")) == []


def test_bare_tm_lists_my_open_tasks_that_nothing_blocks(shell: Shell) -> None:
    mine = shell.add("Mine", "--assignee", "ada@example.com")
    blocked = shell.add("Blocked", "--assignee", "ada@example.com")
    shell.add("Yours", "--assignee", "bob@example.com")
    shell("block", blocked, "--reason", "waiting")

    assert [line.split("\t")[0] for line in shell().stdout.splitlines()] == [mine]


def test_a_reader_that_hangs_up_is_no_error(shell: Shell) -> None:
    for n in range(3):
        shell.add(f"Task {n}")
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m tm events | head -c 1"],
        cwd=shell.folder,
        env=shell.environ,
        capture_output=True,
        text=True,
    )

    assert done.stderr == ""


def test_a_store_made_at_a_place_somebody_named_is_announced_once(shell: Shell) -> None:
    path = shell.folder / "elsewhere" / "tm.db"
    first, again = (shell("add", "Parser", TM_DATABASE_URL=f"sqlite:///{path}") for _ in range(2))
    (shell.folder / "tm.toml").write_text('database_url = "other.db"\n', encoding="utf-8")
    filed = shell("list", TM_TRUST="1")

    assert first.stderr == f"There was no store at {path} (TM_DATABASE_URL); made an empty one.\n"
    assert (len(first.stdout), again.stderr) == (9, "")
    assert filed.stderr == f"There was no store at {shell.folder / 'other.db'} (database_url); made an empty one.\n"


def test_a_store_made_in_its_usual_place_is_not_worth_a_word(shell: Shell) -> None:
    shell("init")

    assert shell("add", "Parser").stderr == ""


def test_an_added_task_s_remark_goes_to_stderr_and_only_its_id_to_stdout(shell: Shell) -> None:
    done = shell("add", "Parser", "--deadline", "2020-01-01")

    assert (done.returncode, len(done.stdout)) == (0, 9)
    assert done.stderr == f"The deadline of task {done.stdout.strip()}, 2020-01-01T23:59Z, is past already.\n"


@pytest.mark.parametrize("words", [(), ("--title", "Better")])
def test_a_status_with_a_verb_of_its_own_leads_to_the_verb(shell: Shell, words: tuple[str, ...]) -> None:
    task = shell.add("Parser")
    done = shell("update", task, "--status", "completed", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert (f"tm complete {task}" if not words else "Change the status alone") in done.stderr


def test_who_acts_is_one_line_for_a_person_to_read(shell: Shell) -> None:
    task = shell.add("Parser")
    done = shell("progress", task, "note", "--by", "ada\x1b[2J")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tm: The actor (--by) must be one line of 1 to 200 characters, not 'ada\\x1b[2J'.\n"
    assert shell("events").stdout.count("\n") == 1
