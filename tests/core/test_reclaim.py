"""A worker dies in the middle of a call: what it had claimed goes on, and what it still says is not heard."""

from __future__ import annotations

from datetime import timedelta

import pytest

import tm
from tm.clock import stamp
from tm.recorder import Result
from tm.store.ledger import Ledger

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def claimed(open_host, dispatcher_of, Scribe):
    """A host, and a worker that claimed the only delivery and has not called yet."""

    def opened(*failures, settings=None):
        scribe = Scribe(*failures)
        host = open_host(scribe=scribe, settings={"scribe": settings or {}})
        host.tasks.add("Ship it")
        return host, scribe, *claim(host, dispatcher_of)

    return opened


def claim(host, dispatcher_of):
    worker = dispatcher_of(host)
    worker.fan.fan_out()
    [delivery] = worker.turn([], {"scribe": 1})
    return worker, delivery


def only(host):
    [row] = host.deliveries("scribe")
    return row


def outcomes(host):
    return [each.outcome for each in Ledger(host.database).attempts(only(host).id)]


def test_what_a_dead_worker_had_claimed_is_due_at_once_and_may_have_happened(claimed, dispatcher_of):
    host, scribe, _, _ = claimed()
    assert (only(host).state, host.deliver()) == ("claimed", 0)

    assert dispatcher_of(host).reclaim() == 1
    assert (only(host).state, only(host).failures, only(host).may_have_happened) == ("pending", 0, True)
    host.deliver()

    [hub] = scribe.hubs
    assert (hub.attempt.number, hub.attempt.may_have_happened) == (2, True)
    assert outcomes(host) == ["reclaimed", "delivered"]


def test_reclaiming_twice_changes_nothing_more(claimed, dispatcher_of):
    host, _, _, _ = claimed()
    dispatcher_of(host).reclaim()

    assert dispatcher_of(host).reclaim() == 0


def test_a_reclaimed_delivery_still_holds_back_its_task(claimed, dispatcher_of):
    host, scribe, _, delivery = claimed()
    host.tasks.block(delivery.event.task_id, "no key")
    dispatcher_of(host).reclaim()
    host.deliver()

    assert scribe.told == ["task.created", "task.blocked"]


def test_the_result_of_a_worker_that_was_taken_for_dead_is_dropped(claimed, dispatcher_of):
    host, _, stale, delivery = claimed()
    result = stale.call(delivery, host.database)
    dispatcher_of(host).reclaim()
    before = only(host)
    stale.turn([result], {})

    assert only(host) == before
    assert outcomes(host) == ["reclaimed"]


@pytest.mark.parametrize("error", [None, tm.PermanentFailure("no"), tm.OutcomeUnknown("502"), tm.RetryLater()])
def test_a_stale_result_never_overwrites_what_the_next_worker_did(claimed, dispatcher_of, error):
    host, _, stale, delivery = claimed()
    dispatcher_of(host).reclaim()
    host.deliver()
    before = (only(host), outcomes(host))
    stale.turn([Result(claimed=delivery, error=error)], {})

    assert (only(host), outcomes(host)) == before
    assert only(host).state == "delivered"


def test_a_stale_failure_is_not_held_against_the_plugin(claimed, dispatcher_of):
    host, _, stale, delivery = claimed()
    dispatcher_of(host).reclaim()
    stale.turn([Result(claimed=delivery, error=tm.OutcomeUnknown("502"))], {})

    assert host.health("scribe").failures == 0


def test_a_late_result_for_a_delivery_that_is_claimed_anew_is_dropped_too(claimed, dispatcher_of):
    host, _, stale, delivery = claimed()
    dispatcher_of(host).reclaim()
    claim(host, dispatcher_of)
    stale.turn([Result(claimed=delivery)], {})

    assert only(host).state == "claimed"


def die(host, dispatcher_of, *, times):
    for _ in range(times):
        host.clock.advance(HOUR)
        claim(host, dispatcher_of)
        dispatcher_of(host).reclaim()


def test_four_deaths_are_free_and_the_fifth_counts(claimed, dispatcher_of):
    host, _, _, _ = claimed()
    dispatcher_of(host).reclaim()
    die(host, dispatcher_of, times=3)
    assert (only(host).failures, only(host).due_at, host.health("scribe").failures) == (0, host.clock.now(), 0)

    die(host, dispatcher_of, times=1)

    assert (only(host).failures, host.health("scribe").failures) == (1, 1)
    assert only(host).due_at == host.clock.now() + timedelta(seconds=5)


