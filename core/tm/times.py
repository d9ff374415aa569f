"""Reading what people type for time: zones, deadlines, durations and where to start from."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

from tm.errors import ConfigError, UsageError

YEAR = "(?:19|[2-9][0-9])[0-9]{2}"
LONGEST = timedelta(days=36_525)

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = {"d": 1, "w": 7}
_DATE = re.compile(f"{YEAR}-[0-9]{{2}}-[0-9]{{2}}")
_INSTANT = re.compile(
    rf"""{_DATE.pattern} [t\ ]
    (?:[01][0-9]|2[0-3]) :[0-9]{{2}} (?: :[0-9]{{2}} (?:\.[0-9]{{1,6}})? )?
    (?: z | [+-][0-9]{{2}}:?[0-9]{{2}} )?""",
    re.VERBOSE,
)
_AHEAD = re.compile(r"(?:\+|in )?([0-9]{1,6}) ?(h|hours?|d|days?|w|weeks?)")
_DURATION = re.compile(
    r"""(?: (?P<weeks>[0-9]{1,9})w )? (?: (?P<days>[0-9]{1,9})d )? (?: (?P<hours>[0-9]{1,9})h )?
    (?: (?P<minutes>[0-9]{1,9})m )? (?: (?P<seconds>[0-9]{1,9})s )?""",
    re.VERBOSE,
)


class _MachineZone(tzinfo):
    """The zone this machine is set to, by the C library: whatever `TZ` or /etc/localtime say."""

    def utcoffset(self, at: datetime | None) -> timedelta | None:
        return at.replace(tzinfo=None).astimezone().utcoffset() if at else None

    def tzname(self, at: datetime | None) -> str | None:
        return at.replace(tzinfo=None).astimezone().tzname() if at else None

    def dst(self, _at: datetime | None) -> None:
        return None

    def fromutc(self, at: datetime) -> datetime:
        local = at.replace(tzinfo=UTC).astimezone()
        first = local.replace(tzinfo=self)
        return first if first.utcoffset() == local.utcoffset() else first.replace(fold=1)


def zone(name: str | None) -> tzinfo:
    """The time zone of that IANA name; None is the one this machine is set to.

    `UTC` needs no time zone database. Raises ConfigError, with the nearest real name, for any other text.
    """
    if name is None:
        return _MachineZone()
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigError(f"Unknown time zone {name[:60]!r}. {_advice(name)}") from None


def _advice(name: str) -> str:
    known = sorted(available_timezones())
    if not known:
        return "This machine has no time zone database; install one (pip install tzdata) or use UTC."
    cities = {real.rpartition("/")[2].lower(): real for real in known}
    spellings = cities | {real.lower(): real for real in known}
    nearest = get_close_matches(name[:60].lower(), spellings, n=1)
    question = f"Did you mean {spellings[nearest[0]]}? " if nearest else ""
    return f"{question}Set timezone in tm.toml, or TM_TIMEZONE, to an IANA name like Europe/Berlin."


def midnight(day: date, *, zone: tzinfo) -> datetime:
    """When `day` begins in `zone`, in UTC.

    Where the clocks skip midnight the day begins after the gap; where midnight comes twice, at the first.
    Raises OverflowError beyond the years a datetime can hold.
    """
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def deadline(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """The instant a typed deadline means, in UTC; `now` is aware, days are those of `zone`.

    A date, `today`, `tomorrow`, a weekday (the next one, never today), `3d`, `+2w` and `in 3 days` mean the
    end of that day, 23:59:59; `12h` is exact. `2026-12-24T15:00` without an offset is local: a time that
    comes twice is the first of the two, a time the clocks skip moves forward by the gap. The end of a day
    is the last one when it comes twice. Years are 1900 to 9999. Raises UsageError for any other text.
    """
    try:
        return _deadline(_spelled(text), now=now.astimezone(UTC), zone=zone)
    except (ValueError, OverflowError):
        raise UsageError(
            f"Cannot read {text[:60]!r} as a deadline. "
            "Examples: 2026-12-24, 2026-12-24T15:00, tomorrow, fri, 3d, 2w, 12h."
        ) from None


def since(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """The instant from which to look, in UTC; `now` is aware, days are those of `zone`.

    A duration counts back from `now`; `today`, `yesterday` and a date mean the start of that day; an instant
    is read as in `deadline`. Raises UsageError for any other text.
    """
    try:
        return _since(_spelled(text), now=now.astimezone(UTC), zone=zone)
    except (ValueError, OverflowError):
        raise UsageError(
            f"Cannot read {text[:60]!r} as a time to start from. "
            "Examples: 24h, 7d, yesterday, 2026-11-03, 2026-11-03T09:00."
        ) from None


def duration(text: str) -> timedelta:
    """A length of time from 0 to 100 years: whole numbers with w, d, h, m (minutes), s, largest unit first.

    A day is 24 hours. Raises UsageError for any other text, bare numbers and signs included.
    """
    try:
        return _duration(_spelled(text))
    except (ValueError, OverflowError):
        raise UsageError(
            f"Cannot read {text[:60]!r} as a duration of at most 100 years. Examples: 90s, 15m, 1h30m, 24h, 7d, 2w."
        ) from None


def _spelled(text: str) -> str:
    return " ".join(text.lower().split())


def _deadline(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    ahead = _AHEAD.fullmatch(text)
    if ahead and ahead[2].startswith("h"):
        return now + timedelta(hours=int(ahead[1]))
    day = _day(text, now.astimezone(zone).date())
    return _instant(text, zone) if day is None else _last_second(day, zone)


def _day(text: str, today: date) -> date | None:
    if _DATE.fullmatch(text):
        return date.fromisoformat(text)
    if ahead := _AHEAD.fullmatch(text):
        return today + timedelta(days=int(ahead[1]) * _DAYS[ahead[2][0]])
    if text in ("today", "tomorrow"):
        return today + timedelta(days=text == "tomorrow")
    for number, name in enumerate(_WEEKDAYS):
        if len(text) >= 3 and name.startswith(text):
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return None


def _last_second(day: date, zone: tzinfo) -> datetime:
    end = datetime.combine(day, time(23, 59, 59), tzinfo=zone)
    return max(end.astimezone(UTC), end.replace(fold=1).astimezone(UTC))


def _since(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    if _DATE.fullmatch(text):
        return midnight(date.fromisoformat(text), zone=zone)
    if text in ("today", "yesterday"):
        today = now.astimezone(zone).date()
        return midnight(today - timedelta(days=text == "yesterday"), zone=zone)
    if _INSTANT.fullmatch(text):
        return _instant(text, zone)
    return now - _duration(text)


def _instant(text: str, zone: tzinfo) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    at = datetime.fromisoformat(text.upper())
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text) if text else None
    if found is None:
        raise ValueError(text)
    length = timedelta(**{unit: int(count) for unit, count in found.groupdict("0").items()})
    if length > LONGEST:
        raise OverflowError(text)
    return length
