"""The ledger: deliveries as people see them, put back in line or dropped by hand."""

from __future__ import annotations

import pytest

from tm.errors import NotFound, Refused
from tm.events import Event, Snapshot
from tm.store.events import Events
from tm.store.ledger import Ledger
from tm.store.outbox import Ending, Outbox
from tm.store.plugins import PluginRecords

T = [f"2026-11-22T12:{minute:02}:00.000000Z" for minute in range(60)]
DEAD = Ending(
    state="dead", outcome="dead", holds=True, failures=3, unknown=True, error="refused", error_class="PermanentFailure"
)


def owe(database, plugin="slack", *, line="task", at=T[0]):
    """One more event and its delivery; the delivery's id."""
    with database.transaction():
        PluginRecords(database).admit(plugin, since_seq=0, at=T[0])
        number = Events(database).latest() + 1
        now = Snapshot(title=f"Title {number}", status="pending", priority="low")
        seq = Events(database).record(
            Event(
                id=f"e{number}", type="task.progressed", task_id=line, revision=number, origin="cli", actor="a",
                at=at, task=now,
            )
        )  # fmt: skip
        Outbox(database).owe(plugin, event_seq=seq, line=line, at=at, judged=True)
    return Outbox(database).of_events(seq, seq)[0][3]


def end(database, ending, *, plugin="slack", now=T[30]):
    """Claim the next delivery of a plugin and end it so."""
    with database.transaction():
        [claimed] = Outbox(database).claim(plugin, now=now, limit=1, by="me")
        Outbox(database).finish(claimed, ending, at=now)
    return claimed


def redeliver(database, delivery_id, *, at=T[40]):
    with database.transaction():
        Ledger(database).redeliver(delivery_id, at=at)


def drop(database, delivery_id, *, at=T[40]):
    with database.transaction():
        Ledger(database).drop(delivery_id, at=at)


def test_a_delivery_shows_its_event_and_its_standing(database):
    delivery_id = owe(database, line="0a1b2c3d")
    end(database, DEAD)
    row = Ledger(database).get(delivery_id)

    assert (row.id, row.plugin, row.state) == (delivery_id, "slack", "dead")
    assert (row.event_type, row.event_id, row.task_id, row.title) == (
        "task.progressed", "e1", "0a1b2c3d", "Title 1",
    )  # fmt: skip
    assert (row.attempt, row.failures, row.unknown, row.holds) == (1, 3, True, True)
    assert (row.error, row.error_class, row.ended_at) == ("refused", "PermanentFailure", T[30])
    assert (row.owed_since, row.due_at) == (T[0], T[0])


def test_a_delivery_that_is_not_there_is_not_found(database):
    with pytest.raises(NotFound, match="There is no delivery 7"):
        Ledger(database).get(7)


def test_deliveries_are_listed_by_plugin_and_state_newest_first(database):
    first, second = owe(database), owe(database, line="b")
    other = owe(database, "jira")
    end(database, DEAD)
    ledger = Ledger(database)

    def listed(*states, plugin=None, limit=99, **order):
        return [row.id for row in ledger.rows(plugin=plugin, states=states, limit=limit, **order)]

    assert listed() == [other, second, first]
    assert listed(newest_first=False) == [first, second, other]
    assert listed(plugin="slack") == [second, first]
    assert listed("dead") == [first]
    assert listed("dead", "pending", plugin="slack") == [second, first]
    assert listed(limit=1) == [other]
    assert listed(plugin="' or 1=1") == []


# redeliver


def test_a_redelivered_dead_letter_is_due_at_once_and_keeps_its_id_and_attempts(database):
    delivery_id = owe(database)
    end(database, DEAD)
    redeliver(database, delivery_id)
    with database.transaction():
        [again] = Outbox(database).claim("slack", now=T[40], limit=1, by="me")

    assert (again.id, again.attempt, again.failures, again.unknown) == (delivery_id, 2, 0, True)
    assert again.first_attempt_at == T[40]
    assert [each[3] for each in Ledger(database).attempts(delivery_id)] == ["dead", None]


def test_a_redelivered_one_holds_its_line_again(database):
    first = owe(database)
    second = owe(database)
    end(database, DEAD.with_(holds=False))
    redeliver(database, first, at=T[50])
    with database.transaction():
        claims = Outbox(database).claim("slack", now=T[45], limit=9, by="me")

    assert claims == []
    assert Ledger(database).get(second).state == "pending"


