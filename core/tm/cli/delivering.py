"""`tm deliver` and `tm worker`: the processes that tell the plugins."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tm.app import ALONE
from tm.cli.say import say
from tm.cli.spec import Command, Option
from tm.clock import stamp
from tm.diagnosis.pauses import held_back
from tm.errors import NOT_DELIVERED, UsageError
from tm.store.ledger import Ledger

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from tm.app import Session
    from tm.hosting import Hosting


def run_deliver(session: Session, values: Mapping[str, Any]) -> int:
    """Deliver until nothing is due; say what is still owed."""
    from tm.drains import run_drain  # the words of every verb are read for help, their rooms are not
    from tm.workerlock import WorkerLock

    if not session.has_store():
        say('There is no store here yet, so nothing is owed. First task: tm add "…"')
        return 0
    if session.leaves_plugins_alone:
        say(ALONE)
        return _what_is_owed(session, is_strict=values["wait"])
    lingers = values["linger"]
    until = session.clock.monotonic() + (0 if lingers else session.core.delivery_wait)
    while not run_drain(session, _file_log, lingers=lingers):
        if session.clock.monotonic() >= until:
            if lingers:
                return 0
            pid, kind = WorkerLock(session.path).holder()
            say(f"Another {kind} (process {pid}) is delivering; left it to that one.")
            break
        time.sleep(0.05)
    return _what_is_owed(session, is_strict=values["wait"])


def _what_is_owed(session: Session, *, is_strict: bool) -> int:
    now = stamp(session.clock.now())
    ledger = Ledger(session.database)
    owed = [each for each in ledger.standings() if each.owed]
    for each in owed:
        held = held_back(each, now=now)
        why = ": ".join(held) if held else ledger.why_owed(each.plugin) or "waiting"
        say(f"{each.plugin}: {each.owed} still owed ({why})")
    return NOT_DELIVERED if is_strict and owed else 0


def run_worker(session: Session, _values: Mapping[str, Any]) -> int:
    """Deliver and pull until told to stop by SIGTERM or Ctrl-C."""
    from tm.drains import run_worker as run

    if session.leaves_plugins_alone:
        raise UsageError(ALONE)
    run(session, _stderr_log)
    return 0


def _stderr_log(hosting: Hosting) -> logging.Logger:
    from tm.logs import open_log

    session = hosting.session
    return open_log(session.environ, now=session.clock.now, clean=hosting.clean)


def _file_log(hosting: Hosting) -> logging.Logger:
    from tm.logs import open_log

    session = hosting.session
    file = str(Path(session.path).with_name("tm.log"))
    return open_log(session.environ, now=session.clock.now, file=file, clean=hosting.clean)


DELIVER = Command(
    name="deliver",
    help="Deliver what is due now, then end; never waits for a retry.",
    run=run_deliver,
    panel="Delivery",
    options=(
        Option(flag="--wait", kind="flag", help="Exit 6 if anything is still owed afterwards."),
        Option(
            flag="--linger",
            kind="flag",
            help="Stay for retries due within minutes, log to tm.log (drains do).",
        ),
    ),
)
WORKER = Command(
    name="worker",
    help="Deliver and pull until stopped (SIGTERM or Ctrl-C end it gracefully).",
    run=run_worker,
    panel="Delivery",
    epilog="Logs go to stderr; TM_LOG=json for machines. A systemd unit is in examples/tm-worker.service.",
)
