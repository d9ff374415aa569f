"""Whether something could be delivered right now: what every reading command asks before it ends."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tm.store.protocol import Database

OVERDUE = """
select 1 from event where fanned_out_at is null
union all
select 1 from delivery d join plugin on plugin.name = d.plugin
where d.plugin = ?1 and d.state in ('pending', 'claimed')
  and (d.state = 'claimed' or (d.due_at <= ?2 and d.judged = 1))
  and not exists (
    select 1 from delivery h
    where h.plugin = d.plugin and h.line = d.line and h.event_seq < d.event_seq and h.holds = 1)
  and plugin.state = 'active' and plugin.paused is null and (plugin.open_until is null or plugin.open_until <= ?2)
limit 1"""


def is_overdue(database: Database, plugin: str, *, now: str) -> bool:
    """Whether an event is not fanned out yet, or a delivery of the plugin is due and nothing holds it."""
    return database.execute(OVERDUE, (plugin, now)).fetchone() is not None
