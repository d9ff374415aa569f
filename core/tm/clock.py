"""The one place that reads the time; everything else is handed a clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """The machine's time. Tests hand in `tm.testing.FakeClock` instead."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never jump, for deadlines inside one process."""
        return time.monotonic()


def stamp(at: datetime) -> str:
    """An aware instant as the store keeps and prints it: UTC, microseconds, `Z`; sorts as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def instant(text: str) -> datetime:
    """The aware UTC instant a stamp stands for. Raises ValueError on any other text."""
    return datetime.fromisoformat(text).astimezone(UTC)
