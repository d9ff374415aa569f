"""Which past events a plugin was never owed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.store.events import Events

if TYPE_CHECKING:
    from tm.events import Event
    from tm.store.protocol import Database

NEVER_OWED = """
select event.seq from event
where event.at >= ? and event.private_to is null and event.origin <> ?
  and not exists (
    select 1 from delivery
    where delivery.event_seq = event.seq and delivery.plugin = ? and delivery.state <> 'dropped')
order by event.seq"""


def replayable(database: Database, plugin: str, *, since: str) -> list[Event]:
    """The events since an instant that a plugin was never owed, in order; its own are left out."""
    events = Events(database)
    found = database.execute(NEVER_OWED, (since, plugin, plugin)).fetchall()
    return [events.get(seq) for (seq,) in found]
