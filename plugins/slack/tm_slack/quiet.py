"""Quiet hours: when a channel is left in peace, in a time zone of its own. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def _clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError("must be a time of day like 20:00")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be an IANA time zone like Europe/Berlin") from None
    return name


Clock = Annotated[str, AfterValidator(_clock)]


class Hours(Protocol):
    """Something that says until when it is quiet."""

    def until(self, now: datetime) -> datetime | None:
        """When it will be over, in UTC, if it is quiet at the aware instant `now`; else None."""


class AnyOf(NamedTuple):
    """Several quiet hours of one channel: quiet while any of them is."""

    several: tuple[Hours, ...]

    def until(self, now: datetime) -> datetime | None:
        """When all of them will be over, in UTC, if it is quiet at the aware instant `now`; else None."""
        end, ends_at = self._latest(now), None
        while end is not None:
            ends_at, end = end, self._latest(end)
        return ends_at

    def _latest(self, now: datetime) -> datetime | None:
        return max(filter(None, (each.until(now) for each in self.several)), default=None)


class Quiet(BaseModel):
    """When nothing but urgent notices is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)

    begin: Clock
    """Time of day when it gets quiet, as in 20:00."""
    end: Clock
    """Time of day when it ends; before `begin`, that is the next day."""
    timezone: Annotated[str, AfterValidator(_zone)]
    """Whose time of day that is, an IANA name."""
    days: tuple[Day, ...] = ()
    """Days on which it begins, all of them if empty: mon, tue, wed, thu, fri, sat, sun."""
    whole_days: tuple[Day, ...] = Field(default=())
    """Days that are quiet from midnight to midnight."""

    @model_validator(mode="after")
    def _is_no_point(self) -> Quiet:
        if self.begin == self.end:
            raise ValueError("begin and end must differ")
        if set(self.whole_days) == set(DAYS):
            raise ValueError("whole_days must leave a day on which something is told")
        return self

    def until(self, now: datetime) -> datetime | None:
        """When it will be over, in UTC, if it is quiet at the aware instant `now`; else None.

        Windows that touch each other, as a night and a quiet Saturday do, end together.
        """
        end, ends_at = self._end_after(now), None
        while end is not None and end != ends_at:
            ends_at, end = end, self._end_after(end)
        return ends_at

    def _end_after(self, now: datetime) -> datetime | None:
        here = now.astimezone(ZoneInfo(self.timezone))
        ends = []
        for back in (0, 1):
            day = here.date() - timedelta(days=back)
            name = DAYS[day.weekday()]
            if name in self.whole_days:
                ends.append((self._at(day, "00:00"), self._at(day + timedelta(days=1), "00:00")))
            if not self.days or name in self.days:
                last = day if self.begin < self.end else day + timedelta(days=1)
                ends.append((self._at(day, self.begin), self._at(last, self.end)))
        return max((end for begin, end in ends if begin <= now < end), default=None)

    def _at(self, day: object, clock: str) -> datetime:
        hour, minute = map(int, clock.split(":"))
        return datetime.combine(day, time(hour, minute), tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)  # type: ignore[arg-type]  # a date
