"""Taking what git's hooks noted: one process at a time, in order, and passed over only when it is done."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tm import Refused
from tm_git import taking
from tm_git.places import room
from tm_git.spooled import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tm import Hub
    from tm_git.repo import Repo
    from tm_git.spool import Entry

    Handle = Callable[[Sequence[Entry], Repo, Hub], list[str]]

PATIENCE = 60.0
"""How many seconds a command waits for a take that goes on."""


def taken(repo: Repo, hub: Hub) -> None:
    """Take everything that was noted, so that a command does not answer from behind; remarks go to stderr.

    Raises Refused when another take goes on for a minute.
    """
    for remark in take(repo, hub, patience=PATIENCE):
        sys.stderr.write(f"tm git: {remark}\n")


def take(repo: Repo, hub: Hub, *, patience: float = 0, handle: Handle | None = None) -> list[str]:
    """Take everything that was noted and return the remarks.

    Killed anywhere, the next take repeats what this one had not passed over. While another take goes on it does
    nothing, for that one looks again when it has ended; with `patience` it waits for it, and raises Refused in the end.
    `handle` is what is done with the entries, `taking.handle` by default.
    """
    spool = Spool(room(repo))
    remarks: list[str] = []
    if not spool.folder.is_dir():
        return remarks
    while True:
        spool.expect_hooks_to_start_takes()
        with spool.lock(wait=patience, now=hub.clock.monotonic) as is_ours:
            if is_ours:
                remarks += _work_off(spool, lambda entries: (handle or taking.handle)(entries, repo, hub))
        if not is_ours and patience:
            raise Refused("Another tm git take has been at work for a minute. End it, or try again later.")
        if not is_ours or spool.read().is_empty:  # a hook may have noted something while nobody could take it
            return remarks


def _work_off(spool: Spool, handle: Callable[[Sequence[Entry]], list[str]]) -> list[str]:
    remarks: list[str] = []
    garbage = 0
    while not (batch := spool.read()).is_empty:
        if batch.entries:
            remarks += handle(batch.entries)
        garbage += batch.garbage
        spool.advance(batch)
    if garbage:
        remarks.append(f"{garbage} notes of git's hooks in {spool.folder} make no sense and were passed over.")
    return remarks
