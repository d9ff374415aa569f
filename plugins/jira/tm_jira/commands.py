"""`tm jira`: how the sync is doing, a look now, history brought in, and ties made or cut by hand."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

import tm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tm import Hub
    from tm_jira.client import Site

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Tasks and Jira issues in step, both ways.")

_FORMAT = Annotated[str, typer.Option(help="text or json.")]


@app.command()
def status(format: _FORMAT = "text") -> int:
    """Say how far Jira was read, and which issues wait for a person."""
    tm.choice(format, of="format", among=("text", "json"))
    from tm_jira.standing import lines, standing

    with _jira(dry_run=True) as (hub, _):
        found = standing(hub)
    if format == "json":
        _out(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _out("\n".join(map(_plain, lines(found))))
    return 0


@app.command()
def sync(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, on both sides.")] = False,
    format: _FORMAT = "text",
) -> int:
    """Look at Jira now instead of at the worker's next look, and bring together what differs."""
    tm.choice(format, of="format", among=("text", "json"))
    from tm_jira.rehearsal import rehearse

    with _jira(dry_run=dry_run) as (hub, site):
        rows = rehearse(hub, site=site)
        if not dry_run:
            _bring_together({row.task_id for row in rows if row.task_id}, hub)
    if format == "json":
        _out(json.dumps([row._asdict() for row in rows], ensure_ascii=False, indent=2))
    else:
        _table(("task", "issue", "field", "what", "value"), [row.shown() for row in rows])
        _say(_summary(len(rows), is_dry=dry_run))
    return 0


def _bring_together(tasks: set[str], hub: Hub) -> None:
    from tm_jira.looking import pull

    for task_id in sorted(tasks):
        hub.wake(task_id, "tm jira sync")
    pull(hub)


def _summary(count: int, *, is_dry: bool) -> str:
    if not count:
        return "Nothing differs."
    steps = "1 step" if count == 1 else f"{count} steps"
    return f"{steps} to take." if is_dry else f"{steps} under way; see how it went: tm delivery list --plugin jira"


@app.command()
def backfill(
    jql: Annotated[str, typer.Option(help="Which issues, as Jira's own search finds them.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which issues would become tasks.")] = False,
) -> int:
    """Make tasks of issues that were there before, silently; nothing is written to Jira. Run it again to go on."""
    from tm_jira.backfill import backfill as bring_in

    with _jira(dry_run=dry_run) as (hub, site):
        done = bring_in(jql, hub=hub, site=site, is_dry=dry_run, say=_say)
    if dry_run:
        _table(("issue", "summary"), done.would)
        _say(f"Issues that would become tasks: {len(done.would)}; that have one, or are to have none: {done.known}.")
    else:
        _say(f"✓ Tasks made: {done.made}. Issues that have one already, or are to have none: {done.known}.")
    return 0


@app.command()
def link(
    task: Annotated[str, typer.Argument(help="The task's id.", metavar="TASK")],
    issue: Annotated[str, typer.Argument(help="The issue's key.", metavar="KEY")],
    lead: Annotated[str, typer.Option(help="Whose words count where both differ: here or there (Jira's).")] = "there",
) -> int:
    """Tie a task to an issue that is there already."""
    tm.choice(lead, of="lead", among=("here", "there"))
    from tm_jira.ties import tie

    with _jira() as (hub, site):
        found = hub.tasks.get(hub.tasks.resolve(task))
        key = tie(found, issue.strip().upper(), leads=lead, hub=hub, site=site)  # type: ignore[arg-type]  # one of the two
        others = [
            name for name, leader in hub.settings.fields.items() if leader != {"here": "tm", "there": "jira"}[lead]
        ]
    _say(f"✓ Task {found.id} is {key}; both are brought together.")
    if others:
        _say(f"Of {', '.join(others)} the settings say who leads, whatever --lead says.")
    return 0


@app.command()
def unlink(
    task: Annotated[str, typer.Argument(help="The task's id, or the issue's key.", metavar="TASK|KEY")],
) -> int:
    """Take a task and its issue apart; both stay, and neither is tied by itself again."""
    from tm_jira.links import KIND, link_of
    from tm_jira.ties import untie

    with _jira() as (hub, site):
        task_id = hub.tasks.resolve(task)
        link = link_of(task_id, hub) or next(iter(hub.links.mine(task_id, kind=KIND)), None)
        if link is None:
            raise tm.NotFound(f"Task {task_id} has no issue in this Jira.")
        stays = untie(link, hub, site=site)
    if stays:
        _say(f"The mark stays on {link.key}, so no other hub can have it: {stays}")
    _say(f"✓ Task {task_id} and {link.key} are apart.")
    return 0


@contextmanager
def _jira(*, dry_run: bool = False) -> Iterator[tuple[Hub, Site]]:
    """The plugin's hub and its Jira; what Jira has against a call is the command's error, in its words."""
    from tm_jira.client import site_of

    try:
        with tm.open_hub("jira", dry_run=dry_run) as hub:
            yield hub, site_of(hub.settings, now=hub.clock.now)
    except tm.NeedsLogin as failure:
        raise tm.ConfigError(str(failure)) from None
    except (tm.RetryLater, tm.OutcomeUnknown) as failure:
        raise tm.StoreError(f"{failure} Nothing is lost; try again.") from None
    except tm.PermanentFailure as failure:
        from tm_jira.outcome import NotThere

        raise (tm.NotFound if isinstance(failure, NotThere) else tm.Refused)(str(failure)) from None


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows for people on a terminal, tab-separated for a pipe."""
    if not rows:
        return
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        table = Table(*heads)
        for row in rows:
            table.add_row(*(escape(_plain(each)) for each in row))
        Console(file=sys.stdout).print(table)
    else:
        _out("\n".join("\t".join(_plain(each) for each in row) for row in rows))


def _plain(value: Any) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in str(value))


def _out(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _say(text: str) -> None:
    sys.stderr.write(f"{_plain(text)}\n")
