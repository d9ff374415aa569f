"""Steering deliveries by hand, and forgetting those that are long over."""

from __future__ import annotations

from datetime import timedelta

import pytest

import tm
from tm.clock import stamp
from tm.errors import NotFound, Refused
from tm.store.ledger import Ledger

DAY = timedelta(days=1)


@pytest.fixture
def dead(open_host, Scribe):
    """A host with one dead letter of the plugin `scribe`."""

    def opened(failure=None, **settings):
        scribe = Scribe(failure or tm.PermanentFailure("No such channel."))
        host = open_host(scribe=scribe, settings={"scribe": {"max_age": "1s", **settings}})
        host.tasks.add("Ship it")
        host.deliver()
        return host, scribe

    return opened


def steer(host, verb, number):
    with host.database.transaction():
        getattr(Ledger(host.database), verb)(number, at=stamp(host.clock.now()))


def only(host):
    [row] = host.deliveries("scribe")
    return row


def pruned(dispatcher):
    count = 0
    while rows := dispatcher.prune():
        count += rows
    return count


def test_a_redelivered_dead_letter_keeps_its_id_event_and_attempts(dead):
    host, scribe = dead()
    before = only(host)
    steer(host, "redeliver", before.id)
    host.deliver()

    assert (only(host).id, only(host).state, only(host).attempt) == (before.id, "delivered", 2)
    assert [event.id for event in scribe.events] == [host.events()[0].id]
    assert [row[3] for row in Ledger(host.database).attempts(before.id)] == ["dead", "delivered"]


def test_a_redelivered_dead_letter_gets_its_whole_day_again(dead):
    host, scribe = dead()
    scribe.failures = [tm.OutcomeUnknown("502")]
    host.clock.advance(30 * DAY)
    steer(host, "redeliver", only(host).id)
    host.deliver()

    assert (only(host).state, only(host).failures) == ("pending", 1)


def test_redelivering_does_not_forget_that_it_may_have_happened(open_host, Scribe):
    scribe = Scribe(tm.OutcomeUnknown("reset"), tm.PermanentFailure("archived"))
    host = open_host(scribe=scribe)
    host.tasks.add("Ship it")
    host.deliver()
    host.clock.advance(DAY)
    host.deliver()
    steer(host, "redeliver", only(host).id)
    host.deliver()

    assert scribe.hubs[-1].attempt.may_have_happened
    assert only(host).state == "delivered"


def test_redelivering_a_letter_that_blocked_lets_its_task_go_on_in_order(dead):
    host, scribe = dead(on_dead="block")
    host.tasks.block(only(host).task_id, "no key")
    host.deliver()
    assert scribe.told == []

    steer(host, "redeliver", host.deliveries("scribe")[0].id)
    host.deliver()

    assert scribe.told == ["task.created", "task.blocked"]


def test_a_redelivered_letter_stands_in_line_again_although_it_had_been_skipped(dead, dispatcher_of):
    host, _ = dead(on_dead="skip")
    steer(host, "redeliver", only(host).id)
    host.tasks.block(only(host).task_id, "no key")
    worker = dispatcher_of(host)
    worker.fan.fan_out()

    assert [each.event.name for each in worker.turn([], {"scribe": 2})] == ["created"]


def test_dropping_a_letter_that_blocked_lets_its_task_go_on_without_it(dead):
    host, scribe = dead(on_dead="block")
    host.tasks.block(only(host).task_id, "no key")
    steer(host, "drop", only(host).id)
    host.deliver()

    assert scribe.told == ["task.blocked"]
    assert [row.state for row in host.deliveries("scribe")] == ["dropped", "delivered"]


def test_a_waiting_delivery_can_be_dropped_and_is_never_made(dead):
    host, scribe = dead(tm.RetryLater(after=timedelta(hours=1)))
    steer(host, "drop", only(host).id)
    host.clock.advance(DAY)
    host.deliver()

    assert (only(host).state, scribe.told) == ("dropped", [])


