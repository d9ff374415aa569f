"""Moving tasks in and out as a person does: files, pipes, a terminal, a second store."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.journey.conftest import PATIENCE, TM

if TYPE_CHECKING:
    from tests.journey.conftest import Workplace

GHOST = {"TM_PLUGINS__GHOST__URL": "http://127.0.0.1:1/", "TM_DELIVERY": "worker"}
MADE = r"There was no store at \S+/other\.db \(TM_DATABASE_URL\); made an empty one\.\n"
ROWS = [
    {"title": f"Task {n}", "priority": "high", "assignee": f"p{n % 7}@example.com", "labels": ["a", f"l{n % 5}"]}
    for n in range(2000)
]


def lines(entries: list[dict[str, Any]]) -> str:
    """Entries, one a line."""
    return "".join(json.dumps(each) + "\n" for each in entries)


def start_import(folder: Workplace) -> subprocess.Popen[str]:
    """An import that reads what the test writes to its stdin."""
    return subprocess.Popen(
        [TM, "import", "-"],
        cwd=folder.folder,
        env=folder.environ,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def fill(folder: Workplace) -> None:
    """A few tasks with history, links to each other, and a delivery nobody could make yet."""
    first = folder.told("add", "Ship the pärser", "--label", "api", "--criterion", "coverage >= 85", **GHOST)
    folder.told("add", "Announce it", "--depends-on", first)
    folder.told("progress", first, "half of it", "--key", "k1")
    folder.told("measure", first, "coverage=87.5")
    folder.told("context", first, "--shared", "staging is at v12")
    folder.told("complete", first, "--validate", "--summary", "done")
    folder.told("delete", folder.told("add", "Never mind"))
    folder.told("deliver", **GHOST)


def test_a_whole_store_goes_through_a_pipe_and_comes_out_the_same(folder: Workplace) -> None:
    fill(folder)
    moved = folder.shell(
        """set -o pipefail
        ./tm export --all > before.jsonl &&
        ./tm export --all | TM_DATABASE_URL=other.db ./tm import - &&
        TM_DATABASE_URL=other.db ./tm export --all > after.jsonl"""
    )

    assert moved.returncode == 0, moved.stderr
    assert re.fullmatch(MADE + r"Imported 2 tasks and \d+ events in \d+\.\d s\.\n", moved.stderr)
    before = (folder.folder / "before.jsonl").read_bytes()
    assert (folder.folder / "after.jsonl").read_bytes() == before
    assert json.loads(before.split(b"\n")[0])["tm_export"] == 1


def test_what_was_owed_is_owed_in_the_new_store(folder: Workplace) -> None:
    fill(folder)
    before = folder.told("delivery", "list", "--format", "json")
    folder.shell("./tm export --all | TM_DATABASE_URL=other.db ./tm import -")

    assert json.loads(before), "the test wants something owed"
    assert folder.told("delivery", "list", "--format", "json", TM_DATABASE_URL="other.db") == before


def test_a_whole_export_does_not_go_into_a_store_in_use(folder: Workplace) -> None:
    fill(folder)
    refused = folder.shell("./tm export --all > all.jsonl && ./tm import all.jsonl")

    assert refused.returncode == 1
    assert refused.stderr == (
        "tm: A whole export goes into an empty store only, and this one is in use. Name another: TM_DATABASE_URL=…\n"
    )


def test_half_an_export_is_refused(folder: Workplace) -> None:
    fill(folder)
    refused = folder.shell("./tm export --all | head -c 2000 | TM_DATABASE_URL=other.db ./tm import -")

    assert refused.returncode == 2
    assert re.fullmatch(MADE + r"tm: Nothing was imported\. stdin: line \d+: [^\n]*\n", refused.stderr)
    assert folder.told("export", TM_DATABASE_URL="other.db") == "[]"


@pytest.mark.parametrize("words", [("export",), ("export", "--format", "jsonl"), ("list", "--format", "json")])
def test_what_tm_prints_as_json_can_be_imported(folder: Workplace, words: tuple[str, ...]) -> None:
    fill(folder)
    (folder.folder / "tasks").write_text(folder.told(*words), encoding="utf-8")
    imported = folder.tm("import", "tasks", TM_DATABASE_URL="other.db")

    assert imported.returncode == 0, imported.stderr
    there = json.loads(folder.told("list", "--format", "json", TM_DATABASE_URL="other.db"))
    assert {each["id"]: each["status"] for each in there} == {each["id"]: each["status"] for each in folder.tasks()}


def test_export_prints_the_objects_of_show(folder: Workplace) -> None:
    fill(folder)
    exported = json.loads(folder.told("export"))

    assert exported == [folder.show(each["id"]) for each in exported]
    assert [each["note"] for each in exported[0]["progress"]] == ["half of it"]


def test_thousands_of_tasks_are_stored_at_once_and_nobody_is_told(folder: Workplace) -> None:
    (folder.folder / "tasks.jsonl").write_text(lines(ROWS), encoding="utf-8")
    imported = folder.tm("import", "tasks.jsonl", **GHOST)

    assert re.fullmatch(r"Imported 2,000 tasks in \d+\.\d s\.\n", imported.stderr)
    assert imported.stdout == ""
    assert len(folder.tasks()) == 2000
    assert len(json.loads(folder.told("search", "task", "199*", "--format", "json", "--limit", "50"))) == 11
    status = json.loads(folder.told("delivery", "status", "--format", "json", **GHOST))
    assert status["not_fanned_out"] == 0


def test_with_notify_the_plugins_are_owed_every_task(folder: Workplace) -> None:
    (folder.folder / "tasks.jsonl").write_text(lines(ROWS[:5]), encoding="utf-8")
    folder.told("import", "tasks.jsonl", "--notify", **GHOST)

    status = json.loads(folder.told("delivery", "status", "--format", "json", **GHOST))
    assert status["not_fanned_out"] == 5


def test_with_notify_in_ci_the_import_waits_for_its_own_deliveries(folder: Workplace) -> None:
    (folder.folder / "tasks.jsonl").write_text(lines(ROWS[:3]), encoding="utf-8")
    imported = folder.tm("import", "tasks.jsonl", "--notify", TM_PLUGINS__GHOST__URL="x", TM_DELIVERY="inline")

    assert imported.returncode == 0
    assert imported.stderr.count("ghost: still owed") == 3


def test_one_mistake_among_thousands_stores_nothing(folder: Workplace) -> None:
    wrong = [*ROWS[:1499], ROWS[1499] | {"priority": "hgh"}, *ROWS[1500:]]
    (folder.folder / "tasks.jsonl").write_text(lines(wrong), encoding="utf-8")
    refused = folder.tm("import", "tasks.jsonl")

    assert refused.returncode == 2
    assert refused.stderr == (
        "tm: Nothing was imported. tasks.jsonl: line 1,500: Unknown priority 'hgh'. "
        "Choose one of: low, medium, high, critical.\n"
    )
    assert folder.tasks() == []


def test_a_dry_run_says_what_would_come_and_stores_nothing(folder: Workplace) -> None:
    (folder.folder / "tasks.csv").write_text("title,labels\nShip it,a\n", encoding="utf-8")
    tried = folder.tm("import", "tasks.csv", "--dry-run")

    assert (tried.returncode, tried.stderr) == (0, "No mistakes: 1 task would be imported. Nothing was stored.\n")
    assert folder.tasks() == []


def test_a_table_from_a_spreadsheet_is_imported(folder: Workplace) -> None:
    table = '\ufeffTitle;Labels;Deadline;Estimated_hours\r\n"Ship; it";"a, b";2026-12-24;0,5\r\n'
    (folder.folder / "tasks.csv").write_text(table, encoding="utf-8")

    assert "estimated_hours must be a number" in folder.tm("import", "tasks.csv").stderr
    (folder.folder / "tasks.csv").write_text(table.replace("0,5", "0.5"), encoding="utf-8")
    folder.told("import", "tasks.csv")
    [task] = folder.tasks()
    assert (task["title"], task["labels"], task["estimated_hours"]) == ("Ship; it", ["a", "b"], 0.5)


def test_others_can_write_while_an_import_still_reads(folder: Workplace) -> None:
    folder.told("add", "before")
    importing = start_import(folder)
    assert importing.stdin is not None
    importing.stdin.write(lines(ROWS[:1500]))
    importing.stdin.flush()
    folder.told("add", "meanwhile")
    _, said = importing.communicate(lines(ROWS[1500:]), timeout=PATIENCE)

    assert importing.returncode == 0, said
    assert {"before", "meanwhile", "Task 0", "Task 1999"} <= {each["title"] for each in folder.tasks()}


def test_an_import_that_is_killed_leaves_nothing_behind(folder: Workplace) -> None:
    folder.told("add", "before")
    importing = start_import(folder)
    assert importing.stdin is not None
    importing.stdin.write(lines(ROWS))
    importing.stdin.flush()
    importing.kill()
    importing.communicate(timeout=PATIENCE)

    assert importing.returncode == -signal.SIGKILL
    assert [each["title"] for each in folder.tasks()] == ["before"]
    (folder.folder / "tasks.jsonl").write_text(lines(ROWS[:3]), encoding="utf-8")
    folder.told("import", "tasks.jsonl")
    assert len(folder.tasks()) == 4


def test_a_terminal_sees_a_bar_and_then_the_last_line(folder: Workplace) -> None:
    (folder.folder / "tasks.jsonl").write_text(lines(ROWS), encoding="utf-8")
    ours, theirs = pty.openpty()
    importing = subprocess.Popen(
        [TM, "import", "tasks.jsonl"],
        cwd=folder.folder,
        env=folder.environ | {"TERM": "xterm", "COLUMNS": "80"},
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:  # Linux says so when the other side is closed
        pass
    os.close(ours)

    assert importing.wait(PATIENCE) == 0
    assert b"Reading" in seen or b"Storing" in seen
    assert b"Imported 2,000 tasks in" in seen.splitlines()[-1]


def test_an_export_nobody_reads_to_its_end_says_nothing(folder: Workplace) -> None:
    (folder.folder / "tasks.jsonl").write_text(lines(ROWS), encoding="utf-8")
    folder.told("import", "tasks.jsonl")
    cut = folder.shell("./tm export --all | head -n 1; ./tm export | head -c 10")

    assert cut.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", ["--all", ""])
def test_an_export_to_a_full_disk_does_not_pass_for_a_whole_one(folder: Workplace, words: str) -> None:
    folder.told("add", "x")
    failed = folder.shell(f"./tm export {words} > /dev/full")

    assert failed.returncode == 4
    assert failed.stderr == "tm: The export could not be written to its end: No space left on device.\n"


@pytest.mark.parametrize("words", ["--all", ""])
def test_an_export_is_utf_8_whatever_the_locale(folder: Workplace, words: str) -> None:
    folder.told("add", "Ship the pärser →")
    exported = folder.shell(f"./tm export {words}", PYTHONIOENCODING="latin-1", LC_ALL="C")

    assert exported.returncode == 0, exported.stderr
    assert "Ship the pärser →" in exported.stdout


def test_a_file_that_cannot_be_read_is_named(folder: Workplace) -> None:
    missing, closed = folder.tm("import", "nothing.json"), folder.shell("./tm import - <&-")

    assert (missing.returncode, closed.returncode) == (2, 2)
    assert missing.stderr == "tm: nothing.json cannot be read: No such file or directory.\n"
    assert closed.stderr == "tm: stdin is closed; pipe something into it, or name a file.\n"


def test_options_that_do_not_go_together_are_refused(folder: Workplace) -> None:
    folder.shell("./tm export --all > all.jsonl")
    notified, as_array = folder.tm("import", "all.jsonl", "--notify"), folder.tm("export", "--all", "--format", "json")

    assert (notified.returncode, as_array.returncode) == (2, 2)
    assert "--notify is for tasks" in notified.stderr
    assert "--all is JSON Lines" in as_array.stderr
