"""`tm git log` and `tm git scan`: which commits belong to a task, and finding those that no hook told."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

import tm
from tm import Link, UsageError
from tm_git.commits import printable, size
from tm_git.intake import taken
from tm_git.linking import Linking, story_of
from tm_git.repo import Repo
from tm_git.scan import scan

app = typer.Typer(add_completion=False)


@app.command("log")
def task_commits(
    task: Annotated[str, typer.Argument(help="The task's id, 4 or more digits of it, or a linked key.")],
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
) -> int:
    """List the commits of a task that are still there, oldest first; rewritten ones are not listed."""
    tm.choice(format, of="format", among=("text", "json"))
    repo = Repo.here()
    with tm.open_hub("git") as hub:
        taken(repo, hub)
        found = [_told(each) for each in Linking(repo, hub).surviving(hub.tasks.resolve(task))]
    if format == "json":
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{_line(each)}\n" for each in found)
    return 0


def _told(link: Link) -> dict[str, Any]:
    story = story_of(link)
    return {
        "sha": link.outside_id,
        "subject": link.title,
        **{name: story[name] for name in ("author", "at", "branch", "files", "insertions", "deletions")},
    }


def _line(each: dict[str, Any]) -> str:
    how_much = size(each["files"], each["insertions"], each["deletions"])
    words = (each["sha"][:9], each["at"], each["author"], each["branch"], how_much, each["subject"])
    return "\t".join(printable(word or "") for word in words)


@app.command("scan")
def scan_history(
    range: Annotated[str | None, typer.Argument(help="Such as v1.0..main; all branches if not said.")] = None,
    since: Annotated[str | None, typer.Option(help="As git reads it: 2.weeks, 2026-11-01.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count; nothing is changed.")] = False,
) -> int:
    """Find commits of tasks in the history: from before the hooks, from merges on a host, from other machines."""
    if range and range.startswith("-"):
        raise UsageError(f"{range[:40]!r} is no range. Example: tm git scan v1.0..main")
    repo = Repo.here()
    with tm.open_hub("git") as hub:
        taken(repo, hub)
        found = scan(repo, hub, range_=range, since=since, is_dry=dry_run, progress=_bar)
    would = "would be linked" if dry_run else "linked"
    sys.stderr.write(f"✓ {found.commits} commits looked at, {found.links} {would} to {found.tasks} tasks.\n")
    return 0


def _bar(done: int, count: int) -> None:
    if count and sys.stderr.isatty():
        end = "\n" if done == count else ""
        sys.stderr.write(f"\r{done:,} of {count:,} commits linked{end}")
        sys.stderr.flush()