@pytest.mark.parametrize(
    ("verb", "state"),
    [("redeliver", "delivered"), ("drop", "delivered"), ("redeliver", "dropped"), ("drop", "dropped")],
)
def test_what_is_over_cannot_be_steered(dead, verb, state):
    host, _ = dead()
    steer(host, "drop" if state == "dropped" else "redeliver", only(host).id)
    host.deliver()

    with pytest.raises(Refused, match=f"Delivery {only(host).id} is {state}; only a dead"):
        steer(host, verb, only(host).id)


def test_a_pending_delivery_is_not_redelivered(dead):
    host, _ = dead(tm.RetryLater())

    with pytest.raises(Refused, match="is pending; only a dead letter is redelivered"):
        steer(host, "redeliver", only(host).id)


def test_a_delivery_under_way_cannot_be_dropped(open_host, dispatcher_of, Scribe):
    host = open_host(scribe=Scribe())
    host.tasks.add("Ship it")
    worker = dispatcher_of(host)
    worker.fan.fan_out()
    worker.turn([], {"scribe": 1})

    with pytest.raises(Refused, match="is claimed"):
        steer(host, "drop", only(host).id)


@pytest.mark.parametrize("verb", ["redeliver", "drop"])
def test_an_unknown_delivery_is_not_found(dead, verb):
    host, _ = dead()

    with pytest.raises(NotFound, match="There is no delivery 4711"):
        steer(host, verb, 4711)


def test_an_unknown_plugin_cannot_be_resumed(dead):
    host, _ = dead()

    with pytest.raises(NotFound, match="'scrybe'"), host.database.transaction():
        Ledger(host.database).resume("scrybe", at="~")


def test_what_a_plugin_is_owed_can_be_seen(open_host, Scribe):
    host = open_host(scribe=Scribe(tm.NeedsLogin("401")), other=Scribe())
    host.tasks.add("One")
    host.clock.advance(DAY)
    host.tasks.add("Two")
    host.deliver()
    other, scribe = Ledger(host.database).standings()

    assert (other.plugin, other.owed, other.oldest, other.dead) == ("other", 0, None, 0)
    assert (scribe.owed, scribe.dead, scribe.paused) == (2, 0, "needs login: 401")
    assert scribe.last_error == "401"


def test_delivered_ones_are_forgotten_after_two_weeks(dead, dispatcher_of):
    host, _ = dead()
    host.tasks.add("Delivered")
    host.deliver()
    dispatcher = dispatcher_of(host)
    host.clock.advance(14 * DAY)
    pruned(dispatcher)
    assert [row.state for row in host.deliveries("scribe")] == ["dead", "delivered"]

    host.clock.advance(timedelta(seconds=1))
    pruned(dispatcher)

    assert [row.state for row in host.deliveries("scribe")] == ["dead"]
    assert len(host.events()) == 2


def test_a_forgotten_delivery_is_not_made_again(dead, dispatcher_of):
    host, scribe = dead()
    host.clock.advance(91 * DAY)
    pruned(dispatcher_of(host))
    host.deliver()

    assert host.deliveries("scribe") == []
    assert scribe.told == []


@pytest.mark.parametrize(("on_dead", "left"), [("skip", []), ("block", ["dead"])])
def test_dead_letters_are_forgotten_after_ninety_days_unless_they_block(dead, dispatcher_of, on_dead, left):
    host, _ = dead(on_dead=on_dead)
    host.clock.advance(90 * DAY)
    pruned(dispatcher_of(host))
    assert [row.state for row in host.deliveries("scribe")] == ["dead"]

    host.clock.advance(timedelta(seconds=1))
    pruned(dispatcher_of(host))

    assert [row.state for row in host.deliveries("scribe")] == left


def test_what_is_owed_is_never_forgotten(open_host, dispatcher_of, Scribe):
    host = open_host(scribe=Scribe(tm.NeedsLogin("401")))
    host.tasks.add("Ship it")
    host.deliver()
    host.clock.advance(1000 * DAY)
    pruned(dispatcher_of(host))

    assert only(host).state == "pending"


def test_attempts_are_forgotten_after_a_week_but_not_the_last_error(dead, dispatcher_of):
    host, _ = dead()
    host.clock.advance(8 * DAY)
    pruned(dispatcher_of(host))

    assert Ledger(host.database).attempts(only(host).id) == []
    assert only(host).error == "No such channel."
