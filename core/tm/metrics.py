"""Numbers over many tasks: which period is meant, and what happened in it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from tm.clock import stamp
from tm.errors import UsageError
from tm.model import COMPLETED
from tm.times import YEAR, duration, midnight
from tm.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo

# `3m` is no spelling: people mean months by it, durations mean minutes.
_LENGTH = re.compile("[1-9][0-9]{0,5}[hdw]")
_LAST = {
    "last-week": timedelta(days=7),
    "last-month": timedelta(days=30),
    "last-quarter": timedelta(days=90),
}


class Period(Value):
    """A stretch of time, from `start` up to but without `end`: aware UTC, None = without that bound."""

    name: str
    start: datetime | None = None
    end: datetime | None = None


class Row(Value):
    """What the numbers need to know of one task: stamps in UTC, ratings 1 to 5, hours; None = unknown."""

    id: str
    status: str
    created_at: str
    completed_at: str | None = None
    feedback_quality: int | None = None
    feedback_timeliness: int | None = None
    feedback_automated: bool = False
    estimated_hours: float | None = None
    actual_hours: float | None = None


class Summary(Value):
    """The metrics of a period. None means that nothing was there to measure, never 0.

    The bounds are UTC stamps, averages run from 1 to 5, `rated` counts the tasks behind them,
    `estimation_accuracy` is a percentage; all are rounded to two decimals.
    """

    period_start: str | None = None
    period_end: str | None = None
    tasks_created: int = 0
    tasks_completed: int = 0
    average_quality_score: float | None = None
    average_timeliness_score: float | None = None
    rated: int = 0
    estimation_accuracy: float | None = None


def period(text: str, *, now: datetime, zone: tzinfo) -> Period:
    """The period a typed word means; `now` is aware, calendar periods begin and end at midnight in `zone`.

    `last-week`, `last-month` and `last-quarter` are the 7, 30 and 90 days of 24 hours up to `now`; `12h`,
    `7d` and `2w` go back likewise. `week` (from Monday), `month` and `quarter` are the current ones;
    `2026-W47` (ISO), `2026-11`, `2026-Q3` and `2026-11-03` are that week, month, quarter and day; `all` has
    no bounds. Raises UsageError for any other text.
    """
    spelled = text.strip().lower()
    if spelled == "all":
        return Period(name=text.strip())
    try:
        start, end = _trailing(spelled, now.astimezone(UTC)) or _calendar(spelled, now=now, zone=zone)
    except (ValueError, OverflowError):
        raise UsageError(
            f"Unknown period {text[:60]!r}. Choose last-week, last-month, last-quarter, week, month, quarter "
            "or all, or write one like 12h, 7d, 2w, 2026-W47, 2026-11, 2026-Q3, 2026-11-03."
        ) from None
    return Period(name=text.strip(), start=start, end=end)


def summarise(rows: Iterable[Row], period: Period) -> Summary:
    """Count and average what was created and what was completed in the period, in one pass over `rows`.

    Ratings and hours count with the tasks completed in the period; ratings by automation never count.
    """
    since = stamp(period.start) if period.start else ""
    until = stamp(period.end) if period.end else "~"
    created = completed = rated = 0
    quality, timeliness, accuracy = _Mean(), _Mean(), _Mean()
    for row in rows:
        created += since <= row.created_at < until
        if row.status != COMPLETED or row.completed_at is None or not since <= row.completed_at < until:
            continue
        completed += 1
        accuracy.add(_accuracy(row))
        if row.feedback_automated:
            continue
        rated += row.feedback_quality is not None or row.feedback_timeliness is not None
        quality.add(row.feedback_quality)
        timeliness.add(row.feedback_timeliness)
    return Summary(
        period_start=since if period.start else None,
        period_end=until if period.end else None,
        tasks_created=created,
        tasks_completed=completed,
        average_quality_score=quality.rounded(),
        average_timeliness_score=timeliness.rounded(),
        rated=rated,
        estimation_accuracy=accuracy.rounded(),
    )


def as_json_fields(summary: Summary) -> dict[str, str | int | float | None]:
    """The summary as the JSON of `tm metrics` has it: every field, in the documented order."""
    return {name: getattr(summary, name) for name in Summary.__annotations__}


class _Mean:
    def __init__(self) -> None:
        self._total: float = 0
        self._count = 0

    def add(self, value: float | None) -> None:
        if value is not None:
            self._total += value
            self._count += 1

    def rounded(self) -> float | None:
        return round(self._total / self._count, 2) if self._count else None


def _accuracy(row: Row) -> float | None:
    estimated, actual = row.estimated_hours, row.actual_hours
    if estimated is None or estimated <= 0 or actual is None:
        return None
    return 100 * max(0.0, 1 - abs(estimated - actual) / estimated)


def _trailing(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    if text in _LAST:
        return now - _LAST[text], now
    if _LENGTH.fullmatch(text):
        return now - duration(text), now
    return None


def _calendar(text: str, *, now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    first, after = _CURRENT[text](now.astimezone(zone).date()) if text in _CURRENT else _named(text)
    return midnight(first, zone=zone), midnight(after, zone=zone)


def _named(text: str) -> tuple[date, date]:
    for spelling, span in _NAMED:
        if found := spelling.fullmatch(text):
            return span(*(int(number) for number in found.groups()))
    raise ValueError(text)


def _week(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


def _quarter(day: date) -> tuple[date, date]:
    first = date(day.year, day.month - (day.month - 1) % 3, 1)
    return first, (first + timedelta(days=92)).replace(day=1)


def _day(day: date) -> tuple[date, date]:
    return day, day + timedelta(days=1)


_CURRENT = {"week": _week, "month": _month, "quarter": _quarter}
_NAMED: tuple[tuple[re.Pattern[str], Callable[..., tuple[date, date]]], ...] = (
    (re.compile(f"({YEAR})-w([0-9]{{2}})"), lambda y, week: _week(date.fromisocalendar(y, week, 1))),
    (re.compile(f"({YEAR})-q([1-4])"), lambda y, quarter: _quarter(date(y, 3 * quarter, 1))),
    (re.compile(f"({YEAR})-([0-9]{{2}})"), lambda y, month: _month(date(y, month, 1))),
    (re.compile(f"({YEAR})-([0-9]{{2}})-([0-9]{{2}})"), lambda y, month, day: _day(date(y, month, day))),
)
