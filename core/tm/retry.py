"""What a failed call means for its delivery and its plugin: when to try again, when to stop. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tm.errors import NeedsLogin, PermanentFailure, RetryLater
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=1)
DEFAULT_LATER = timedelta(seconds=30)
LONGEST_LATER = timedelta(hours=24)
GIVE_UP_AFTER = timedelta(hours=24)
GIVE_UP_WAITING_AFTER = timedelta(days=7)
FREE_RECLAIMS = 4
BREAKER_AFTER = 5
BREAKER_FIRST = timedelta(seconds=30)
BREAKER_LONGEST = timedelta(minutes=15)


class Settled(Value):
    """The judgement on one failed call.

    `outcome` is `later`, `needs login`, `dead` or `unknown`. `after` is the wait before the next attempt;
    None with a dead letter. `is_counted` adds to the delivery's and the breaker's failures, `pause` holds
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
    give_up_after: timedelta = GIVE_UP_AFTER,
    random: Callable[[], float],
) -> Settled:
    """Judge what a hook raised.

    `failures` are the counted ones before this, `age` the time since the first attempt, `random` a number
    from 0 to 1 for the jitter.
    """
    if isinstance(error, RetryLater):
        return _later(error, age)
    if isinstance(error, NeedsLogin):
        return Settled(outcome="needs login", after=timedelta(0))
    if isinstance(error, PermanentFailure):
        return Settled(outcome="dead")
    if age >= give_up_after:
        return Settled(outcome="dead", may_have_happened=True)
    wait = backoff(failures + 1, random=random)
    return Settled(outcome="unknown", after=wait, is_counted=True, may_have_happened=True)


def _later(error: RetryLater, age: timedelta) -> Settled:
    if age >= GIVE_UP_WAITING_AFTER:
        return Settled(outcome="dead")
    asked = DEFAULT_LATER if error.after is None else error.after
    after = min(max(asked, timedelta(0)), LONGEST_LATER)
    return Settled(outcome="later", after=after, pause=after if error.whole_plugin else None)


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


def stale_claim(reclaims: int, failures: int, *, random: Callable[[], float]) -> tuple[timedelta, int]:
    """Wait and counted failures of a delivery whose worker died: free at first, so that a kill costs nothing.

    From the fifth time on it counts, so that one delivery cannot kill workers for ever.
    """
    if reclaims < FREE_RECLAIMS:
        return timedelta(0), failures
    return backoff(failures + 1, random=random), failures + 1


def clamp(due_at: datetime, *, now: datetime) -> datetime:
    """A due time that a clock set back cannot freeze: never further off than the longest wait."""
    return min(due_at, now + LONGEST_LATER)
