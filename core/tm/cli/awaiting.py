"""Waiting, in the foreground, for what becomes of a command's own events."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from tm.cli.say import say
from tm.clock import stamp
from tm.diagnosis.pauses import held_back
from tm.errors import NOT_DELIVERED
from tm.handover import is_ci, is_worker_free, mode, start_drain
from tm.store.ledger import Ledger
from tm.store.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tm.app import Session

POLL = 0.02
LONGEST_REPORT = 20
OWED = ("pending", "claimed")


def wait_for_outcomes(session: Session, seqs: Sequence[int], *, is_strict: bool) -> int:
    """Watch the deliveries of these events for `delivery_wait` seconds at most, starting a drain if nobody is at it.

    Does not wait for plugins that nobody calls in that time. Says on stderr what is still owed. With `is_strict`
    (`--wait`) it names every outcome and returns 6 if one is dead or still owed, else 0.
    """
    if not seqs:
        return 0
    session.hand_over()
    is_inline = mode(session.core.delivery, session.environ) == "inline"
    drain = _start_drain(session) if is_inline else None
    wait = timedelta(seconds=session.core.delivery_wait)
    until, is_over_at = session.clock.monotonic() + wait.total_seconds(), session.clock.now() + wait
    while not _are_settled(session, seqs, is_over_at) and session.clock.monotonic() < until:
        if drain and _has_ended(drain):
            drain = _start_drain(session)
        time.sleep(POLL)
    if drain:
        _stop(session, drain)
    return _report(session, seqs, held=_held(session, is_over_at), is_strict=is_strict)


def _start_drain(session: Session) -> int | None:
    """A drain that ends with this command, or None where one is alive."""
    if session.leaves_plugins_alone or not is_worker_free(session.path):
        return None
    return start_drain(session.drain_words("--linger"), session.environ, is_detached=False)


def _has_ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def _stop(session: Session, pid: int) -> None:
    """Ask the drain to end: it finishes the call under way, the rest stays owed in the store."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    until = session.clock.monotonic() + 2
    while session.clock.monotonic() < until:
        if _has_ended(pid):
            return
        time.sleep(POLL)


def _are_settled(session: Session, seqs: Sequence[int], is_over_at: datetime) -> bool:
    outbox = Outbox(session.database)
    if outbox.unfanned_between(min(seqs), max(seqs)):
        return False
    waiting = {plugin for plugin, state, *_ in _own(outbox, seqs) if state in OWED}
    return not waiting or waiting <= _held(session, is_over_at).keys()


def _held(session: Session, at: datetime) -> Mapping[str, str]:
    """The plugins nobody calls before the instant `at`, each with the reason."""
    found = {each.plugin: held_back(each, now=stamp(at)) for each in Ledger(session.database).standings()}
    return {name: ": ".join(filter(None, held)) for name, held in found.items() if held}


def _own(outbox: Outbox, seqs: Sequence[int]) -> list[tuple[str, str, str | None, int, int, str | None]]:
    own = set(seqs)
    return [row for row in outbox.of_events(min(seqs), max(seqs)) if row[4] in own]


def _report(session: Session, seqs: Sequence[int], *, held: Mapping[str, str], is_strict: bool) -> int:
    outbox = Outbox(session.database)
    rows = _own(outbox, seqs)
    bad = [row for row in rows if row[1] in (*OWED, "dead")]
    shown = rows if is_strict else bad
    if len(shown) > LONGEST_REPORT:
        say(f"{len(rows)} deliveries, {len(bad)} of them dead or still owed: tm delivery list")
        shown = []
    for plugin, state, error, delivery_id, _, note in shown:
        words, why = ("still owed", held.get(plugin) or error) if state in OWED else (state, error or note)
        say(f"{plugin}: {words}{f' ({why})' if why else ''} — tm delivery show {delivery_id}")
    is_unfanned = bool(outbox.unfanned_between(min(seqs), max(seqs)))
    if is_unfanned:
        who = "no worker did" if mode(session.core.delivery, session.environ) == "worker" else "nobody could do"
        say(f"The plugins were not told yet: {who} it within delivery_wait ({session.core.delivery_wait} s).")
    if (bad or is_unfanned) and is_ci(session.environ):
        say(f"What is owed stays in {session.path} and will be lost with this runner, unless that file is kept.")
    return NOT_DELIVERED if is_strict and (bad or is_unfanned) else 0
