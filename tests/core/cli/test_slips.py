"""What people mistype or overlook: said in a sentence, whether it is refused or done all the same."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.core.cli.desk import Desk

from tm.criteria import from_expression

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def covered(desk: Desk) -> str:
    return desk.add("Ship it", criteria=(from_expression("code_coverage >= 85"),))


def test_a_measurement_that_no_criterion_reads_is_kept_and_the_near_name_told(desk: Desk) -> None:
    task = covered(desk)
    done = desk.tm("measure", task, "code_covrage=90")

    assert done.returncode == 0
    assert f"No criterion of task {task} reads code_covrage. Did you mean code_coverage?" in done.stderr
    assert desk.json("show", task)["measurements"] == {"code_covrage": 90}


def test_a_measurement_that_is_read_needs_no_remark(desk: Desk) -> None:
    done = desk.tm("measure", covered(desk), "code_coverage=90")

    assert done.stderr.count("\n") == 1


def test_measuring_what_is_over_says_that_it_decides_nothing(desk: Desk) -> None:
    task = desk.add("Ship it")
    desk.tm("complete", task)
    done = desk.tm("measure", task, "code_coverage=90")

    assert done.returncode == 0
    assert f"Task {task} is completed; that changes no completion." in done.stderr


@pytest.mark.parametrize("words", [("add", "Ship it"), ("update", "ID")])
def test_a_deadline_that_is_past_is_taken_with_a_remark(desk: Desk, words: tuple[str, ...]) -> None:
    task = desk.add("Another")
    named = [task if word == "ID" else word for word in words]
    late, due = desk.tm(*named, "--deadline", "2020-01-01"), desk.tm(*named, "--deadline", "+3d")

    assert (late.returncode, due.returncode) == (0, 0)
    assert "The deadline 2020-01-01" in late.stderr
    assert "is past already." in late.stderr
    assert "past" not in due.stderr


@pytest.mark.parametrize(
    ("status", "verb"), [("completed", "tm complete"), ("blocked", "tm block"), ("cancelled", "tm cancel")]
)
def test_a_status_with_a_verb_of_its_own_is_refused_with_that_verb(desk: Desk, status: str, verb: str) -> None:
    task = desk.add("Ship it")
    done = desk.tm("update", task, "--status", status)

    assert done.returncode == 2
    assert f"{verb} {task}" in done.stderr


def test_a_status_nobody_knows_is_refused_with_those_there_are(desk: Desk) -> None:
    done = desk.tm("update", desk.add("Ship it"), "--status", "done")

    assert done.returncode == 2
    assert "in_progress" in done.stderr


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2Jann", "x" * 201])
@pytest.mark.parametrize("door", ["--by", "TM_ACTOR"])
def test_who_acts_is_one_printable_line(desk: Desk, name: str, door: str) -> None:
    task = desk.add("Ship it")
    words, variables = (("--by", name), {}) if door == "--by" else ((), {"TM_ACTOR": name})
    done = desk.tm("progress", task, "did it", *words, **variables)

    assert done.returncode == 2
    assert done.stderr.startswith("tm: Who acts is one line of at most 200 printable characters")
    assert desk.json("show", task)["progress"] == []


def test_an_event_is_explained_for_a_task_that_is_simply_named(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")
    task = desk.add("Ship it")

    assert desk.tm("explain", "blocked", task).stdout == desk.tm("explain", "blocked", "--task", task).stdout != ""
    assert "Did you mean blocked?" in desk.tm("explain", "blokced").stderr


def test_criteria_of_a_template_are_read_with_the_settings(desk: Desk) -> None:
    path = desk.write('team = "x"\n[templates.feature]\ncriteria = ["code_coverage >>= 85"]\n')
    done = desk.tm("config", "check")

    assert done.returncode == 2
    assert f"{path}:3: templates.feature.criteria.0 is wrong" in done.stdout


def test_a_misspelled_table_is_told_with_its_line(desk: Desk) -> None:
    path = desk.write('team = "x"\n\n[plugin.mirror]\nhost = "x"\n')

    assert f"{path}:3: plugin is not a setting; did you mean plugins?" in desk.tm("config", "check").stdout


def test_an_empty_list_says_so_on_a_terminal_and_nothing_in_a_pipe(desk: Desk) -> None:
    desk.add("Ship it")
    outer, inner = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "tm", "list", "--status", "blocked"],
        cwd=desk.folder, env=desk.environ(TERM="xterm"), stdout=inner, stderr=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    os.close(inner)
    os.close(outer)
    piped = desk.tm("list", "--status", "blocked")

    assert done.stderr == "Nothing to show.\n"
    assert (piped.stdout, piped.stderr) == ("", "")


def test_a_delivery_is_shown_in_plain_words(desk: Desk) -> None:
    desk.install("mirror")
    desk.write("[plugins.mirror]\n")
    desk.block(desk.add("Ship it"))
    desk.tm("deliver")
    shown = desk.tm("delivery", "show", "1").stdout

    assert "may have happened\tno\n" in shown
    assert "later ones of the task wait\tyes\n" in shown