@pytest.mark.parametrize("state", ["pending", "claimed", "delivered", "dropped"])
def test_only_a_dead_letter_is_redelivered(database, state):
    delivery_id = in_state(database, state)

    with pytest.raises(Refused, match=f"is {state}; only a dead letter is redelivered"):
        redeliver(database, delivery_id)

    assert Ledger(database).get(delivery_id).state == state


# drop


@pytest.mark.parametrize("state", ["pending", "dead"])
def test_a_dropped_delivery_is_over_and_its_line_goes_on(database, state):
    delivery_id = in_state(database, state)
    owe(database)
    drop(database, delivery_id)
    row = Ledger(database).get(delivery_id)

    assert (row.state, row.holds, row.ended_at) == ("dropped", False, T[40])
    assert end(database, DEAD, now=T[45]).event.id == "e2"


@pytest.mark.parametrize("state", ["claimed", "delivered", "dropped"])
def test_what_is_under_way_or_over_is_not_dropped(database, state):
    delivery_id = in_state(database, state)

    with pytest.raises(Refused, match=f"is {state}; only a dead or pending one can be dropped"):
        drop(database, delivery_id)

    assert Ledger(database).get(delivery_id).state == state


def in_state(database, state):
    delivery_id = owe(database)
    if state == "claimed":
        with database.transaction():
            Outbox(database).claim("slack", now=T[30], limit=1, by="me")
    elif state == "dropped":
        drop(database, delivery_id, at=T[1])
    elif state != "pending":
        end(database, DEAD if state == "dead" else Ending(state=state, outcome=state))
    return delivery_id


# how plugins stand


def test_a_plugins_standing_counts_what_it_is_owed_since_when_and_what_is_dead(database):
    owe(database, at=T[5])
    owe(database, line="b", at=T[3])
    owe(database, line="c", at=T[4])
    end(database, DEAD)
    owe(database, "jira", at=T[9])
    with database.transaction():
        records = PluginRecords(database)
        records.admit("git", since_seq=0, at=T[0])
        records.save_health(records.health()["slack"].with_(paused="needs login", state="needs login"))
    standings = {each.plugin: each for each in Ledger(database).standings()}

    assert list(standings) == ["git", "jira", "slack"]
    assert (standings["slack"].owed, standings["slack"].oldest, standings["slack"].dead) == (2, T[4], 1)
    assert (standings["slack"].paused, standings["slack"].state) == ("needs login", "needs login")
    assert (standings["jira"].owed, standings["jira"].dead) == (1, 0)
    assert (standings["git"].owed, standings["git"].oldest, standings["git"].dead) == (0, None, 0)


def test_events_nobody_has_fanned_out_are_counted_with_the_oldest(database):
    assert Ledger(database).unfanned() == (0, None)

    owe(database, at=T[5])
    owe(database, at=T[3])

    assert Ledger(database).unfanned() == (2, T[3])


def test_a_resumed_plugin_is_neither_paused_nor_at_rest_and_what_it_is_owed_is_young_again(database):
    owe(database)
    end(database, Ending(state="pending", outcome="unknown", holds=True, due_at=T[35]))
    with database.transaction():
        records = PluginRecords(database)
        records.admit("jira", since_seq=0, at=T[0])
        ill = {"paused": "needs login", "paused_at": T[30], "failures": 7, "trips": 2, "open_until": T[59]}
        for name in ("slack", "jira"):
            records.save_health(records.health()[name].with_(**ill))
        Ledger(database).resume("slack", at="~")
    health = PluginRecords(database).health()

    assert health["slack"] == health["slack"].with_(**{**dict.fromkeys(ill), "failures": 0, "trips": 0})
    assert health["jira"].paused == "needs login"
    with database.transaction():
        [claimed] = Outbox(database).claim("slack", now=T[40], limit=1, by="me")

    assert claimed.first_attempt_at == T[40]


def test_a_plugin_never_delivered_to_cannot_be_resumed(database):
    with pytest.raises(NotFound, match="No plugin 'slcak' was ever delivered to"), database.transaction():
        Ledger(database).resume("slcak", at="~")
