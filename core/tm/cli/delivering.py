"""`tm deliver` and `tm worker`: the processes that tell the plugins."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tm.app import Session
from tm.cli.say import say
from tm.cli.spec import Command, Option
from tm.clock import stamp
from tm.config.core import mark
from tm.config.places import CONFIG_NAME
from tm.config.secrets import FILE_NAME
from tm.errors import Refused
from tm.handover import has_overdue
from tm.store.ledger import Ledger

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from tm.hosting import Hosting


STILL_OWED = 6


def run_deliver(session: Session, values: Mapping[str, Any]) -> int:
    """Deliver until nothing is due; say what is still owed."""
    from tm.hosting import Hosting  # the words of every verb are read for help, their rooms are not
    from tm.worker import LINGER, Plan, WorkerLock, drain

    if session.environ.get("TM_NO_PLUGINS"):
        say("TM_NO_PLUGINS is set: nothing was delivered.")
        return 0
    if not Path(session.path).exists():
        say('There is no store here yet, so nothing is owed. First task: tm add "…"')
        return 0
    is_detached = values["linger"]
    linger = LINGER if is_detached else timedelta(0)
    hosting = Hosting(session)
    log = _log(session, hosting, is_file=True)
    until = time.monotonic() + (0 if is_detached else session.core.delivery_wait)
    while not drain(
        session.path,
        lambda: hosting.worker(log, does_pull=False),
        Plan(linger=linger),
        has_work=lambda: has_overdue(session.database, session.core.plugins, now=stamp(session.clock.now())),
    ):
        if time.monotonic() >= until:
            if not is_detached:
                say(f"Another worker (process {WorkerLock(session.path).holder()}) is delivering; left it to that one.")
            return 0
        time.sleep(0.05)
    return _what_is_owed(session, is_strict=values["wait"])


def _what_is_owed(session: Session, *, is_strict: bool) -> int:
    ledger = Ledger(session.database)
    owed = [each for each in ledger.standings() if each.owed]
    for each in owed:
        why = each.paused or (each.state_reason if each.state != "active" else each.last_error) or "waiting"
        say(f"{each.plugin}: {each.owed} still owed ({why})")
    return STILL_OWED if is_strict and owed else 0


def run_worker(session: Session, _values: Mapping[str, Any]) -> int:
    """Deliver and pull until told to stop by SIGTERM or Ctrl-C."""
    from tm.worker import WorkerLock

    lock = WorkerLock(session.path)
    session.database.execute("select 1")
    if not lock.take():
        until = time.monotonic() + session.core.delivery_wait
        while not lock.take():
            if time.monotonic() > until:
                raise Refused(f"Another worker (process {lock.holder()}) is alive for {session.path}.")
            time.sleep(0.05)
    try:
        while _work(session):
            session = Session(session.environ, session.cwd, config=session.config)
    finally:
        lock.let_go()
    return 0


def _work(session: Session) -> bool:
    """Run a worker with the settings as they are; True when it ended because they have changed."""
    from tm.hosting import Hosting
    from tm.worker import Plan

    hosting = Hosting(session)
    log = _log(session, hosting, is_file=False)
    log.info("worker started", extra={"store": session.path, "plugins": ",".join(hosting.plugins)})
    before = _marks(session)
    worker = hosting.worker(log, does_pull=True, is_outdated=lambda: _marks(session) != before)
    worker.run(Plan(forever=True))
    return not worker.is_stopped


def _marks(session: Session) -> list[str]:
    """What tells one version of the settings files from the next, missing files included."""
    place = session.place
    secrets = [str(Path(folder, FILE_NAME)) for folder in (place.user_folder, Path(session.path).parent)]
    trusted = str(Path(place.user_folder, "trust"))
    return [mark(path) for path in (place.config_file or CONFIG_NAME, place.user_file, trusted, *secrets)]


def _log(session: Session, hosting: Hosting, *, is_file: bool) -> logging.Logger:
    from tm.logs import open_log

    file = str(Path(session.path).with_name("tm.log")) if is_file else None
    return open_log(session.environ, now=session.clock.now, file=file, clean=hosting.cleaners())


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
