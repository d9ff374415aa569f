"""A hundred commits, moved about in every way git and hosts have: each task has exactly its own."""

import random

import pytest

pytestmark = pytest.mark.slow


class Story:
    """Commits on a branch for each task, and which of them ought to be there in the end."""

    def __init__(self, work, tasks):
        self.work = work
        self.box = work.box
        self.tasks = tasks
        self.expected = {task: [] for task in tasks}
        self.count = 0

    def write(self, task, number, *, branch=None):
        self.box.git("switch", "-q", branch or f"feature/{task}-work")
        subjects = []
        for _ in range(number):
            self.count += 1
            subjects.append(f"Change {self.count:03}")
            self.box.commit(subjects[-1], file=f"file{self.count:03}")
        return subjects


def test_every_task_is_linked_to_exactly_the_right_commits(work, tmp_path):
    dice = random.Random(20261127)
    box = work.box
    tasks = [work.task(f"Task {number}") for number in range(8)]
    amended, dropped, squashed, picked, locally, hosted, reverted, merged = tasks
    story = Story(work, tasks)
    for task in tasks:
        box.git("switch", "-q", "main")
        box.git("switch", "-q", "-c", f"feature/{task}-work")
    for round_ in range(3):
        for task in dice.sample(tasks, len(tasks)):
            story.expected[task] += story.write(task, 4)
        if round_ == 1:
            work.take()

    box.git("switch", "-q", f"feature/{amended}-work")
    (box.folder / "amended").write_text("more\n")
    box.git("add", "--all")
    box.git("commit", "-q", "--amend", "-m", "Amended")
    story.expected[amended][-1] = "Amended"

    rebase(box, tmp_path, f"feature/{dropped}-work", "-e 1d -e '3s/^pick/reword/' -e '5d'")
    story.expected[dropped] = [each for at, each in enumerate(story.expected[dropped]) if at not in (0, 4)]

    rebase(box, tmp_path, f"feature/{squashed}-work", "-e '2,3s/^pick/squash/' -e '12s/^pick/fixup/'")
    story.expected[squashed] = [each for at, each in enumerate(story.expected[squashed]) if at not in (1, 2, 11)]
    work.take()

    box.git("switch", "-q", "main")
    box.commit("Meanwhile on main", file="meanwhile")
    for subject in story.expected[picked][:2]:
        sha = box.git("log", "--format=%H", f"--grep=^{subject}$", f"feature/{picked}-work")
        box.git("cherry-pick", sha)
    story.expected[picked] += story.expected[picked][:2]

    box.git("merge", "-q", "--squash", f"feature/{locally}-work")
    box.git("commit", "-q", "-m", "Squashed here")
    box.git("branch", "-q", "-D", f"feature/{locally}-work")
    story.expected[locally] = ["Squashed here"]

    box.git("merge", "-q", "--no-ff", "-m", "Merge it", f"feature/{reverted}-work")
    sha = box.git("log", "--format=%H", f"--grep=^{story.expected[reverted][3]}$", "main")
    box.git("revert", "--no-edit", sha)
    work.take()

    on_a_host(box, hosted, merged)
    story.expected[hosted] = ["Squashed there (#7)"]
    box.git("branch", "-q", "-D", f"feature/{hosted}-work")
    from tm_git.scan import scan

    scan(box.repo, work.hub)

    found = {task: sorted(work.commits(task)) for task in tasks}
    assert found == {task: sorted(subjects) for task, subjects in story.expected.items()}
    assert {task: work.host.tasks.get(task).status for task in tasks} == dict.fromkeys(tasks, "in_progress")


def rebase(box, tmp_path, branch, edits):
    editor = tmp_path / "sequence"
    editor.write_text(f'#!/bin/sh\nsed -i {edits} "$1"\n')
    editor.chmod(0o755)
    box.git("switch", "-q", branch)
    box.git("rebase", "-q", "-i", "main", GIT_SEQUENCE_EDITOR=str(editor))


def on_a_host(box, hosted, merged):
    """A squash and a merge without any hook, as a host makes them."""
    off = ("-c", "core.hooksPath=/dev/null")
    box.git(*off, "switch", "-q", "main")
    box.git(*off, "merge", "-q", "--squash", f"feature/{hosted}-work")
    box.git(*off, "commit", "-q", "-m", f"Squashed there (#7)\n\n* Change\n\nTask-ID: {hosted}\n\n* Another")
    box.git(*off, "merge", "-q", "--no-ff", "-m", f"Merge pull request #8 from ann/feature/{merged}-work",
            f"feature/{merged}-work")  # fmt: skip
