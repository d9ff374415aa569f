"""Bringing in the issues there were before: page by page, at Jira's pace, and from where it stopped when run again."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import tm
from tm_jira.adopt import adopt, wanting
from tm_jira.fields import WANTED
from tm_jira.outcome import Limited, Refused
from tm_jira.searches import unordered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tm import Hub
    from tm_jira.client import Site
    from tm_jira.fields import Issue

T = TypeVar("T")

PATIENCE = timedelta(minutes=10)


class Done(NamedTuple):
    """How many tasks were made, how many issues needed none, and, in a dry run, which would become tasks."""

    made: int
    known: int
    would: list[tuple[str, str]]


def backfill(jql: str, *, hub: Hub, site: Site, is_dry: bool, say: Callable[[str], None]) -> Done:
    """Make tasks of all issues that a search finds and that have none. Nothing is written to Jira.

    Every task is tied in the moment it is made, so a run that was cut short goes on when it is run again. Raises
    UsageError for a search that Jira does not understand, RetryLater when Jira asks for a long pause.
    """
    try:
        unordered(jql)
    except ValueError as wrong:
        raise tm.UsageError(f"--jql {wrong}.") from None
    site.account()  # to a stranger a search shows nothing, and all would seem done
    made, known, would = 0, 0, list[tuple[str, str]]()
    pages = site.search(f"({jql}) ORDER BY created ASC", fields=WANTED, wait=lambda limited: _wait(limited, say))
    act: Callable[..., Issue | str | None] = wanting if is_dry else adopt
    with _progress() as advance:
        for raw in _each(_understood(pages), advance):
            found = _patiently(partial(act, raw, hub, site=site), say)
            if found is None:
                known += 1
            elif isinstance(found, str):
                made += 1
            else:
                would.append((found.key, str(found.theirs.get("title", ""))))
    return Done(made, known, would)


def _each(pages: Iterator[list[Mapping[str, Any]]], advance: Callable[[int], None]) -> Iterator[Mapping[str, Any]]:
    for page in pages:
        yield from page
        advance(len(page))


def _understood(pages: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from pages
    except Refused as refusal:
        raise tm.UsageError(str(refusal)) from None


def _patiently(call: Callable[[], T], say: Callable[[str], None]) -> T:
    """What a call gives, made again after every pause that Jira asks for."""
    while True:
        try:
            return call()
        except Limited as limited:
            _wait(limited, say)


def _wait(limited: Limited, say: Callable[[str], None]) -> None:
    """Let the time pass that Jira asks for; raises what it said when that is too long for a person at a shell."""
    after = limited.after or timedelta(seconds=30)
    if after > PATIENCE:
        raise limited
    say(f"Jira asks for a pause of {after.total_seconds():.0f} s.")
    threading.Event().wait(after.total_seconds())


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; nothing else anywhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("issues read"), BarColumn(), TextColumn("{task.completed}"), TimeElapsedColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task("issues", total=None)
        yield lambda count: progress.advance(bar, count)
