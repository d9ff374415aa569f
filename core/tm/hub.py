"""What tm lends a plugin during a call: tasks, links, state, cursors, people, and the attempt it is on."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from tm.clock import instant, stamp
from tm.errors import Refused, UsageError
from tm.events import SYNC_REQUESTED, Event
from tm.hubconflicts import HubConflicts
from tm.hubtasks import HubTasks
from tm.imagine import imagined
from tm.metrics import period, summarise
from tm.people import People
from tm.service.wakes import wake
from tm.service.work import Caller
from tm.store.events import Events
from tm.store.links import SUPERSEDED, Link, Links
from tm.store.listing import Listing
from tm.store.plugins import PluginRecords
from tm.store.tasks import Tasks
from tm.times import since, zone
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta, tzinfo

    from tm.clock import Clock
    from tm.config.core import CoreSettings
    from tm.config.plugin import PluginSettings
    from tm.config.schema import Template
    from tm.metrics import Summary
    from tm.store.outbox import Claimed
    from tm.store.protocol import Database

STATE_LIMIT = 64 * 1024


class Attempt(Value):
    """Which try at a delivery this is.

    `number` counts from 1; `first_at` is the aware UTC instant of the first try. `may_have_happened` says
    that an earlier try ended in the dark (a time-out, a killed worker): look before you repeat.
    """

    number: int
    first_at: datetime
    may_have_happened: bool = False

    @classmethod
    def of(cls, claimed: Claimed) -> Attempt:
        """The try at a delivery that was just claimed."""
        return cls(
            number=claimed.attempt,
            first_at=instant(claimed.first_attempt_at),
            may_have_happened=claimed.unknown,
        )


class Finding(Value):
    """What a plugin's `check` found: `level` is ok, warning or error; `advice` says what to do about it."""

    level: Literal["ok", "warning", "error"]
    message: str
    advice: str = ""


class State:
    """Durable JSON of the plugin's own, at most 64 KiB a value; a change is committed at once, outside `together`."""

    def __init__(self, lent: _Lent) -> None:
        self._lent = lent
        self._records = PluginRecords(lent.database)

    def get(self, key: str) -> Any:
        """The value under a key, or None."""
        text = self._records.get_state(self._lent.plugin, key, now=self._lent.now())
        return None if text is None else json.loads(text)

    def add(self, key: str, value: Any, *, expire_after: timedelta | None = None) -> bool:
        """Store a value under a free key. False, changing nothing, if the key is taken.

        With `expire_after` the key may be forgotten that long from now.
        """
        text = _json(value)  # outside the transaction: it may be slow, and everybody would wait
        with self._lent.transaction():
            return self._records.add_state(
                self._lent.plugin,
                key,
                value=text,
                at=self._lent.now(),
                expires_at=self._lent.then(expire_after),
            )

    def replace(self, key: str, value: Any, *, was: Any, expire_after: timedelta | None = None) -> bool:
        """Store a value over exactly `was`. False, changing nothing, if something else is there."""
        text, before = _json(value), _json(was)
        with self._lent.transaction():
            return self._records.replace_state(
                self._lent.plugin,
                key,
                value=text,
                was=before,
                at=self._lent.now(),
                expires_at=self._lent.then(expire_after),
            )

    def list(self, prefix: str = "") -> dict[str, Any]:
        """All keys with this prefix, in order, with their values."""
        return {key: json.loads(text) for key, text in self._records.list_state(self._lent.plugin, prefix)}

    def delete(self, key: str) -> bool:
        """Forget a key. False if it was not there."""
        with self._lent.transaction():
            return self._records.delete_state(self._lent.plugin, key)


class Cursors:
    """Opaque marks of how far the outside has been read."""

    def __init__(self, lent: _Lent) -> None:
        self._lent = lent
        self._records = PluginRecords(lent.database)

    def get(self, name: str = "default") -> str | None:
        """The cursor's text, or None before the first `set`."""
        return self._records.get_cursor(self._lent.plugin, name)

    def set(self, value: str, *, name: str = "default") -> None:
        """Move the cursor; committed at once."""
        with self._lent.transaction():
            self._records.set_cursor(self._lent.plugin, name, value=value, at=self._lent.now())


