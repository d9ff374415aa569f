"""Quiet hours in the time zone of those who sleep, over midnight, weekends and changes of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tm_slack.quiet import DAYS, Quiet

BERLIN = ZoneInfo("Europe/Berlin")


def quiet(begin="20:00", end="08:00", **more):
    return Quiet(begin=begin, end=end, timezone="Europe/Berlin", **more)


def until(window, local):
    found = window.until(datetime.fromisoformat(local).replace(tzinfo=BERLIN))
    return found and f"{found.astimezone(BERLIN):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("local", "ends"),
    [
        ("2026-11-24T19:59", None),
        ("2026-11-24T20:00", "2026-11-25T08:00"),
        ("2026-11-25T03:00", "2026-11-25T08:00"),
        ("2026-11-25T08:00", None),
        ("2026-11-25T12:00", None),
    ],
)
def test_a_night_lasts_into_the_next_day(local, ends):
    assert until(quiet(), local) == ends


def test_a_window_within_a_day_ends_that_day():
    assert until(quiet("12:00", "13:30"), "2026-11-24T12:30") == "2026-11-24T13:30"


def test_a_quiet_weekend_joins_the_nights_around_it():
    weekend = quiet(whole_days=["sat", "sun"])

    assert until(weekend, "2026-11-27T21:00") == "2026-11-30T08:00"
    assert until(weekend, "2026-11-28T12:00") == "2026-11-30T08:00"


def test_days_say_when_a_night_begins():
    window = quiet(days=["mon"])

    assert until(window, "2026-11-24T03:00") == "2026-11-24T08:00"
    assert until(window, "2026-11-24T21:00") is None


@pytest.mark.parametrize("night", ["2026-03-28T23:00", "2026-10-24T23:00"])
def test_the_night_the_clocks_change_ends_at_the_same_hour(night):
    assert until(quiet(), night).endswith("T08:00")


def test_an_hour_that_the_clocks_skip_still_begins_and_ends():
    window = quiet("02:15", "02:45")

    assert until(window, "2026-03-29T12:00") is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"begin": "8 pm"}, "time of day"),
        ({"begin": "24:00"}, "time of day"),
        ({"begin": "08:00", "end": "08:00"}, "must differ"),
        ({"timezone": "Berlin"}, "IANA time zone"),
        ({"whole_days": list(DAYS)}, "leave a day"),
        ({"days": ["monday"]}, "days"),
    ],
)
def test_hours_that_make_no_sense_are_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        Quiet(**{"begin": "20:00", "end": "08:00", "timezone": "UTC", **fields})


@given(
    st.integers(0, 23),
    st.integers(0, 23),
    st.sets(st.sampled_from(DAYS), max_size=6),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - UTC is put on below
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]),
)
def test_it_is_never_quiet_at_its_end_and_always_ends(begin, end, days, at, zone):
    if begin == end:
        return
    window = Quiet(begin=f"{begin:02}:00", end=f"{end:02}:00", timezone=zone, whole_days=tuple(days))
    now = at.replace(tzinfo=UTC)
    ends = window.until(now)

    assert ends is None or (now < ends <= now + timedelta(days=8) and window.until(ends) is None)
