"""When a failed call is tried again, when it is given up, and how long its plugin rests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm.clock import stamp
from tm.errors import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm.retry import (
    DEFAULT_LATER,
    LONGEST_LATER,
    SHORTEST_LATER,
    backoff,
    breaker_pause,
    clamp,
    failed,
    rested,
    resting,
    retry_after,
    settle,
    shaken,
    stale_claim,
    succeeded,
)
from tm.store.plugins import Health

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WELL = Health(name="slack", since_seq=0, since_at="2026-11-22T12:00:00.000000Z")

jitter = st.floats(0, 1)
waits = st.timedeltas(timedelta(0), timedelta(days=400))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def judged(error, *, failures=0, age=timedelta(0), **more):
    return settle(error, failures=failures, age=age, random=lambda: 1.0, **more)


@given(failures=st.integers(1, 10_000), part=jitter)
def test_backoff_is_never_negative_and_never_longer_than_an_hour(failures, part):
    wait = backoff(failures, random=lambda: part)

    assert timedelta(0) <= wait <= HOUR


@given(failures=st.integers(1, 100))
def test_the_ceiling_of_backoff_never_falls(failures):
    assert backoff(failures, random=lambda: 1.0) <= backoff(failures + 1, random=lambda: 1.0)


def test_backoff_starts_at_five_seconds_and_quadruples_up_to_an_hour():
    ceilings = [backoff(n, random=lambda: 1.0).total_seconds() for n in range(1, 8)]

    assert ceilings == [5, 20, 80, 320, 1280, 3600, 3600]


def test_backoff_is_jittered_over_its_whole_length():
    assert backoff(3, random=lambda: 0.0) == timedelta(0)
    assert backoff(3, random=lambda: 0.25) == timedelta(seconds=20)


@pytest.mark.parametrize("error", [OutcomeUnknown("?"), ValueError("boom"), SystemExit(1), GeneratorExit()])
def test_a_surprise_may_have_happened_and_is_counted(error):
    settled = judged(error, failures=2)

    assert settled.outcome == "unknown"
    assert settled.is_counted
    assert settled.may_have_happened
    assert settled.after == backoff(3, random=lambda: 1.0)


@given(asked=waits, age=st.timedeltas(timedelta(0), timedelta(days=6)), whole=st.booleans())
def test_retry_later_waits_as_asked_between_a_second_and_a_day(asked, age, whole):
    settled = judged(RetryLater("slow down", after=asked, whole_plugin=whole), failures=3, age=age)

    assert settled.after == min(max(asked, timedelta(seconds=1)), DAY)
    assert settled.pause == (settled.after if whole else None)


@given(age=st.timedeltas(timedelta(0), timedelta(days=6)))
def test_retry_later_counts_nothing_and_has_not_happened(age):
    settled = judged(RetryLater(), age=age)

    assert (settled.outcome, settled.is_counted, settled.may_have_happened) == ("later", False, False)
    assert settled.after == timedelta(seconds=30)


def test_retry_later_is_buried_after_seven_days_of_waiting():
    assert judged(RetryLater(), age=timedelta(days=7) - HOUR).outcome == "later"
    assert judged(RetryLater(), age=timedelta(days=7)).outcome == "dead"


def test_a_bare_number_of_seconds_is_refused_where_it_is_written():
    with pytest.raises(TypeError, match=r"timedelta\(seconds=30\)"):
        RetryLater("slow down", after=30)


def test_an_outcome_of_ones_own_that_forgot_its_parent_waits_the_usual_time():
    class SlowDown(RetryLater):
        def __init__(self):
            Exception.__init__(self, "slow down")

    assert judged(SlowDown()).after == timedelta(seconds=30)


def test_a_permanent_failure_is_dead_at_once_and_blames_nobody():
    settled = judged(PermanentFailure("no such channel"))

    assert (settled.outcome, settled.after, settled.is_counted) == ("dead", None, False)


def test_refused_credentials_cost_the_delivery_nothing():
    settled = judged(NeedsLogin("401"), failures=7, age=timedelta(days=30))

    assert (settled.outcome, settled.after, settled.is_counted) == ("needs login", timedelta(0), False)


def test_unknown_outcomes_are_given_up_by_age_not_by_count():
    assert judged(OutcomeUnknown(), failures=500, age=DAY - HOUR).outcome == "unknown"
    assert judged(OutcomeUnknown(), failures=7, age=DAY).outcome == "dead"


def test_a_laptop_closed_over_the_weekend_has_not_tried_for_three_days():
    assert judged(OutcomeUnknown(), failures=1, age=3 * DAY).outcome == "unknown"
    assert judged(OutcomeUnknown(), failures=0, age=HOUR, give_up_after=HOUR).outcome == "dead"


def test_a_plugin_may_have_another_age_at_which_to_give_up():
    assert judged(OutcomeUnknown(), age=HOUR, give_up_after=HOUR).outcome == "dead"
    assert judged(OutcomeUnknown(), age=DAY, give_up_after=2 * DAY).outcome == "unknown"


def test_the_failure_that_buries_a_delivery_counts_against_its_plugin_too():
    assert judged(OutcomeUnknown(), age=DAY).is_counted


@given(seed=st.integers(0, 2**32))
def test_some_fifty_tries_fit_into_the_day_before_a_delivery_is_buried(seed):
    random, age, tries = Random(seed).random, timedelta(0), 1
    while (wait := settle(OutcomeUnknown(), failures=tries - 1, age=age, random=random).after) is not None:
        age, tries = age + wait, tries + 1

    assert DAY <= age <= DAY + HOUR
    assert 30 <= tries <= 90


def test_the_first_four_reclaims_are_free_and_due_at_once():
    for reclaims in range(4):
        settled = stale_claim(reclaims, failures=0, age=timedelta(days=3), random=lambda: 1.0)

        assert (settled.outcome, settled.after, settled.is_counted) == ("reclaimed", timedelta(0), False)
        assert settled.may_have_happened


def test_from_the_fifth_reclaim_on_it_is_a_failure_and_ends_like_one():
    fifth = stale_claim(4, failures=1, age=HOUR, random=lambda: 1.0)
    last = stale_claim(30, failures=20, age=DAY, random=lambda: 1.0)

    assert (fifth.after, fifth.is_counted) == (timedelta(seconds=20), True)
    assert (last.outcome, last.after) == ("dead", None)


def test_the_breaker_opens_at_the_fifth_failure_in_a_row():
    assert [breaker_pause(n, 0) for n in range(1, 5)] == [None] * 4
    assert breaker_pause(5, 0) == timedelta(seconds=30)


@given(failures=st.integers(1, 1000), trips=st.integers(1, 1000))
def test_the_breaker_never_rests_longer_than_a_quarter_of_an_hour(failures, trips):
    pause = breaker_pause(failures, trips)

    assert pause is not None
    assert timedelta(seconds=30) < pause <= timedelta(minutes=15)


def test_each_failed_probe_doubles_the_rest():
    assert [breaker_pause(5, trips) for trips in (1, 2, 3)] == [timedelta(minutes=m) for m in (1, 2, 4)]


def test_calls_that_were_under_way_when_the_breaker_opened_do_not_prolong_the_rest():
    tripped = WELL
    for _ in range(5):
        tripped = failed(tripped, now=NOW, is_probe=False)
    later = failed(failed(tripped, now=NOW, is_probe=False), now=NOW, is_probe=False)

    assert tripped.trips == 1
    assert (later.trips, later.open_until) == (1, tripped.open_until)
    assert failed(later, now=NOW, is_probe=True).trips == 2


def test_a_success_closes_the_breaker_but_not_a_pause_that_was_asked_for():
    tripped = resting(WELL.with_(trips=1, failures=5), HOUR, now=NOW)
    asked = resting(WELL, HOUR, now=NOW)

    assert succeeded(tripped, at=stamp(NOW)).open_until is None
    assert succeeded(asked, at=stamp(NOW)).open_until == asked.open_until


def test_a_shorter_pause_never_cuts_a_longer_one():
    long = resting(WELL, HOUR, now=NOW)

    assert resting(long, timedelta(minutes=1), now=NOW) == long


def test_a_probe_that_did_not_fail_lets_the_next_one_go_at_once():
    probing = resting(WELL.with_(trips=1, failures=5), HOUR, now=NOW)
    after = shaken(probing, judged(RetryLater()), error="one channel is busy", now=NOW, is_probe=True)

    assert (after.open_until, after.trips) == (None, 1)


def test_refused_credentials_pause_the_plugin_until_it_is_told_to_go_on():
    paused = shaken(WELL, judged(NeedsLogin("401")), error="401", now=NOW, is_probe=False)

    assert (paused.paused, paused.failures) == ("needs login: 401", 0)
    assert rested(paused).paused is None


@given(since=instants, wait=st.timedeltas(timedelta(0), DAY), now=instants)
def test_no_clock_can_freeze_a_wait_or_end_it_early(since, wait, now):
    due_at = clamp(since + wait, since=since, now=now)

    assert due_at <= now + DAY
    if now <= since:
        assert due_at == now + wait
    elif now < since + wait:
        assert due_at == since + wait


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("1847", 1847),
        ("30", 30),
        ("1", 1),
        ("0", 1),
        ("-5", 1),
        ("1.5", 1.5),
        ("0.2", 1),
        (" 12 ", 12),
        ("1e3", 1000),
        (format_datetime(NOW + timedelta(minutes=7), usegmt=True), 420),
        (format_datetime(NOW - timedelta(minutes=7), usegmt=True), 1),
        ("Sun, 22 Nov 2026 12:07:00 +0000", 420),
        ("Sun, 22 Nov 2026 13:07:00 +0100", 420),
        ("Sunday, 22-Nov-26 12:07:00 GMT", 420),
        ("999999999", 86_400),
        (None, 30),
        ("", 30),
        ("soon", 30),
        ("nan", 30),
        ("inf", 30),
        ("1,5", 30),
        ("1e999", 30),
        ("Sun, 99 Nov 2026 12:07:00 GMT", 30),
        ("9" * 400, 86_400),
    ],
)
def test_every_form_of_retry_after_is_read(text: str | None, wait: float) -> None:
    found = retry_after(text, now=NOW)

    assert found == timedelta(seconds=wait) or (text == "9" * 400 and found == DEFAULT_LATER)


@given(st.text(max_size=40) | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(format_datetime))
def test_no_retry_after_waits_for_nothing_or_for_ever(text: str) -> None:
    assert SHORTEST_LATER <= retry_after(text, now=NOW) <= LONGEST_LATER
