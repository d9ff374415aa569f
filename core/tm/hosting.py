"""Putting a worker together: the plugins of a hub, the hubs they are lent, the dispatcher over them."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tm.app import Session
from tm.clock import stamp
from tm.config.plugin import PluginSettings, bind
from tm.config.redact import Redactor
from tm.config.schema import full
from tm.config.trust import untrusted_fields
from tm.dispatcher import Dispatcher
from tm.errors import ConfigError, NotFound
from tm.handover import has_overdue, is_worker_free, mode, start_drain
from tm.hub import Attempt, Hub
from tm.plugins import Plugin, load
from tm.pulls import Pulls
from tm.worker import Worker

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from tm.config.schema import FullSettings
    from tm.store.outbox import Claimed
    from tm.store.protocol import Database
    from tm.worker import Surroundings

POLL = 0.02
S = TypeVar("S", bound=PluginSettings)


class Hosting:
    """The plugins of one hub, loaded once, and what is made of them."""

    def __init__(self, session: Session, *, names: tuple[str, ...] | None = None) -> None:
        self.session = session
        self.full: FullSettings = full(session.place, session.environ)
        self.plugins: dict[str, Plugin] = load(session.core.plugins if names is None else names, self.full)
        self._redactor = Redactor.of_all(plugin.redactor for plugin in self.plugins.values())

    def dispatcher(self, log: logging.Logger) -> Dispatcher:
        """A dispatcher over the session's store."""
        return Dispatcher(
            self.session.database,
            self.session.clock,
            plugins=self.plugins,
            lend=self._lend,
            log=log,
            me=f"{os.uname().nodename}:{os.getpid()}",
        )

    def worker(
        self,
        log: logging.Logger,
        *,
        does_pull: bool,
        surroundings: Surroundings | None = None,
    ) -> Worker:
        """A worker over the session's store; the caller holds the worker lock."""
        database, clock = self.session.database, self.session.clock
        pulls = Pulls(database, clock, plugins=self.plugins.values(), pull=self.pull, log=log) if does_pull else None
        return Worker(
            database,
            clock,
            dispatcher=self.dispatcher(log),
            log=log,
            pulls=pulls,
            surroundings=surroundings,
        )

    def pull(self, plugin: Plugin, database: Database) -> None:
        """Let a plugin look outside, letting what it raises fly."""
        plugin.hooks["pull"](hub=self.hub(plugin, database))

    def hub(self, plugin: Plugin, database: Database, **call: Any) -> Hub:
        """The hub a plugin gets for one call."""
        return Hub(
            database,
            self.session.clock,
            settings=plugin.settings,
            core=self.session.core,
            plugin=plugin.name,
            people=self.full.people,
            templates=self.full.templates,
            delivery=mode(self.session.core.delivery, self.session.environ),
            **call,
        )

    def _lend(self, plugin: Plugin, claimed: Claimed, database: Database) -> Hub:
        return self.hub(plugin, database, event=claimed.event, attempt=Attempt.of(claimed))

    def clean(self, text: str, limit: int) -> str:
        """The text without any secret of this hub's plugins."""
        return self._redactor.clean(text, limit)


def settings_of(name: str, model: type[S]) -> S:
    """A plugin's settings for a command of its own that needs no store; its defaults where nobody enabled it.

    Raises ConfigError for a wrong key, and for one that only a person may confirm and nobody has.
    """
    session = Session(os.environ, os.getcwd())  # noqa: PTH109 - as the command line does
    found = full(session.place, session.environ)
    settings = bind(name, model, found)
    if blamed := untrusted_fields(name, settings, found):
        raise ConfigError(
            f"The project's file sets {', '.join(blamed)} for {name}. Read it, then confirm: tm config trust "
            "(or let a variable say it, as a CI job does)."
        )
    return settings


def has_hub(name: str) -> bool:
    """Whether a plugin has a hub here: `TM_DATABASE_URL` names a store, or one was made and the plugin is enabled."""
    session = Session(os.environ, os.getcwd())  # noqa: PTH109 - as the command line does
    return session.place.kind == "url" or (name in session.core.plugins and Path(session.path).exists())


@contextlib.contextmanager
def open_hub(name: str, *, dry_run: bool = False) -> Iterator[Hub]:
    """A plugin's hub for its own commands, outside any delivery.

    Raises NotFound when no package provides it, ConfigError when it is not enabled or cannot be active here.
    """
    session = Session(os.environ, os.getcwd())  # noqa: PTH109 - as the command line does
    if name not in session.core.plugins:
        raise ConfigError(f"The plugin {name} is not enabled. Enable it: add [plugins.{name}] to tm.toml")
    hosting = Hosting(session, names=(name,))
    plugin = hosting.plugins[name]
    if plugin.state == "missing":
        raise NotFound(plugin.reason)
    if not plugin.is_active:
        raise ConfigError(f"The plugin {name} is not active ({plugin.state}): {plugin.reason}")
    with session.database as database:
        yield hosting.hub(plugin, database, dry_run=dry_run)
        session.nudge()
        _see_through(session)


def _see_through(session: Session) -> None:
    """Where delivery is inline (in CI the machine is gone afterwards), deliver before the command ends."""
    core = session.core
    is_inline = mode(core.delivery, session.environ) == "inline" and not session.leaves_plugins_alone
    if not is_inline or not is_worker_free(session.path):
        return
    if not has_overdue(session.database, core.plugins, now=stamp(session.clock.now())):
        return
    drain = start_drain(session.drain_words(), session.environ, is_detached=False)
    until = session.clock.monotonic() + core.delivery_wait
    while os.waitpid(drain, os.WNOHANG)[0] != drain and session.clock.monotonic() < until:
        time.sleep(POLL)
