"""What people type for zones, deadlines, durations and `--since` is read as they mean it, or refused."""

import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm import times
from tm.errors import ConfigError, TmError, UsageError

NOW = datetime(2026, 11, 22, 9, 41, 58, 123456, tzinfo=UTC)  # a Sunday
BERLIN = ZoneInfo("Europe/Berlin")
SANTIAGO = ZoneInfo("America/Santiago")  # its clocks change at midnight
ZONES = st.sampled_from([BERLIN, SANTIAGO, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")])
EPOCH = datetime(1971, 1, 1, tzinfo=UTC)
NIGHTS = [  # on which the clocks of one of these zones change
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 5, 3, tzinfo=UTC),
    datetime(2026, 9, 6, 4, tzinfo=UTC),
]
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=47_000)).map(EPOCH.__add__) | st.builds(
    datetime.__add__, st.sampled_from(NIGHTS), st.timedeltas(timedelta(hours=-30), timedelta(hours=30))
)

NONSENSE = [
    "", " ", "soon", "3", "-3d", "+-3d", "3 parsecs", "3m", "f", "su", "fridays", "in days", "today tomorrow",
    "12-24", "24.12.2026", "2026-13-01", "2026-02-30", "2026-W47", "0000-01-01", "0001-01-01", "99999-01-01",
    "2026-12-24T25:00", "2026-12-24T24:00", "2026-12-24T15:60", "2026-12-24T15:00+99:00", "2026-12-24T",
    "2026-12-24T15:00 CET", "٣d", "２０２６-12-24", "1" + "0" * 30 + "d", "9" * 5000 + "d", "999999w", "3d\0",
    "\ud800",
]  # fmt: skip


def deadline(text, zone=BERLIN, now=NOW):
    return times.deadline(text, now=now, zone=zone)


def since(text, zone=BERLIN, now=NOW):
    return times.since(text, now=now, zone=zone)


@pytest.fixture
def machine_in_berlin(monkeypatch):
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield times.zone(None)
    monkeypatch.undo()
    time.tzset()


# zones


def test_a_zone_is_found_by_its_iana_name():
    assert datetime(2026, 7, 1, tzinfo=times.zone("Europe/Berlin")).utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlim", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("Paris", "Europe/Paris"),
        ("New York", "America/New_York"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest_real_name(typed, meant):
    with pytest.raises(ConfigError, match=f"Unknown time zone '{typed}'. Did you mean {meant}"):
        times.zone(typed)


@pytest.mark.parametrize(
    "name", ["", ".", "Europe", "../../etc/passwd", "/etc/localtime", "\0", "\ud800", "x" * 5000, "tzdata.zi"]
)
def test_a_name_that_is_no_zone_is_refused_in_a_sentence(name):
    with pytest.raises(ConfigError, match="Unknown time zone"):
        times.zone(name)


def test_without_a_zone_database_utc_works_and_any_other_zone_says_what_to_install():
    program = (
        "from tm import times\n"
        "print(times.zone('UTC'))\n"
        "try: times.zone('Europe/Berlin')\n"
        "except times.ConfigError as error: print(error)\n"
    )
    where = str(Path(times.__file__).parent.parent)
    ran = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={**os.environ, "PYTHONTZPATH": "", "PYTHONPATH": where},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.startswith("UTC\n")
    assert "pip install tzdata" in ran.stdout


def test_no_name_is_the_zone_of_this_machine(machine_in_berlin):
    noon = datetime(2026, 7, 1, 12, tzinfo=machine_in_berlin)

    assert (noon.astimezone(UTC).hour, noon.tzname()) == (10, "CEST")


@pytest.mark.parametrize("night", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_every_instant_of_a_night_of_change_survives_the_zone_of_the_machine(machine_in_berlin, night):
    for minutes in range(-180, 300, 10):
        at = night + timedelta(minutes=minutes)

        assert at.astimezone(machine_in_berlin).astimezone(UTC) == at


def test_a_repeated_hour_of_the_machine_has_two_sides(machine_in_berlin):
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    here = [at.astimezone(machine_in_berlin) for at in (first, second)]

    assert [(at.hour, at.minute, at.fold) for at in here] == [(2, 30, 0), (2, 30, 1)]
    assert [at.astimezone(UTC) for at in here] == [first, second]


@pytest.mark.parametrize("local", ["2026-03-29T02:30", "2026-10-25T02:30", "2026-03-29", "2026-12-24T15:00"])
def test_the_machine_reads_local_times_as_the_same_named_zone_does(machine_in_berlin, local):
    assert deadline(local, zone=machine_in_berlin) == deadline(local, zone=BERLIN)


# deadlines


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-12-24", "2026-12-24T23:59:59+01:00"),
        ("2026-07-01", "2026-07-01T23:59:59+02:00"),
        ("today", "2026-11-22T23:59:59+01:00"),
        ("tomorrow", "2026-11-23T23:59:59+01:00"),
        ("mon", "2026-11-23T23:59:59+01:00"),
        ("fri", "2026-11-27T23:59:59+01:00"),
        ("Friday", "2026-11-27T23:59:59+01:00"),
        ("thurs", "2026-11-26T23:59:59+01:00"),
        ("sunday", "2026-11-29T23:59:59+01:00"),
        ("3d", "2026-11-25T23:59:59+01:00"),
        ("+3d", "2026-11-25T23:59:59+01:00"),
        ("in 3 days", "2026-11-25T23:59:59+01:00"),
        ("in 1 day", "2026-11-23T23:59:59+01:00"),
        ("0d", "2026-11-22T23:59:59+01:00"),
        ("2w", "2026-12-06T23:59:59+01:00"),
        ("in 2 weeks", "2026-12-06T23:59:59+01:00"),
        ("12h", "2026-11-22T22:41:58.123456+01:00"),
        ("in 1 hour", "2026-11-22T11:41:58.123456+01:00"),
        ("2026-12-24T15:00", "2026-12-24T15:00:00+01:00"),
        ("2026-12-24 15:00", "2026-12-24T15:00:00+01:00"),
        ("2026-12-24T15:00:30", "2026-12-24T15:00:30+01:00"),
        ("2026-12-24T15:00Z", "2026-12-24T15:00:00+00:00"),
        ("2026-12-24t15:00z", "2026-12-24T15:00:00+00:00"),
        ("2026-12-24 15:00:30.5-0330", "2026-12-24T15:00:30.500000-03:30"),
        (" 2026-12-24\n", "2026-12-24T23:59:59+01:00"),
        ("2020-01-01", "2020-01-01T23:59:59+01:00"),
        ("9999-12-31", "9999-12-31T23:59:59+01:00"),
    ],
)
def test_a_deadline_is_read_as_people_mean_it(typed, meant):
    read = deadline(typed)

    assert read == datetime.fromisoformat(meant)
    assert read.tzinfo is UTC


