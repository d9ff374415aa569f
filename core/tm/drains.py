"""Running a drain or a worker for a hub: the lock, the settings as they change, and when it is over."""

from __future__ import annotations

import os
import signal
import time
import traceback
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tm.clock import stamp
from tm.config.core import mark
from tm.config.places import CONFIG_NAME
from tm.config.secrets import FILE_NAME
from tm.errors import ConfigError, Refused, StoreError
from tm.handover import has_overdue
from tm.hosting import Hosting
from tm.recorder import words_of
from tm.worker import LINGER, Plan, Surroundings, Worker
from tm.workerlock import DRAIN, WORKER, WorkerLock

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from tm.app import Session

LIFE = 30 * 60.0
LOOK_AGAIN = 0.05
# A connection that is closed deletes the log beside the path it knows. If another store was put there, that log
# holds what was committed since, so the connections of a worker that failed live as long as the process.
_kept: list[Worker] = []


def run_drain(session: Session, log: Callable[[Hosting], logging.Logger], *, lingers: bool) -> bool:
    """Deliver until nothing is due, then unlock and look again, so that no wake-up is lost.

    One that `lingers` stays for retries due within minutes, for half an hour at most, and makes room for a worker;
    the next command starts another. False when another process holds the worker lock.
    """
    ends_at = session.clock.monotonic() + LIFE
    while True:
        lock = WorkerLock(session.path)
        if not lock.take(DRAIN):
            return False
        try:
            is_late = session.clock.monotonic() > ends_at
            plan = Plan(linger=LINGER if lingers and not is_late else timedelta(0))
            worker = _run(_made(session), log, plan=plan, lock=lock)
            if worker.has_calls_out:  # they end with this process; the next drain takes them for undecided
                return True
        finally:
            lock.let_go()
        now = stamp(session.clock.now())
        if worker.is_stopped or not (
            worker.is_outdated or has_overdue(session.database, session.core.plugins, now=now)
        ):
            return True
        session = session.again()
        if not session.has_store():
            return True


def run_worker(session: Session, log: Callable[[Hosting], logging.Logger]) -> None:
    """Deliver and pull until told to stop, with the settings as they are.

    A lingering drain makes room. Raises Refused when another worker is alive, StoreError when the store is gone;
    settings that are wrong while it runs leave the old ones in force.
    """
    signal.signal(signal.SIGTERM, _end_at_once)
    session.database.execute("select 1")
    lock = _take_over(session)
    try:
        made = _made(session)
        worker = _run(made, log, plan=Plan(forever=True), lock=lock)
        while not worker.is_stopped:
            made = _renewed(made, log(made.hosting))
            follows: Worker | None = worker
            if not lock.guards(made.hosting.session.path):
                lock.let_go()
                lock, follows = _take_over(made.hosting.session), None
            worker = _run(made, log, plan=Plan(forever=True), lock=lock, follows=follows)
    finally:
        lock.let_go()


def _end_at_once(*_: object) -> None:
    """What SIGTERM means while a worker is being made: nothing is under way, and plugins may catch what is raised."""
    os._exit(0)


def _take_over(session: Session) -> WorkerLock:
    lock = WorkerLock(session.path)
    until = session.clock.monotonic() + max(session.core.delivery_wait, 1)
    with lock.standing_in_line():
        while not lock.take(WORKER):
            if session.clock.monotonic() > until:
                pid, kind = lock.holder()
                raise Refused(f"Another {kind or WORKER} (process {pid}) is alive for {session.path}; end it first.")
            time.sleep(LOOK_AGAIN)
    return lock


class _Made(NamedTuple):
    """A hub as its settings files say, and what these were like before they were read."""

    hosting: Hosting
    marks: list[str]


def _made(session: Session) -> _Made:
    """Raises ConfigError for settings that are wrong."""
    fresh = session.again()
    before = marks(fresh)  # a change that comes while they are read is noticed afterwards
    return _Made(Hosting(fresh), before)


def _run(
    made: _Made,
    log: Callable[[Hosting], logging.Logger],
    *,
    plan: Plan,
    lock: WorkerLock,
    follows: Worker | None = None,
) -> Worker:
    hosting, session = made.hosting, made.hosting.session
    lines, place = log(hosting), _Place(made, lock, lingers=not plan.forever)
    lines.info("started", extra={"store": session.path, "plugins": ",".join(hosting.plugins)})
    worker = hosting.worker(lines, does_pull=plan.forever, surroundings=place)
    if follows is not None:
        worker.follow(follows)
    try:
        worker.run(plan)
    except BaseException as error:  # nobody sees a drain's stderr
        trace = None if isinstance(error, StoreError) else traceback.format_exc()
        lines.critical("crashed", extra={"error": words_of(error), "trace": trace})
        _kept.append(worker)
        raise
    return worker


class _Place(Surroundings):
    """The store, its lock and the settings files as they were when a worker was made."""

    def __init__(self, made: _Made, lock: WorkerLock, *, lingers: bool) -> None:
        self._session = made.hosting.session
        self._lock = lock
        self._lingers = lingers
        self._marks = made.marks
        self._store = _identity(self._session.path)

    def is_outdated(self) -> bool:
        return marks(self._session) != self._marks

    def is_wanted(self) -> bool:
        return self._lingers and self._lock.is_wanted()

    def loss(self) -> str:
        path = self._session.path
        now = _identity(path)
        if now is None:
            return f"The store {path} is gone. Put it back, then start the worker again."
        if now != self._store:
            return f"Another file was put in the place of the store {path}. Start the worker again."
        if not self._lock.guards(path):
            return f"The lock file beside {path} was taken away. Start the worker again."
        return ""


def _renewed(made: _Made, log: logging.Logger) -> _Made:
    before, session = marks(made.hosting.session), made.hosting.session.again()
    try:
        if not session.has_store():
            raise StoreError(f"There is no store at {session.path}, and a worker makes none by itself.")
        return _made(session)
    except ConfigError as error:
        log.error("settings are wrong, the old ones stay in force", extra={"error": str(error)})
        return made._replace(marks=before)


def marks(session: Session) -> list[str]:
    """What tells one version of the settings files from the next, missing files included."""
    place = session.place
    trusted = str(Path(place.user_folder, "trust"))
    found = [mark(path) for path in (place.config_file or CONFIG_NAME, place.user_file, trusted)]
    secrets = [str(Path(folder, FILE_NAME)) for folder in (place.user_folder, Path(session.path).parent)]
    return [*found, *(mark(path) for path in secrets)]


def _identity(path: str) -> tuple[int, int] | None:
    """What tells a store from another one put in its place."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