class HubLinks:
    """The plugin's links to outside objects, and everybody's links of a task."""

    def __init__(self, lent: _Lent) -> None:
        self._lent = lent
        self._links = Links(lent.database)

    def of_task(self, task_id: str) -> list[Link]:
        """Every link of a task, oldest first, whichever plugin made it; superseded ones are left out."""
        return [link for link in self._links.of_task(task_id) if link.state != SUPERSEDED]

    def mine(self, task_id: str, *, kind: str | None = None) -> list[Link]:
        """This plugin's links of a task."""
        own = [link for link in self._links.of_task(task_id) if link.plugin == self._lent.plugin]
        return [link for link in own if kind in (None, link.kind)]

    def of_object(self, outside_id: str, *, kind: str, instance: str = "") -> list[Link]:
        """This plugin's links to one outside object."""
        return self._links.of_object(plugin=self._lent.plugin, instance=instance, kind=kind, outside_id=outside_id)

    def all(self) -> list[Link]:
        """Every link this plugin made."""
        return self._links.of_plugin(self._lent.plugin)

    def save(self, task_id: str, *, kind: str, outside_id: str, instance: str = "", **fields: Any) -> Link:
        """Make a link, or renew `key url title detail state base` of the one with the same five names.

        Raises NotFound for an unknown task, Refused when an `exclusive` link of this task or to this object
        stands in the way.
        """
        link = Link(
            plugin=self._lent.plugin,
            instance=instance,
            kind=kind,
            task_id=task_id,
            outside_id=outside_id,
            **fields,
        )
        with self._lent.transaction():
            Tasks(self._lent.database).resolve(task_id, exact=True)
            taken = self._links.taken_by(link) if link.exclusive else None
            if taken:
                raise Refused(f"{kind} {outside_id} cannot be linked to {task_id}: {taken[1]} is linked to {taken[0]}.")
            self._links.save(link, at=self._lent.now())
        return link

    def delete(self, link: Link) -> bool:
        """Forget a link of this plugin. False if it was not there."""
        with self._lent.transaction():
            return self._links.delete(link.with_(plugin=self._lent.plugin))


class HubMetrics:
    """Aggregates over many tasks."""

    def __init__(self, lent: _Lent) -> None:
        self._lent = lent

    def summary(self, name: str = "all") -> Summary:
        """The metrics of a period: `last-week`, `month`, `30d`, `2026-W47` …"""
        now = self._lent.clock.now()
        wanted = period(name, now=now, zone=zone(self._lent.core.timezone))
        return summarise(Listing(self._lent.database).metric_rows(wanted), wanted)

    def counts(self) -> dict[str, int]:
        """How many tasks there are in each status."""
        return Listing(self._lent.database).counts()


class _Lent:
    """What all parts of one hub share."""

    def __init__(self, database: Database, clock: Clock, *, plugin: str, core: CoreSettings) -> None:
        self.database = database
        self.clock = clock
        self.plugin = plugin
        self.core = core
        self._is_together = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for all that is written in the block; a block within one is a part of it."""
        if self._is_together:
            yield
            return
        with self.database.transaction():
            self._is_together = True
            try:
                yield
            finally:
                self._is_together = False

    def transaction(self) -> AbstractContextManager[object]:
        """A transaction of its own, or the one under way."""
        return nullcontext() if self._is_together else self.database.transaction()

    def now(self) -> str:
        return stamp(self.clock.now())

    def then(self, after: timedelta | None) -> str | None:
        return None if after is None else stamp(self.clock.now() + after)


class _Log(logging.LoggerAdapter[logging.Logger]):
    """The plugin's log: fields of a line are kept beside the plugin's name."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the plugin's name to the line's own fields."""
        return msg, {**kwargs, "extra": {**(kwargs.get("extra") or {}), **(self.extra or {})}}


