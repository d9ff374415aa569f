"""A host for plugins under test: the real store and dispatcher in a folder, no process, no thread."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from tm.clock import instant, stamp
from tm.config.core import CoreSettings, is_plugin_name
from tm.config.places import find_place
from tm.config.schema import FullSettings, Template
from tm.dispatcher import Dispatcher
from tm.handover import mode
from tm.hub import Attempt, Hub
from tm.hubtasks import HubTasks
from tm.plugins import Plugin, adopt, together
from tm.service.steering import decide
from tm.service.work import Caller
from tm.store.conflicts import Conflicts
from tm.store.events import Events
from tm.store.ledger import Ledger
from tm.store.plugins import PluginRecords
from tm.store.sqlite import SqliteDatabase
from tm.testing.clock import FakeClock
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Self

    from tm.events import Event
    from tm.store.conflicts import LostValue, OpenConflict
    from tm.store.outbox import Claimed
    from tm.store.plugins import Health
    from tm.store.protocol import Database

LOG = logging.getLogger("tm.testing")


class DeliveryRow(Value):
    """One delivery as it stands. `due_at` is an aware instant; `may_have_happened` sticks once it is true."""

    id: int
    event_type: str
    task_id: str | None
    state: str
    attempt: int
    failures: int
    due_at: datetime
    may_have_happened: bool
    error: str | None


class Host:
    """Lends hubs to plugin objects and delivers to them, at the pace of a clock that tests turn.

    `plugins` are modules or objects by name, `settings` their tables, `core` core keys such as `task_url`,
    `people` the map of people, `templates` those of tasks, `environ` the variables they see. Installed plugins are
    never looked for. `tasks` changes tasks as a person at the command line does.
    """

    def __init__(  # noqa: PLR0913 - composed here, named by keyword
        self,
        folder: Path,
        *,
        plugins: Mapping[str, Any],
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        core: Mapping[str, Any] | None = None,
        people: Mapping[str, Mapping[str, str]] | None = None,
        templates: Mapping[str, Mapping[str, Any]] | None = None,
        environ: Mapping[str, str] | None = None,
        clock: FakeClock | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        environ = {"HOME": str(folder), "TM_DATABASE_URL": str(folder / "tm.db"), **(environ or {})}
        for name in plugins:
            assert is_plugin_name(name), f"{name!r} is no plugin name"  # noqa: S101 - a test's mistake
        self._core = CoreSettings(plugins=tuple(sorted(plugins)), **(core or {}))
        self._people = people or {}
        self._full = FullSettings(
            place=find_place(environ, str(folder)),
            environ=environ,
            core=self._core,
            people=self._people,
            templates={name: Template(**table) for name, table in (templates or {}).items()},
            plugins=dict(settings or {}),
        )
        self.database = SqliteDatabase(str(folder / "tm.db"))
        self._objects = dict(plugins)
        self.tasks = HubTasks(
            self.database, self.clock, Caller(origin="cli", actor="tester"), owed_to=self._core.plugins
        )
        self.reload()

    def reload(self) -> None:
        """Load the plugins anew, as a fresh worker would."""
        self.plugins: dict[str, Plugin] = together(
            {name: adopt(name, module, self._full) for name, module in self._objects.items()}
        )
        self._dispatcher = Dispatcher(
            self.database,
            self.clock,
            plugins=self.plugins,
            lend=self._lend,
            log=LOG,
            me="testing",
            random=lambda: 1.0,
        )
        self._dispatcher.fan.admit()
        self._dispatcher.note_states()

    def restart(self) -> None:
        """Go on as a fresh worker does whose predecessor died: what that one had under way is due again."""
        self.reload()
        self._dispatcher.reclaim()

    def replace(self, name: str, *, module: Any = None, settings: Mapping[str, Any] | None = None) -> None:
        """Mend or break a plugin: another object, another table of settings; then reload."""
        if module is not None:
            self._objects[name] = module
        if settings is not None:
            self._full = self._full.with_(plugins={**self._full.plugins, name: settings})
        self.reload()

    def deliver(self) -> int:
        """Fan out and call until nothing is due at this instant; how many calls were made."""
        calls = 0
        while True:
            while self._dispatcher.fan.fan_out():
                pass
            self._dispatcher.fan.judge()
            claimed = self._dispatcher.turn([], dict.fromkeys(self.plugins, 1))
            if not claimed:
                return calls
            results = [self._dispatcher.call(each, self.database) for each in claimed]
            self._dispatcher.turn(results, {})
            calls += len(results)

    def pull(self, name: str) -> None:
        """Call a plugin's `pull` once, letting what it raises fly."""
        self.plugins[name].hooks["pull"](hub=self.hub(name))

    def check(self, name: str) -> list[Any]:
        """What a plugin's `check` finds."""
        return list(self.plugins[name].hooks["check"](hub=self.hub(name)))

    def hub(self, name: str, *, dry_run: bool = False) -> Hub:
        """The hub a plugin gets outside a delivery."""
        return self._hub(self.plugins[name], self.database, dry_run=dry_run)

    def deliveries(self, name: str) -> list[DeliveryRow]:
        """All deliveries to a plugin, in the order of their events."""
        return [
            DeliveryRow(
                id=row.id,
                event_type=row.event_type,
                task_id=row.task_id,
                state=row.state,
                attempt=row.attempt,
                failures=row.failures,
                due_at=instant(row.due_at),
                may_have_happened=row.unknown,
                error=row.error,
            )
            for row in Ledger(self.database).rows(plugin=name, states=(), limit=100_000, newest_first=False)
        ]

    def conflicts(self) -> list[OpenConflict]:
        """The conflicts that wait for a person, oldest first; their values are JSON."""
        return Conflicts(self.database).open()

    def decide(self, conflict: OpenConflict, keep: Literal["ours", "theirs"]) -> None:
        """Settle a conflict as `tm conflicts resolve` does."""
        decide(self.database, conflict.id, keep=keep, by="tester", at=stamp(self.clock.now()))

    def lost_values(self) -> list[LostValue]:
        """The values that syncs replaced, newest first; they are JSON."""
        return Conflicts(self.database).lost(task_id=None, limit=1_000_000)

    def events(self) -> list[Event]:
        """The whole history, in order."""
        return Events(self.database).after(0, limit=1_000_000)

    def health(self, name: str) -> Health:
        """How the plugin is doing: breaker, pause, last error."""
        return PluginRecords(self.database).health()[name]

    def _lend(self, plugin: Plugin, claimed: Claimed, database: Database) -> Hub:
        return self._hub(plugin, database, event=claimed.event, attempt=Attempt.of(claimed))

    def _hub(self, plugin: Plugin, database: Database, **call: Any) -> Hub:
        return Hub(
            database,
            self.clock,
            settings=plugin.settings,
            core=self._core,
            plugin=plugin.name,
            people=self._people,
            templates=self._full.templates,
            delivery=mode(self._core.delivery, self._full.environ),
            **call,
        )

    def close(self) -> None:
        """Close the store."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
