"""A plugin at rest: after many failures, without a login, under a clock that was set back."""

from __future__ import annotations

from datetime import timedelta

import pytest

import tm
from tm.clock import instant
from tm.store.ledger import Ledger

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def down(open_host, Scribe):
    """A host whose plugin's other side is down, with five tasks that each failed once."""

    def opened(failures=1000):
        scribe = Scribe(*[tm.OutcomeUnknown("502") for _ in range(failures)])
        host = open_host(scribe=scribe)
        for number in range(5):
            host.tasks.add(f"Task {number}")
        host.deliver()
        return host, scribe

    return opened


def rest(host):
    until = host.health("scribe").open_until
    return None if until is None else instant(until) - host.clock.now()


def resume(host, name="scribe"):
    with host.database.transaction():
        Ledger(host.database).resume(name, at="~")


def test_after_five_failures_in_a_row_the_plugin_rests_for_half_a_minute(down):
    host, scribe = down()
    host.tasks.add("One more")
    host.deliver()

    assert len(scribe.hubs) == 5
    assert rest(host) == 30 * SECOND


def test_a_success_in_between_keeps_it_going(open_host, Scribe):
    scribe = Scribe(*[tm.OutcomeUnknown("502") for _ in range(4)])
    host = open_host(scribe=scribe)
    for number in range(5):
        host.tasks.add(f"Task {number}")
    host.deliver()

    assert scribe.titles == ["Task 4"]
    assert (host.health("scribe").failures, rest(host)) == (0, None)


def test_the_rest_doubles_with_every_failed_probe_up_to_a_quarter_of_an_hour(down):
    host, _ = down()
    rests = []
    for _ in range(8):
        rests.append(rest(host))
        host.clock.advance(rests[-1])
        host.deliver()

    assert [each.total_seconds() for each in rests] == [30, 60, 120, 240, 480, 900, 900, 900]


def test_one_probe_at_a_time_however_much_room_there_is(down, dispatcher_of):
    host, _ = down()
    host.clock.advance(30 * SECOND)
    dispatcher = dispatcher_of(host)

    assert len(dispatcher.turn([], {"scribe": 4})) == 1
    assert dispatcher.turn([], {"scribe": 3}) == []


def test_a_probe_that_hangs_does_not_starve_its_plugin_for_ever(down, dispatcher_of):
    host, _ = down()
    host.clock.advance(30 * SECOND)
    dispatcher = dispatcher_of(host)
    dispatcher.turn([], {"scribe": 4})
    host.clock.advance(15 * MINUTE)

    assert len(dispatcher.turn([], {"scribe": 3})) == 1


def test_calls_that_fail_together_trip_the_breaker_once(open_host, dispatcher_of, Scribe):
    host = open_host(scribe=Scribe(*[tm.OutcomeUnknown("502") for _ in range(20)]))
    for number in range(12):
        host.tasks.add(f"Task {number}")
    dispatcher = dispatcher_of(host)
    dispatcher.fan.fan_out()
    together = dispatcher.turn([], {"scribe": 12})
    dispatcher.turn([dispatcher.call(each, host.database) for each in together], {})

    assert len(together) == 12
    assert (host.health("scribe").trips, rest(host)) == (1, 30 * SECOND)


def test_a_good_probe_closes_the_breaker_and_everything_goes(down):
    host, scribe = down(failures=5)
    host.clock.advance(30 * SECOND)
    host.deliver()

    assert sorted(scribe.titles) == [f"Task {number}" for number in range(5)]
    assert (host.health("scribe").trips, rest(host)) == (0, None)


def test_a_probe_that_is_refused_for_itself_alone_lets_the_next_one_go(down):
    host, scribe = down(failures=5)
    scribe.failures = [tm.PermanentFailure("archived")]
    host.clock.advance(30 * SECOND)
    host.deliver()

    assert len(scribe.titles) == 4


def test_the_breaker_of_one_plugin_is_nobody_elses(open_host, Scribe):
    bad, good = Scribe(*[tm.OutcomeUnknown("502") for _ in range(50)]), Scribe()
    host = open_host(bad=bad, good=good)
    for number in range(8):
        host.tasks.add(f"Task {number}")
    host.deliver()

    assert len(good.titles) == 8
    assert len(bad.hubs) == 5


def test_refused_credentials_pause_the_plugin_and_burn_nothing(open_host, Scribe):
    scribe, other = Scribe(tm.NeedsLogin("Slack refused the token (invalid_auth).")), Scribe()
    host = open_host(scribe=scribe, other=other)
    host.tasks.add("One")
    host.tasks.add("Two")
    host.deliver()
    host.clock.advance(30 * DAY)
    host.deliver()

    assert len(scribe.hubs) == 1
    assert [(row.state, row.attempt, row.failures) for row in host.deliveries("scribe")] == [("pending", 0, 0)] * 2
    assert host.health("scribe").paused == "needs login: Slack refused the token (invalid_auth)."
    assert len(other.titles) == 2


