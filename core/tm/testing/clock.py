"""A clock that tests turn by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tm.clock import Clock

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FakeClock(Clock):
    """Stands still until it is advanced. Starts at `at`, an aware instant."""

    def __init__(self, at: datetime = NOON) -> None:
        self._now = at
        self._seconds = 0.0

    def now(self) -> datetime:
        """The instant it shows, in UTC."""
        return self._now.astimezone(UTC)

    def monotonic(self) -> float:
        """Seconds it was advanced since it was made."""
        return self._seconds

    def advance(self, by: timedelta) -> None:
        """Turn it forward (or, with a negative time, back, as a machine's clock may jump)."""
        self._now += by
        self._seconds += max(by.total_seconds(), 0.0)
