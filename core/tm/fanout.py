"""Who is owed what: making deliveries out of events, once, in order, by name whatever a plugin's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.clock import stamp
from tm.events import SYNC_REQUESTED
from tm.store.events import Events
from tm.store.links import Links
from tm.store.outbox import Outbox, Owed
from tm.store.plugins import PluginRecords

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping, Sequence

    from tm.clock import Clock
    from tm.events import Event
    from tm.plugins import Plugin
    from tm.store.protocol import Database

BATCH = 200


class FanOut:
    """The first half of a pass over the outbox. Only the holder of the worker lock may use it.

    `plugins` are the ones enabled here by name, whatever their state.
    """

    def __init__(self, database: Database, clock: Clock, *, plugins: Mapping[str, Plugin], log: logging.Logger) -> None:
        self._database = database
        self._clock = clock
        self.plugins = plugins
        self._log = log
        self._outbox = Outbox(database)
        self._records = PluginRecords(database)
        self._links = Links(database)

    def admit(self) -> None:
        """Note the plugins seen here for the first time; what happened before stays unsaid to them."""
        known = self._records.health()
        if all(name in known for name in self.plugins):
            return
        with self._database.transaction():
            for name in self.plugins:
                self._admit(name)

    def _admit(self, name: str) -> None:
        at = stamp(self._clock.now())
        if self._records.admit(name, since_seq=Events(self._database).latest(), at=at):
            self._log.info("admitted", extra={"plugin": name})

    def fan_out(self) -> int:
        """Make the deliveries of one batch of events, in order; how many events there were."""
        if not self._outbox.has_unfanned():
            return 0
        with self._database.transaction():
            owed = self._outbox.unfanned(BATCH)
            since = {name: each.since_seq for name, each in self._records.health().items()}
            now = stamp(self._clock.now())
            self._outbox.owe_all([row for each in owed for row in self._fan_out_one(each, since)], at=now)
            self._outbox.mark_fanned([each.event.seq for each in owed], at=now)
        return len(owed)

    def _fan_out_one(self, owed: Owed, since: dict[str, int]) -> Iterator[tuple[str, int, str, bool]]:
        for name in dict.fromkeys((*owed.owed_to, *self.plugins)):
            if name not in since:
                self._admit(name)
                since[name] = owed.event.seq
            if name in owed.owed_to or owed.event.seq > since[name]:
                yield from self._owed(name, owed.event)

    def _owed(self, name: str, event: Event) -> Iterator[tuple[str, int, str, bool]]:
        """The delivery that is owed, if one is."""
        plugin = self.plugins.get(name)
        is_judged = plugin is not None and plugin.is_active
        if event.origin != name and not (plugin and is_judged and not self._wants(plugin, event)):
            yield name, event.seq, event.task_id or f"event:{event.seq}", is_judged

    def _wants(self, plugin: Plugin, event: Event) -> bool:
        if event.type == SYNC_REQUESTED:
            return plugin.hook_for(event) is not None
        has_filter = plugin.base.when is not None
        is_linked = has_filter and (
            self._links.is_linked(plugin.name, event.task_id or "")
            or any(each.get("plugin") == plugin.name for each in event.data.get("links", ()))
        )
        return plugin.wants(event, is_linked=is_linked)

    def replay(self, name: str, events: Sequence[Event]) -> int:
        """Fan past events out to one plugin on a person's word; how many deliveries that made.

        What was dropped before, unwanted then or given up, is owed again.
        """
        now = stamp(self._clock.now())
        with self._database.transaction():
            for event in events:
                self._outbox.forget_dropped(name, event_seq=event.seq)
            rows = [row for event in events for row in self._owed(name, event)]
            return sum(
                self._outbox.owe(plugin, event_seq=seq, line=line, at=now, judged=judged)
                for plugin, seq, line, judged in rows
            )

    def judge(self) -> int:
        """Ask active plugins whether they want what was owed to them while they were not; how much that was."""
        count = 0
        for plugin in self.plugins.values():
            while waiting := self._outbox.unjudged(plugin.name, BATCH) if plugin.is_active else []:
                self._judge(plugin, waiting)
                count += len(waiting)
        return count

    def _judge(self, plugin: Plugin, waiting: Sequence[tuple[int, Event]]) -> None:
        with self._database.transaction():
            for delivery_id, event in waiting:
                is_wanted = self._wants(plugin, event)
                self._outbox.judge(delivery_id, is_wanted=is_wanted, at=stamp(self._clock.now()))
