"""A worker's pulls: on their interval, each noted, whatever they raise."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

import tm
from tm.clock import stamp
from tm.pulls import PAUSE, Pulls
from tm.store.plugins import PluginRecords
from tm.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger("tm.testing")


class Looker:
    """A plugin that looks outside."""

    class Settings(tm.PluginSettings):
        """Every ten minutes."""

        interval: timedelta = timedelta(minutes=10)

    @tm.hookimpl
    def pull(self, hub: tm.Hub) -> None:
        """Look."""


class Mute(BaseException):
    """Raises whatever it is asked."""

    def __str__(self) -> str:
        raise SystemExit

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit


def pulls_of(host: Any, pull: Callable[..., None]) -> Pulls:
    return Pulls(host.database, host.clock, plugins=host.plugins.values(), pull=pull, log=LOG)


def make(pulls: Pulls) -> None:
    """Start what is due and wait for it."""
    pulls.start_what_is_due()
    for thread in threading.enumerate():
        if thread.name == "tm-pull-looker":
            thread.join(30)


def raising(error: type[BaseException], **said: Any) -> Callable[..., None]:
    def pull(*_: object) -> None:
        raise error("no", **said)

    return pull


@pytest.fixture
def host(open_host: Callable[..., Any]) -> Any:
    return open_host(looker=Looker(), clock=FakeClock())


def noted(host: Any) -> tuple[str | None, str, str | None]:
    return PluginRecords(host.database).pulls()["looker"]


def test_a_pull_is_made_when_its_interval_is_over_and_not_before(host: Any) -> None:
    calls: list[str] = []
    pulls = pulls_of(host, lambda plugin, _: calls.append(plugin.name))
    make(pulls)
    make(pulls)
    host.clock.advance(timedelta(minutes=10))
    make(pulls)

    assert calls == ["looker", "looker"]
    assert noted(host) == (stamp(host.clock.now()), stamp(host.clock.now() + timedelta(minutes=10)), None)


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, Mute, tm.NeedsLogin])
def test_whatever_a_pull_raises_is_noted_and_it_is_made_again_later(host: Any, error: type[BaseException]) -> None:
    make(pulls_of(host, raising(error)))
    pulled_at, next_at, words = noted(host)

    assert (pulled_at, next_at) == (None, stamp(host.clock.now() + timedelta(minutes=10)))
    assert words


def test_a_pull_that_asks_for_another_time_gets_it(host: Any) -> None:
    make(pulls_of(host, raising(tm.RetryLater, after=timedelta(minutes=2))))

    assert noted(host)[1] == stamp(host.clock.now() + timedelta(minutes=2))


def test_a_pull_that_cannot_be_noted_is_not_made_again_at_once(host: Any) -> None:
    calls: list[str] = []

    def pull(plugin: Any, database: Any) -> None:
        calls.append(plugin.name)
        with database.transaction():
            database.execute("alter table pull rename to away")

    pulls = pulls_of(host, pull)
    make(pulls)
    with host.database.transaction():
        host.database.execute("alter table away rename to pull")
    make(pulls)
    host.clock.advance(timedelta(seconds=PAUSE))
    make(pulls)

    assert calls == ["looker", "looker"]
