"""`tm start`: a task's branch, and the task under way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

import tm
from tm import NotFound, Refused, UsageError
from tm_git.facts import branch_for, task_in_branch
from tm_git.intake import taken
from tm_git.linking import Linking
from tm_git.repo import GitFailed, Repo

if TYPE_CHECKING:
    from tm import Hub, Task

app = typer.Typer(add_completion=False)


@app.command()
def start(
    words: Annotated[list[str], typer.Argument(metavar="ID|TITLE", help="A task's id, or the title of a new one.")],
) -> int:
    """Make or check out the task's branch, and start the task; a title makes a new task and prints its id."""
    text = " ".join(words).strip()
    if not text:
        raise UsageError("Say which task, or the title of a new one. Example: tm start 7f3a0c11")
    repo = Repo.here()
    with tm.open_hub("git") as hub:
        taken(repo, hub)
        me = hub.actor or repo.setting("user.email") or "git"
        task = _task(hub, text, is_one_word=len(words) == 1)
        is_made = task is None
        if task is None:
            task = hub.tasks.acting_for(me).add(text)
        try:
            branch = _check_out(repo, hub, task)
        except GitFailed as error:
            if is_made:
                hub.tasks.delete(task.id)
            raise Refused(f"The branch cannot be checked out: {error}") from None
        if task.status == "pending":
            hub.tasks.acting_for(me).move(task.id, "in_progress")
        Linking(repo, hub).note_branch(branch, actor=me)
    if is_made:
        sys.stdout.write(f"{task.id}\n")
    sys.stderr.write(f"✓ {task.id} is under way in {branch}.\n")
    return 0


def _task(hub: Hub, text: str, *, is_one_word: bool) -> Task | None:
    """The task that is meant, None for the title of a new one. Raises UsageError for an id that nothing has."""
    try:
        task = hub.tasks.get(hub.tasks.resolve(text))
    except NotFound:
        if is_one_word and not text.lower().strip("0123456789abcdef"):
            raise
        return None
    if not task.is_open:
        raise Refused(f"Task {task.id} is {task.status}. Take it up again first: tm reopen {task.id}")
    if task.status == "blocked":
        raise Refused(f"Task {task.id} is blocked: {task.blocked_reason}. First: tm unblock {task.id}")
    return task


def _check_out(repo: Repo, hub: Hub, task: Task) -> str:
    for name in repo.lines("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"):
        named = task_in_branch(name)
        if named and named.task_id == task.id:
            repo.ask("checkout", "--quiet", name, "--")
            return name
    key = next((each.key for each in hub.links.of_task(task.id) if each.kind == "issue" and each.key), None)
    branch = branch_for(task.id, task.title, key=key)
    repo.ask("checkout", "--quiet", "-b", branch)
    return branch
