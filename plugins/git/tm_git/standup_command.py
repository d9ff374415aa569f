"""`tm standup`: what I did, from my changes to tasks and my commits."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

import tm
from tm import UsageError
from tm_git.commits import heads, printable, read
from tm_git.intake import taken
from tm_git.linking import Linking
from tm_git.repo import Repo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tm import Event, Hub
    from tm_git.commits import Commit

app = typer.Typer(add_completion=False)
_DEEDS = {
    "task.created": "created it", "task.started": "started it", "task.paused": "put it back",
    "task.blocked": "blocked it", "task.unblocked": "unblocked it", "task.completed": "completed it",
    "task.reopened": "reopened it", "task.cancelled": "cancelled it", "task.rated": "rated it",
    "task.measured": "measured it",
}  # fmt: skip


@app.command()
def standup(
    since: Annotated[str, typer.Option(help="Since when: yesterday, 24h, 2026-11-01.", metavar="WHEN")] = "yesterday",
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
) -> int:
    """Tell what I did since yesterday, by task: my changes, and my commits in this repository."""
    tm.choice(format, of="format", among=("text", "json"))
    repo = Repo.here()
    with tm.open_hub("git") as hub:
        taken(repo, hub)
        me = {each for each in (hub.actor, repo.setting("user.email")) if each}
        if not me:
            raise UsageError("Nobody knows who you are. Set TM_ACTOR, or: git config user.email you@example.com")
        start = hub.since(since)
        there = heads(repo)
        commits = _mine(read(repo, there, since=start.isoformat()), me) if there else []
        did = _done([each for each in hub.history(start) if each.actor in me])
        told = _told(hub, _with_commits(did, commits, Linking(repo, hub)))
    if format == "json":
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n\n".join(_lines(each) for each in told) + "\n" if told else "")
    if not told:
        sys.stderr.write(f"Nothing by {' or '.join(sorted(me))} since {since}.\n")
    return 0


def _mine(commits: Iterable[Commit], me: set[str]) -> list[Commit]:
    return [each for each in commits if each.author in me and len(each.parents) < 2]


def _done(events: list[Event]) -> dict[str, list[str]]:
    did: dict[str, list[str]] = {}
    for event in events:
        if event.task_id and (words := _words(event)):
            did.setdefault(event.task_id, []).append(words)
    return did


def _with_commits(did: dict[str, list[str]], commits: list[Commit], linking: Linking) -> dict[str, list[str]]:
    for commit in commits:
        for task_id in [each.task_id for each in linking.of_commit(commit.sha)] or [""]:
            known = did.setdefault(task_id, [])
            if not any(each.startswith(commit.short) for each in known):
                known.append(f"{commit.short} {commit.subject}")
    return did


def _told(hub: Hub, did: dict[str, list[str]]) -> list[dict[str, Any]]:
    order = sorted(did, key=lambda task_id: (not task_id, list(did).index(task_id)))
    return [{**_task(hub, task_id), "did": list(dict.fromkeys(did[task_id]))} for task_id in order]


def _words(event: Event) -> str:
    data = event.data
    said = data.get("note") or data.get("reason") or data.get("summary") or data.get("text") or ""
    deed = _DEEDS.get(event.type, "")
    return ": ".join(filter(None, (deed, str(said)))) if deed or event.type in ("task.progressed", "task.noted") else ""


def _task(hub: Hub, task_id: str) -> dict[str, Any]:
    task = hub.tasks.find(task_id) if task_id else None
    gone = {"id": task_id or None, "title": "without a task" if not task_id else "deleted", "status": None}
    return {"id": task.id, "title": task.title, "status": task.status} if task else gone


def _lines(each: dict[str, Any]) -> str:
    status = f" ({each['status'].replace('_', ' ')})" if each["status"] else ""
    head = f"{each['id']} {each['title']}{status}" if each["id"] else "Without a task"
    return "\n".join([printable(head), *(f"  · {printable(did)}" for did in _first_lines(each["did"]))])


def _first_lines(texts: list[str]) -> Iterator[str]:
    yield from (text.splitlines()[0] for text in texts if text.strip())