def test_the_days_of_a_deadline_are_those_of_the_zone_and_not_of_utc():
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

    assert deadline("today", now=late) == datetime(2026, 11, 23, 22, 59, 59, tzinfo=UTC)
    assert deadline("monday", now=late) == datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC)


def test_hours_are_exact_over_the_night_of_a_clock_change():
    evening = datetime(2026, 3, 28, 23, 0, tzinfo=BERLIN)

    assert deadline("12h", now=evening) == datetime(2026, 3, 29, 12, 0, tzinfo=BERLIN)


def test_a_local_time_that_comes_twice_is_the_first_of_the_two():
    assert deadline("2026-10-25T02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_local_time_the_clocks_skip_moves_forward_by_the_gap():
    assert deadline("2026-03-29T02:30").astimezone(BERLIN).isoformat() == "2026-03-29T03:30:00+02:00"


def test_the_end_of_a_day_whose_last_hour_comes_twice_is_the_second():
    assert deadline("2026-04-04", zone=SANTIAGO) == datetime(2026, 4, 5, 3, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("text", NONSENSE)
def test_what_is_no_deadline_is_refused_with_examples(text):
    with pytest.raises(UsageError, match=r"Cannot read .* as a deadline.*Examples: 2026-12-24"):
        deadline(text)


@pytest.mark.parametrize("read", [deadline, since, times.duration, times.zone])
def test_a_refusal_stays_one_short_sentence_however_long_the_text(read):
    with pytest.raises(TmError) as refusal:
        read("x" * 5000)

    assert len(str(refusal.value)) < 250


def test_an_end_of_day_beyond_the_last_year_is_refused():
    with pytest.raises(UsageError):
        deadline("9999-12-31", zone=ZoneInfo("America/New_York"))


@given(day=st.dates(date(1971, 1, 1), date(2100, 1, 1)), zone=ZONES)
def test_a_date_ends_one_second_before_the_next_day_begins(day, zone):
    end = deadline(day.isoformat(), zone=zone)

    assert f"{end.astimezone(zone):%Y-%m-%d %H:%M:%S}" == f"{day} 23:59:59"
    assert end + timedelta(seconds=1) == times.midnight(day + timedelta(days=1), zone=zone)


@given(at=INSTANTS, zone=ZONES, write=st.sampled_from([datetime.isoformat, str]))
def test_an_instant_written_with_its_offset_is_read_back_unchanged(at, zone, write):
    written = write(at.astimezone(zone))

    assert deadline(written, zone=BERLIN) == at
    assert since(written, zone=BERLIN) == at


@given(now=INSTANTS, zone=ZONES, name=st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))
def test_a_weekday_is_the_next_such_day_and_never_today(now, zone, name):
    there = deadline(name, now=now, zone=zone).astimezone(zone)

    assert there.strftime("%a").lower() == name
    assert 1 <= (there.date() - now.astimezone(zone).date()).days <= 7


@given(now=INSTANTS, zone=ZONES, days=st.integers(0, 4000))
def test_days_ahead_land_at_the_end_of_that_day(now, zone, days):
    there = deadline(f"{days}d", now=now, zone=zone).astimezone(zone)

    assert there.date() == now.astimezone(zone).date() + timedelta(days=days)
    assert (there.hour, there.minute, there.second) == (23, 59, 59)


# durations


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("24h", timedelta(days=1)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        ("1h30m", timedelta(minutes=90)),
        ("1w2d3h4m5s", timedelta(days=9, hours=3, minutes=4, seconds=5)),
        ("0s", timedelta(0)),
        (" 2W ", timedelta(days=14)),
        ("36525d", times.LONGEST),
    ],
)
def test_a_duration_is_whole_numbers_with_units(typed, meant):
    assert times.duration(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "", "15", "-1h", "+1h", "1.5h", "30m1h", "1h1h", "1y", "h", "1 h 30 m", "٣d", "36526d", "999999999w",
        "1" + "0" * 30 + "d", "9" * 5000 + "s",
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_examples(text):
    with pytest.raises(UsageError, match=r"Cannot read .* as a duration.*Examples: 90s"):
        times.duration(text)


@given(length=st.timedeltas(timedelta(0), times.LONGEST))
def test_every_length_of_whole_seconds_can_be_written_and_read_back(length):
    length -= timedelta(microseconds=length.microseconds)
    minutes, seconds = divmod(length.seconds, 60)

    assert times.duration(f"{length.days}d{minutes // 60}h{minutes % 60}m{seconds}s") == length


# since


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("24h", "2026-11-21T09:41:58.123456+00:00"),
        ("1h30m", "2026-11-22T08:11:58.123456+00:00"),
        ("today", "2026-11-22T00:00:00+01:00"),
        ("Yesterday", "2026-11-21T00:00:00+01:00"),
        ("2026-11-03", "2026-11-03T00:00:00+01:00"),
        ("2026-11-03T09:00", "2026-11-03T09:00:00+01:00"),
        ("2026-11-22T09:41:58.123456Z", "2026-11-22T09:41:58.123456+00:00"),
        ("1970-01-01", "1970-01-01T00:00:00+01:00"),
    ],
)
def test_since_is_a_duration_back_a_day_or_an_instant(typed, meant):
    read = since(typed)

    assert read == datetime.fromisoformat(meant)
    assert read.tzinfo is UTC