def test_a_delivery_that_kills_every_worker_is_buried_after_a_day(claimed, dispatcher_of):
    host, _, _, _ = claimed()
    dispatcher_of(host).reclaim()
    die(host, dispatcher_of, times=24)

    assert (only(host).state, only(host).may_have_happened) == ("dead", True)
    assert only(host).error == "the worker died during the call"


@pytest.mark.parametrize(("on_dead", "state"), [("skip", "delivered"), ("block", "pending")])
def test_a_delivery_buried_by_deaths_is_skipped_or_blocks_as_the_settings_say(claimed, dispatcher_of, on_dead, state):
    host, _, _, delivery = claimed(settings={"on_dead": on_dead})
    host.tasks.block(delivery.event.task_id, "no key")
    dispatcher_of(host).reclaim()
    die(host, dispatcher_of, times=24)
    host.clock.advance(HOUR)
    host.deliver()

    assert [row.state for row in host.deliveries("scribe")] == ["dead", state]


def test_two_deliveries_of_one_plugin_that_kill_workers_both_count(open_host, dispatcher_of, Scribe):
    host = open_host(scribe=Scribe())
    host.tasks.add("One")
    host.tasks.add("Two")
    for _ in range(5):
        worker = dispatcher_of(host)
        worker.fan.fan_out()
        assert len(worker.turn([], {"scribe": 2})) == 2
        dispatcher_of(host).reclaim()

    assert host.health("scribe").failures == 2


def test_redelivering_after_many_deaths_starts_over(claimed, dispatcher_of):
    host, _, _, _ = claimed()
    dispatcher_of(host).reclaim()
    die(host, dispatcher_of, times=24)
    with host.database.transaction():
        Ledger(host.database).resume("scribe", at="~")
        Ledger(host.database).redeliver(only(host).id, at=stamp(host.clock.now()))
    claim(host, dispatcher_of)
    dispatcher_of(host).reclaim()

    assert (only(host).state, only(host).failures) == ("pending", 0)


def test_an_upgrade_with_deliveries_under_way_loses_none_of_a_plugin_that_is_gone_meanwhile(
    claimed, dispatcher_of, open_host, Scribe
):
    host, _, _, _ = claimed()
    without = open_host(clock=host.clock)
    dispatcher_of(without).reclaim()
    assert only(without).state == "pending"

    scribe = Scribe()
    again = open_host(scribe=scribe, clock=host.clock)
    again.deliver()

    assert scribe.titles == ["Ship it"]


def test_a_delivery_that_killed_workers_of_a_plugin_that_is_gone_is_never_skipped(claimed, dispatcher_of, open_host):
    host, scribe, _, delivery = claimed()
    host.tasks.block(delivery.event.task_id, "no key")
    dispatcher_of(host).reclaim()
    die(host, dispatcher_of, times=23)
    host.clock.advance(2 * DAY)
    claim(host, dispatcher_of)
    without = open_host(clock=host.clock)
    dispatcher_of(without).reclaim()
    again = open_host(scribe=scribe, clock=host.clock)
    again.deliver()

    assert scribe.told == []


def test_what_a_worker_died_with_is_claimed_alone_when_asked_for(open_host, dispatcher_of, Scribe):
    host = open_host(scribe=Scribe(), other=Scribe())
    host.tasks.add("First")
    worker = dispatcher_of(host)
    worker.fan.fan_out()
    assert len(worker.turn([], {"scribe": 1, "other": 1})) == 2
    host.tasks.add("Second")
    next_one = dispatcher_of(host)
    next_one.reclaim()
    next_one.fan.fan_out()
    room = {"scribe": 4, "other": 4}
    alone = [next_one.turn([], room, only_suspect=True) for _ in range(3)]

    assert [[each.event.task.title for each in claims] for claims in alone] == [["First"], ["First"], []]
    assert {claims[0].plugin for claims in alone[:2]} == {"scribe", "other"}
    assert [each.event.task.title for each in next_one.turn([], room)] == ["Second", "Second"]