def test_a_paused_plugin_goes_on_at_a_persons_word_with_a_fresh_first_attempt(open_host, Scribe):
    scribe = Scribe(tm.NeedsLogin("401"))
    host = open_host(scribe=scribe)
    host.tasks.add("One")
    host.deliver()
    host.clock.advance(3 * DAY)
    resume(host)
    host.deliver()

    assert scribe.titles == ["One"]
    assert (scribe.hubs[-1].attempt.number, scribe.hubs[-1].attempt.first_at) == (1, host.clock.now())


def test_a_paused_plugin_goes_on_with_other_settings_and_only_with_those(open_host, Scribe):
    class WithToken(Scribe):
        class Settings(tm.PluginSettings):
            token: str = ""

    scribe = WithToken(tm.NeedsLogin("401"))
    host = open_host(scribe=scribe, settings={"scribe": {"token": "old"}})
    host.tasks.add("One")
    host.deliver()
    host.reload()
    host.deliver()
    assert scribe.titles == []

    host.replace("scribe", settings={"token": "new"})
    host.deliver()

    assert scribe.titles == ["One"]


def test_the_days_a_plugin_was_paused_do_not_age_what_it_is_owed(open_host, Scribe):
    scribe = Scribe(tm.OutcomeUnknown("502"), tm.NeedsLogin("401"))
    host = open_host(scribe=scribe)
    host.tasks.add("Failed before the pause")
    host.tasks.add("Found out that the token is refused")
    host.deliver()
    host.clock.advance(3 * DAY)
    resume(host)
    scribe.failures = [tm.OutcomeUnknown("502"), tm.OutcomeUnknown("502")]
    host.deliver()

    assert [row.state for row in host.deliveries("scribe")] == ["pending", "pending"]


def test_the_days_a_plugin_was_broken_do_not_age_what_it_is_owed(open_host, Scribe):
    class Broken:
        TM_API = 99

    scribe = Scribe(*[tm.OutcomeUnknown("502") for _ in range(2)])
    host = open_host(scribe=scribe)
    host.tasks.add("Failed once")
    host.deliver()
    host.replace("scribe", module=Broken())
    host.clock.advance(3 * DAY)
    host.replace("scribe", module=scribe)
    host.deliver()

    assert [row.state for row in host.deliveries("scribe")] == ["pending"]


def test_a_new_delivery_is_made_at_once_although_the_clock_was_set_back(open_host, Scribe):
    scribe = Scribe()
    host = open_host(scribe=scribe)
    host.deliver()
    host.clock.advance(2 * HOUR)
    host.replace("scribe", module=type("Broken", (), {"TM_API": 99})())
    host.tasks.add("Written in the future")
    host.deliver()
    host.clock.advance(-2 * HOUR)
    host.replace("scribe", module=scribe)
    host.deliver()

    assert scribe.titles == ["Written in the future"]


def test_a_wait_keeps_its_length_although_the_clock_was_set_back_by_years(open_host, Scribe):
    scribe = Scribe(tm.RetryLater("Slow down.", after=10 * MINUTE))
    host = open_host(scribe=scribe)
    host.tasks.add("Ship it")
    host.deliver()
    host.clock.advance(-2000 * DAY)
    host.deliver()
    [row] = host.deliveries("scribe")
    assert row.due_at == host.clock.now() + 10 * MINUTE

    host.clock.advance(10 * MINUTE)
    host.deliver()

    assert scribe.titles == ["Ship it"]


def test_a_resting_plugin_wakes_although_the_clock_was_set_back_by_years(down):
    host, scribe = down(failures=5)
    host.clock.advance(-2000 * DAY)
    host.deliver()
    assert rest(host) == 30 * SECOND

    host.clock.advance(30 * SECOND)
    host.deliver()

    assert len(scribe.titles) == 5


def test_the_next_due_time_is_the_end_of_the_rest(down, dispatcher_of):
    host, _ = down()

    assert dispatcher_of(host).next_due(["scribe"]) == host.clock.now() + 30 * SECOND


def test_nothing_is_due_for_a_plugin_that_is_paused(open_host, dispatcher_of, Scribe):
    host = open_host(scribe=Scribe(tm.NeedsLogin("401")))
    host.tasks.add("Ship it")
    host.deliver()

    assert dispatcher_of(host).next_due(["scribe"]) is None
