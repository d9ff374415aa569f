"""Steps that the tests of the outbox share: one event and its delivery, a claim, an ending."""

from __future__ import annotations

from tm.events import Event, Snapshot
from tm.store.events import Events
from tm.store.ledger import Ledger
from tm.store.outbox import Ending, Outbox
from tm.store.plugins import PluginRecords

T = [f"2026-11-22T12:{minute:02}:00.000000Z" for minute in range(60)]
NOW = T[30]
DELIVERED = Ending(state="delivered", outcome="delivered")
AGAIN = Ending(state="pending", outcome="reclaimed", holds=True, due_at=T[20])
LATER = Ending(state="pending", outcome="later", holds=True, due_at=T[40])


def record(database, number, *, task_id="task", kind="task.progressed"):
    now = Snapshot(title=f"Task {task_id}", status="pending", priority="low")
    event = Event(
        id=f"e{number}", type=kind, task_id=task_id, revision=number, origin="cli", actor="a", at=T[0], task=now
    )
    return Events(database).record(event)


def owe(database, *lines, plugin="slack", due_at=T[0], judged=True, kind="task.progressed"):
    """One event and its delivery per line, in this order; their seqs."""
    with database.transaction():
        PluginRecords(database).admit(plugin, since_seq=0, at=T[0])
        seqs = []
        for line in lines:
            number = Events(database).latest() + 1
            seqs.append(record(database, number, task_id=line, kind=kind))
            Outbox(database).owe(plugin, event_seq=seqs[-1], line=line, at=due_at, judged=judged)
    return seqs


def claim(database, *, plugin="slack", now=NOW, limit=10):
    with database.transaction():
        return Outbox(database).claim(plugin, now=now, limit=limit, by="me")


def finish(database, claimed, ending=DELIVERED, *, at=NOW):
    outbox = Outbox(database)
    with database.transaction():
        if ending.state == "delivered":
            return not outbox.finish_delivered([claimed], at=at)
        return outbox.finish(claimed, ending, at=at)


def row(database, claimed):
    return Ledger(database).get(claimed.id)


def names(claims):
    return [each.event.id for each in claims]
