"""Running a drain or a worker for a hub: the lock, the settings as they change, and when it is over."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tm.clock import stamp
from tm.config.core import mark
from tm.config.places import CONFIG_NAME
from tm.config.secrets import FILE_NAME
from tm.errors import ConfigError, Refused
from tm.handover import has_overdue
from tm.hosting import Hosting
from tm.worker import DRAIN, LINGER, WORKER, Plan, Worker, WorkerLock

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from tm.app import Session

LIFE = 30 * 60.0
LOOK_AGAIN = 0.05


def run_drain(session: Session, log: Callable[[Hosting], logging.Logger], *, lingers: bool) -> bool:
    """Deliver until nothing is due, then unlock and look again, so that no wake-up is lost.

    One that `lingers` stays for retries due within minutes, for half an hour at most; the next command starts
    another. False when another process holds the worker lock.
    """
    ends_at = time.monotonic() + LIFE
    while True:
        lock = WorkerLock(session.path)
        if not lock.take(DRAIN):
            return False
        try:
            is_late = time.monotonic() > ends_at
            worker = _run(Hosting(session), log, Plan(linger=LINGER if lingers and not is_late else timedelta(0)))
        finally:
            lock.let_go()
        now = stamp(session.clock.now())
        if worker.is_stopped or not (
            worker.is_outdated or has_overdue(session.database, session.core.plugins, now=now)
        ):
            return True
        session = session.again()


def run_worker(session: Session, log: Callable[[Hosting], logging.Logger]) -> None:
    """Deliver and pull until told to stop, with the settings as they are.

    A lingering drain makes room. Raises Refused when another worker is alive; settings that are wrong while
    it runs leave the old ones in force.
    """
    signal.signal(signal.SIGTERM, _end_at_once)
    lock = WorkerLock(session.path)
    session.database.execute("select 1")
    _take_over(lock, session)
    try:
        hosting = Hosting(session)
        while not _run(hosting, log, Plan(forever=True)).is_stopped:
            hosting = _renewed(hosting, log(hosting))
    finally:
        lock.let_go()


def _end_at_once(*_: object) -> None:
    """What SIGTERM means while a worker is still being made: nothing is under way yet."""
    raise SystemExit(0)


def _take_over(lock: WorkerLock, session: Session) -> None:
    until = time.monotonic() + max(session.core.delivery_wait, 1)
    while not lock.take(WORKER):
        pid, kind = lock.holder()
        if kind == DRAIN and pid > 1:
            with contextlib.suppress(OSError):  # gone already, or another user's
                os.kill(pid, signal.SIGTERM)
        if time.monotonic() > until:
            raise Refused(f"Another {kind or WORKER} (process {pid}) is alive for {session.path}; end it first.")
        time.sleep(LOOK_AGAIN)


def _run(hosting: Hosting, log: Callable[[Hosting], logging.Logger], plan: Plan) -> Worker:
    session = hosting.session
    before, lines = marks(session), log(hosting)
    lines.info("started", extra={"store": session.path, "plugins": ",".join(hosting.plugins)})
    worker = hosting.worker(lines, does_pull=plan.forever, is_outdated=lambda: marks(session) != before)
    worker.run(plan)
    return worker


def _renewed(hosting: Hosting, log: logging.Logger) -> Hosting:
    try:
        return Hosting(hosting.session.again())
    except ConfigError as error:
        log.error("settings are wrong, the old ones stay in force", extra={"error": str(error)})
        return hosting


def marks(session: Session) -> list[str]:
    """What tells one version of the settings files from the next, missing files included."""
    place = session.place
    secrets = [str(Path(folder, FILE_NAME)) for folder in (place.user_folder, Path(session.path).parent)]
    trusted = str(Path(place.user_folder, "trust"))
    return [mark(path) for path in (place.config_file or CONFIG_NAME, place.user_file, trusted, *secrets)]
