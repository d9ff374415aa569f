"""`tm ci start --task commit`: the task that the commit is of, by its message or its branch."""

import subprocess

import pytest
from tests.plugins.ci.conftest import GITHUB


def commit(machine, message):
    """A repository with one commit of that message; its sha."""
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    subprocess.run(["git", "init", "-q", "-b", "main", "."], cwd=machine.folder, check=True)
    words = ["git", *who, "commit", "-q", "--allow-empty", "-m", message]
    subprocess.run(words, cwd=machine.folder, check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=machine.folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_whole_line_of_the_message_names_it_and_an_unknown_id_is_passed_over(with_hub):
    task = with_hub.ok("add", "Ship the parser").strip()
    sha = commit(with_hub, f"Squashed (#7)\n\n* one\n\nTask-ID: deadbeef\n\n* two\n\nTask-ID: {task}\n\nmore")

    assert with_hub.ok("ci", "start", "--task", "commit", environ={**GITHUB, "GITHUB_SHA": sha}).strip() == task


@pytest.mark.parametrize("form", ["feature/{}-ship-it", "{}/ship-it"])
def test_else_the_branch_names_it(with_hub, form):
    task = with_hub.ok("add", "Ship the parser").strip()
    branch = form.format(task)

    assert with_hub.ok("ci", "start", "--task", "commit", environ={**GITHUB, "GITHUB_REF_NAME": branch}).strip() == task


def test_a_commit_without_a_task_gives_the_run_one_of_its_own(with_hub):
    other = with_hub.ok("add", "Ship the parser").strip()
    made = with_hub.ok("ci", "start", "Nightly", "--task", "commit").strip()

    assert made not in ("", other)


def test_without_a_hub_the_first_id_goes_into_the_file(machine):
    sha = commit(machine, "x\n\nTask-ID: 7f3a0c11")
    machine.ok("ci", "start", "--task", "commit", environ={**GITHUB, "GITHUB_SHA": sha})

    assert '"task": "7f3a0c11"' in machine.run_file.read_text()
