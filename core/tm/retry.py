"""What a failed call means for its delivery and its plugin: when to try again, when to stop. Pure."""

from __future__ import annotations

import math
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tm.clock import stamp
from tm.errors import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tm.store.plugins import Health

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=1)
SHORTEST_LATER = timedelta(seconds=1)
DEFAULT_LATER = timedelta(seconds=30)
LONGEST_LATER = timedelta(hours=24)
GIVE_UP_AFTER = timedelta(hours=24)
FEWEST_FAILURES = 8
GIVE_UP_WAITING_AFTER = timedelta(days=7)
FREE_RECLAIMS = 4
BREAKER_AFTER = 5
BREAKER_FIRST = timedelta(seconds=30)
BREAKER_LONGEST = timedelta(minutes=15)
_SECOND = len("2026-11-03T09:00:00")


class Settled(Value):
    """The judgement on one failed call.

    `outcome` is `later`, `needs login`, `dead`, `unknown` or `reclaimed`. `after` is the wait before the next
    attempt; None with a dead letter. `is_counted` adds to the delivery's and the breaker's failures, `pause` holds
    the whole plugin back that long, `may_have_happened` sticks to the delivery.
    """

    outcome: str
    after: timedelta | None = None
    is_counted: bool = False
    pause: timedelta | None = None
    may_have_happened: bool = False


def settle(
    error: BaseException,
    *,
    failures: int,
    age: timedelta,
    give_up_after: timedelta | None = None,
    random: Callable[[], float],
) -> Settled:
    """Judge what a hook raised.

    `failures` are the counted ones before this, `age` the time since the first attempt, `random` a number
    from 0 to 1 for the jitter. Without a `give_up_after` of somebody's choice it is over after about a day
    and a fair number of attempts: a laptop closed over the weekend has tried once, not for three days.
    """
    if isinstance(error, RetryLater):
        return _later(error, age)
    if isinstance(error, NeedsLogin):
        return Settled(outcome="needs login", after=timedelta(0))
    if isinstance(error, PermanentFailure):
        return Settled(outcome="dead")
    is_over = has_tried_enough(failures + 1, age=age, give_up_after=give_up_after)
    return Settled(
        outcome="dead" if is_over else "unknown",
        after=None if is_over else backoff(failures + 1, random=random),
        is_counted=True,
        may_have_happened=True,
    )


def has_tried_enough(failures: int, *, age: timedelta, give_up_after: timedelta | None) -> bool:
    """Whether a delivery that failed so often, for so long, becomes a dead letter."""
    if give_up_after is not None:
        return age >= give_up_after
    return age >= GIVE_UP_AFTER and failures >= FEWEST_FAILURES


def _later(error: RetryLater, age: timedelta) -> Settled:
    if age >= GIVE_UP_WAITING_AFTER:
        return Settled(outcome="dead")
    after = asked_wait(error) or DEFAULT_LATER
    return Settled(outcome="later", after=after, pause=after if getattr(error, "whole_plugin", False) else None)


def asked_wait(error: BaseException) -> timedelta | None:
    """How long a RetryLater asks to wait, from a second to a day; None if it does not say, or is another error."""
    asked = getattr(error, "after", None) if isinstance(error, RetryLater) else None
    return min(max(asked, SHORTEST_LATER), LONGEST_LATER) if isinstance(asked, timedelta) else None


def backoff(failures: int, *, random: Callable[[], float]) -> timedelta:
    """The wait after the n-th counted failure: full jitter up to 5 s × 4ⁿ⁻¹, at most an hour."""
    ceiling = LONGEST_DELAY if failures > 8 else min(LONGEST_DELAY, FIRST_DELAY * 4 ** (failures - 1))
    return ceiling * random()


def breaker_pause(failures: int, trips: int) -> timedelta | None:
    """How long a plugin rests after its n-th failure in a row, or None while it may go on.

    It rests after every fifth failure at first; once tripped, each failed probe doubles the rest.
    """
    if failures < BREAKER_AFTER and trips == 0:
        return None
    return BREAKER_LONGEST if trips > 6 else min(BREAKER_LONGEST, BREAKER_FIRST * 2**trips)


def stale_claim(
    reclaims: int,
    *,
    failures: int,
    age: timedelta,
    give_up_after: timedelta | None = None,
    random: Callable[[], float],
) -> Settled:
    """Judge a delivery whose worker died, `reclaims` times before: free at first, so that a kill costs nothing.

    From the fifth time on it is a failure like any, so that one delivery cannot kill workers for ever.
    """
    if reclaims < FREE_RECLAIMS:
        return Settled(outcome="reclaimed", after=timedelta(0), may_have_happened=True)
    return settle(OutcomeUnknown(), failures=failures, age=age, give_up_after=give_up_after, random=random)


def clamp(due_at: datetime, *, since: datetime, now: datetime) -> datetime:
    """When to end a wait that began at `since`, should the clock have been set back in between.

    A wait that seems to begin in the future begins now, and none is longer than the longest there is.
    """
    return now + min(due_at - max(since, now), LONGEST_LATER)


def succeeded(health: Health, *, at: str) -> Health:
    """A plugin after a call delivered at this stamp: its breaker closes, a pause the other side asked for goes on.

    A plugin that goes from success to success has its last one on record to the second.
    """
    is_well = not health.failures and not health.trips
    if is_well and (health.last_success_at or "")[:_SECOND] == at[:_SECOND]:
        return health
    open_until = None if health.trips else health.open_until
    return health.with_(failures=0, trips=0, open_until=open_until, last_success_at=at)


def shaken(health: Health, settled: Settled, *, error: str, now: datetime, is_probe: bool) -> Health:
    """A plugin after a call that was not delivered; `error` is what people are shown."""
    open_until = None if is_probe else health.open_until
    health = health.with_(open_until=open_until, last_error=error, last_error_at=stamp(now))
    if settled.outcome == "needs login":
        return health.with_(paused=f"needs login: {error}"[:500], paused_at=stamp(now))
    if settled.pause is not None:
        return resting(health, settled.pause, now=now)
    return failed(health, now=now, is_probe=is_probe) if settled.is_counted else health


def failed(health: Health, *, now: datetime, is_probe: bool) -> Health:
    """A plugin after one more counted failure.

    Once it rests, probes alone prolong that: calls that began before may all fail together.
    """
    failures = health.failures + 1
    pause = breaker_pause(failures, health.trips) if is_probe or not health.trips else None
    health = health.with_(failures=failures)
    return health if pause is None else resting(health.with_(trips=health.trips + 1), pause, now=now)


def resting(health: Health, pause: timedelta, *, now: datetime) -> Health:
    """A plugin that is not called for a while; a longer rest is never cut short."""
    until = stamp(now + pause)
    return health.with_(open_until=max(until, health.open_until or until))


def rested(health: Health) -> Health:
    """A plugin that may be called again at once, on a person's word or because it is settled otherwise."""
    return health.with_(paused=None, paused_at=None, failures=0, trips=0, open_until=None)


def retry_after(text: str | None, *, now: datetime) -> timedelta:
    """How long to wait by a Retry-After header: seconds, with a fraction, or a date; `now` is aware.

    Never under a second nor over 24 hours; 30 seconds if nothing readable is said.
    """
    seconds = _seconds(text or "", now)
    if seconds is None or not math.isfinite(seconds):
        return DEFAULT_LATER
    return timedelta(seconds=min(max(seconds, SHORTEST_LATER.total_seconds()), LONGEST_LATER.total_seconds()))


def _seconds(text: str, now: datetime) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(text)
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
