"""What tests of delivery share: a host, a plugin that writes down what it is told, a dispatcher of one's own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

import tm
from tm.dispatcher import Dispatcher
from tm.hub import Hub
from tm.testing import Host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Scribe:
    """A plugin that writes down what it was told; `failures` say how the first calls end, None for well."""

    Settings = tm.PluginSettings

    def __init__(self, *failures: BaseException | None) -> None:
        self.failures = list(failures)
        self.events: list[tm.Event] = []
        self.hubs: list[Hub] = []

    @tm.hookimpl
    def on_event(self, event: tm.Event, hub: Hub) -> None:
        """Note the call, fail if it is to fail, else note the event."""
        self.hubs.append(hub)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        self.events.append(event)

    @property
    def told(self) -> list[str]:
        """The types of the events it was told successfully."""
        return [event.type for event in self.events]

    @property
    def titles(self) -> list[str]:
        """The titles of the tasks it was told of."""
        return [event.task.title for event in self.events]


@pytest.fixture(name="Scribe")
def scribe_class() -> type[Scribe]:
    """The plugin that writes down what it is told."""
    return Scribe


@pytest.fixture
def open_host(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Opens hosts in one folder: `open_host(scribe=Scribe(), settings=…)`; keywords that are no options are plugins."""
    hosts: list[Host] = []

    def opened(**given: Any) -> Host:
        options = {
            name: given.pop(name) for name in ("settings", "core", "people", "environ", "clock") if name in given
        }
        hosts.append(Host(tmp_path, plugins=given, **options))
        return hosts[-1]

    yield opened
    for host in hosts:
        host.close()


@pytest.fixture
def dispatcher_of() -> Callable[..., Dispatcher]:
    """A further dispatcher over a host's store and plugins, as another worker process would have."""

    def made(host: Host, *, me: str = "another") -> Dispatcher:
        return Dispatcher(
            host.database,
            host.clock,
            plugins=host.plugins,
            lend=lambda plugin, _claimed, _database: host.hub(plugin.name),
            log=logging.getLogger("tm.testing"),
            me=me,
            random=lambda: 1.0,
        )

    return made
