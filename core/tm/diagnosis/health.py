"""What `tm doctor` looks at: configuration, store, backlog, and each plugin's own check."""

from __future__ import annotations

import contextlib
import platform
import sys
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from tm.clock import stamp
from tm.diagnosis.audit import audit
from tm.diagnosis.backlog import outbox_findings, pause_finding, pull_finding, worker_finding
from tm.diagnosis.isolation import Call, Unanswered
from tm.diagnosis.requirements import clashes
from tm.diagnosis.soundness import store_findings, surroundings
from tm.errors import NotFound, StoreError
from tm.handover import mode
from tm.hub import Finding
from tm.packages import installed
from tm.plugins import API, GROUP
from tm.service.steering import resume
from tm.store.plugins import PluginRecords
from tm.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tm.app import Session
    from tm.diagnosis.audit import About
    from tm.hosting import Hosting
    from tm.plugins import Plugin

CHECK_LIMIT = timedelta(seconds=20)


def examine(session: Session, *, only: str | None = None, check_limit: timedelta = CHECK_LIMIT) -> list[About]:
    """Look at everything, or at one plugin; each finding comes with what it is about.

    Calls the plugins' `check`, each on its own thread for at most `check_limit`. A check without an error ends
    that plugin's pause and hands over what it is owed. Makes no store unless a check needs one. Raises NotFound
    for a plugin neither enabled nor installed.
    """
    hosting, found = audit(session, only=only)
    if hosting is None:
        return found
    if only:
        found += _standing_of(session, only)
    else:
        found += _general(session)
        found += [("store", each) for each in _store(session)]
    is_sound = not any(about == "store" and each.level == "error" for about, each in found)
    found += clashes(only=only)
    with contextlib.redirect_stdout(sys.stderr):  # what a plugin prints is no finding
        checked = check_all(hosting, limit=check_limit)
    found += [(name, each) for name, findings in checked.items() for each in findings]
    if is_sound and session.has_store():
        found += _backlog(hosting, checked, only=only)
    return found


def _standing_of(session: Session, name: str) -> Iterator[About]:
    if name in session.core.plugins:
        return
    if name not in installed(GROUP):
        raise NotFound(f"There is no plugin {name[:60]!r}. See the names: tm plugins")
    yield name, Finding(level="warning", message="disabled", advice=f"Enable it: [plugins.{name}] in tm.toml")


def _general(session: Session) -> Iterator[About]:
    machine = f"tm-hub {version('tm-hub')}, plugin API {API}, Python {platform.python_version()}"
    yield "tm", Finding(level="ok", message=f"{machine}, {platform.system()}.")
    if session.core.actor:
        yield "actor", Finding(level="ok", message=f"You are {session.actor}.")
    else:
        yield (
            "actor",
            Finding(
                level="warning",
                message=f"Nobody said who you are; {session.actor} stands in your tasks' history.",
                advice="git config --global user.email you@example.com, or set TM_ACTOR",
            ),
        )
    how = mode(session.core.delivery, session.environ)
    yield "delivery", Finding(level="ok", message=f"Delivery is {how} (delivery = {session.core.delivery}).")


def _store(session: Session) -> Iterator[Finding]:
    try:
        is_there = session.has_store()
    except StoreError as error:
        yield Finding(level="error", message=str(error))
        return
    if is_there:
        yield from store_findings(SqliteDatabase(session.path, create=False))
        return
    yield from surroundings(session.path)
    yield Finding(level="ok", message=f"There is no store at {session.path} yet; the first command makes it.")


def check_all(hosting: Hosting, *, limit: timedelta) -> dict[str, list[Finding]]:
    """What the `check` of each active plugin finds, all asked at once; one that raises or hangs is a finding."""
    calls = {
        name: Call(lambda plugin=plugin: _check(hosting, plugin))  # type: ignore[misc]  # bound to its own plugin
        for name, plugin in hosting.plugins.items()
        if plugin.is_active and "check" in plugin.hooks
    }
    clock = hosting.session.clock
    until, found = clock.monotonic() + limit.total_seconds(), {}
    for name, call in calls.items():
        findings, error = call.outcome(seconds=until - clock.monotonic())
        found[name] = findings if error is None else [_failure(error, hosting.plugins[name], limit=limit)]
    return found


def _check(hosting: Hosting, plugin: Plugin) -> list[Finding]:
    clean = plugin.redactor.clean
    with SqliteDatabase(hosting.session.path) as database:
        findings = list(plugin.hooks["check"](hub=hosting.hub(plugin, database)) or ())
    if odd := next((each for each in findings if not isinstance(each, Finding)), None):
        raise TypeError(f"it yields {type(odd).__name__} where tm.Finding is wanted")
    return [each.with_(message=clean(str(each.message)), advice=clean(str(each.advice))) for each in findings]


def _failure(error: BaseException, plugin: Plugin, *, limit: timedelta) -> Finding:
    if isinstance(error, Unanswered):
        message = f"Its check did not answer within {limit.total_seconds():g} s."
        return Finding(level="error", message=message, advice="See that its service can be reached from here.")
    words = plugin.redactor.clean(f"{type(error).__name__}: {error}".rstrip(": "))
    return Finding(level="error", message=f"Its check failed: {words}", advice="See the plugin's documentation.")


def _backlog(hosting: Hosting, checked: Mapping[str, Sequence[Finding]], *, only: str | None) -> Iterator[About]:
    session, now = hosting.session, hosting.session.clock.now()
    for name, health in PluginRecords(session.database).health().items():
        plugin = hosting.plugins.get(name)
        if plugin is None or not plugin.is_active:
            continue
        if finding := pause_finding(health, now=stamp(now)):
            is_good = name in checked and all(each.level != "error" for each in checked[name])
            yield name, _resumed(session, name) if is_good and health.paused else finding
        if finding := pull_finding(plugin, session.database, now=now):
            yield name, finding
    if not only:
        yield "worker", worker_finding(session)
    yield from outbox_findings(session, only=only)


def _resumed(session: Session, name: str) -> Finding:
    ended = resume(session.database, name, at=stamp(session.clock.now()))
    session.nudge()
    return Finding(level="ok", message=f"Its check is good; this pause is over: {ended}")