def test_a_day_whose_midnight_is_skipped_begins_after_the_gap():
    assert since("2026-09-06", zone=SANTIAGO).astimezone(SANTIAGO).isoformat() == "2026-09-06T01:00:00-03:00"


def test_the_day_since_starts_is_that_of_the_zone_and_not_of_utc():
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

    assert since("today", now=late) == datetime(2026, 11, 22, 23, 0, tzinfo=UTC)


def test_days_back_are_exact_over_the_night_of_a_clock_change():
    morning = datetime(2026, 3, 29, 12, 0, tzinfo=BERLIN)

    assert since("1d", now=morning) == datetime(2026, 3, 28, 11, 0, tzinfo=BERLIN)


@pytest.mark.parametrize("text", [*sorted(set(NONSENSE) - {"3m"}), "tomorrow", "fri", "in 3 days", "+3d"])
def test_what_since_cannot_read_is_refused_with_examples(text):
    with pytest.raises(UsageError, match=r"Cannot read .* as a time to start from.*Examples: 24h"):
        since(text)


# anything at all

SCRAPS = st.text("0123456789-+:.TZthdwmsinfrqa wQ٣²\0\n", max_size=25)


@given(text=st.text() | SCRAPS, now=INSTANTS, zone=ZONES)
def test_no_text_crashes_a_reader(text, now, zone):
    for read in (times.deadline, times.since):
        try:
            at = read(text, now=now, zone=zone)
        except UsageError:
            continue
        assert at.tzinfo is UTC


@given(text=st.text() | SCRAPS)
def test_no_text_crashes_the_reader_of_durations_or_names_a_negative_one(text):
    try:
        length = times.duration(text)
    except UsageError:
        return

    assert timedelta(0) <= length <= times.LONGEST