class Hub:
    """Lent to a plugin for the time of one call.

    `settings` is the plugin's own Settings, `event` the one being delivered (None in `pull`, `check` and
    commands), `attempt` which try this is, `dry_run` whether nothing outside may change. `delivery` says who calls
    the plugins here: `worker`, `background` or `inline`, where the machine may be gone once the command has ended.
    `log` goes where the worker's log goes, secrets replaced.
    """

    def __init__(  # noqa: PLR0913 - composed here, named by keyword
        self,
        database: Database,
        clock: Clock,
        *,
        settings: PluginSettings,
        core: CoreSettings,
        plugin: str,
        people: Mapping[str, Mapping[str, str]] | None = None,
        templates: Mapping[str, Template] | None = None,
        event: Event | None = None,
        attempt: Attempt | None = None,
        dry_run: bool = False,
        delivery: str = "background",
    ) -> None:
        self._lent = _Lent(database, clock, plugin=plugin, core=core)
        self.settings: Any = settings
        self.clock = clock
        self.dry_run = dry_run
        self.delivery = delivery
        self.remarks: list[str] = []
        self.attempt = attempt or Attempt(number=1, first_at=clock.now())
        self.log = _Log(logging.getLogger(f"tm.plugin.{plugin}"), {"plugin": plugin})
        caller = Caller(origin=plugin, actor=plugin, automated=True)
        self.tasks = HubTasks(
            database, clock, caller, owed_to=core.plugins, event=event, timezone=core.timezone, templates=templates
        )
        self._map_of_people = people or {}

    @cached_property
    def links(self) -> HubLinks:
        """The plugin's links to outside objects, and everybody's links of a task."""
        return HubLinks(self._lent)

    @cached_property
    def state(self) -> State:
        """Durable JSON of the plugin's own."""
        return State(self._lent)

    @cached_property
    def cursors(self) -> Cursors:
        """Opaque marks of how far the outside has been read."""
        return Cursors(self._lent)

    @cached_property
    def conflicts(self) -> HubConflicts:
        """The plugin's conflicts that wait for a person, and the values that its syncs replaced."""
        lent = self._lent
        return HubConflicts(lent.database, plugin=lent.plugin, now=lent.now, transaction=lent.transaction)

    @cached_property
    def people(self) -> People:
        """The one map of people."""
        return People(self._map_of_people)

    @cached_property
    def metrics(self) -> HubMetrics:
        """Aggregates over many tasks."""
        return HubMetrics(self._lent)

    def url(self, task_id: str, *, links: Sequence[Link] | None = None) -> str | None:
        """The link to put in notices: `task_url` of the settings, else the task's first outside link, else None.

        `links` are the task's, if they are at hand.
        """
        template = self._lent.core.task_url
        if template:
            return template.replace("{id}", task_id)
        links = self.links.of_task(task_id) if links is None else links
        return next((link.url for link in links if link.url), None)

    @property
    def actor(self) -> str | None:
        """Who the person at this machine is: `TM_ACTOR`, else git's user.email; None if neither says."""
        return self._lent.core.actor

    @property
    def zone(self) -> tzinfo:
        """The hub's time zone: of deadlines without an hour, of weeks and months."""
        return zone(self._lent.core.timezone)

    def since(self, text: str) -> datetime:
        """The instant, in UTC, that a person means by `24h`, `7d`, `yesterday` or a date. Raises UsageError."""
        return since(text, now=self._lent.clock.now(), zone=self.zone)

    def history(self, since: datetime) -> list[Event]:
        """The events of all tasks since an aware instant, oldest first."""
        events = Events(self._lent.database).since(stamp(since))
        return [each for each in events if each.type != SYNC_REQUESTED]

    def event(self, event_id: str) -> Event | None:
        """One event of the history by its id, or None."""
        return Events(self._lent.database).find(event_id)

    def imagine(self, kind: str, task_id: str) -> Event:
        """The event of this type as it would look if it happened to a task now, for previews; nothing is stored.

        Raises NotFound for an unknown task.
        """
        lent = self._lent
        actor = lent.core.actor or lent.plugin
        return imagined(lent.database, lent.clock, kind=kind, task_id=task_id, origin="cli", actor=actor)

    def remark(self, text: str) -> None:
        """Say what this call did outside, for `tm delivery show`: where a message went, or why none did.

        Kept with the attempt however it ends, without the hub's secrets, 2,000 characters in all.
        """
        self.remarks.append(text)

    def together(self) -> AbstractContextManager[None]:
        """For the time of a block: all it changes in state, cursors and links, and its wakes, is committed at its end.

        If it raises, nothing of that has happened. A block within a block is a part of it. Nobody else can write
        meanwhile, so call nothing outside in it.
        """
        return self._lent.together()

    def wake(self, task_id: str, hint: str = "") -> None:
        """Durably owe this plugin one `sync.requested` for a task, in line with its other deliveries.

        Asking again while the last one has not been looked at changes nothing: `hint`, in the event's `data`, is
        for people who read the log. A task that is gone is nothing to wake.
        """
        lent = self._lent
        with lent.transaction():
            wake(lent.database, lent.plugin, task_id=task_id, data={"hint": hint}, at=lent.now())

    def wake_outside(self, key: str, hint: str = "") -> None:
        """The same for an outside object that has no task yet; `event.data["outside"]` is its key."""
        lent = self._lent
        with lent.transaction():
            wake(lent.database, lent.plugin, task_id=None, data={"hint": hint, "outside": key}, at=lent.now())


def _json(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if len(text.encode()) > STATE_LIMIT:
        raise UsageError(f"A plugin's state may be 64 KiB of JSON; this is {len(text.encode())} bytes.")
    return text
