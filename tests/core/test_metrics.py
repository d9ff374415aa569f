"""The periods people ask for have the bounds they expect, and the numbers over them are honest."""

import json
import random
import weakref
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm.clock import instant, stamp
from tm.errors import UsageError
from tm.metrics import Period, Row, Summary, as_json_fields, period, summarise

NOW = datetime(2026, 11, 22, 9, 41, 58, tzinfo=UTC)  # a Sunday, in ISO week 47
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE])
EPOCH = datetime(1971, 1, 1, tzinfo=UTC)
NIGHTS = [  # on which the clocks of one of these zones change
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
]
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=47_000)).map(EPOCH.__add__) | st.builds(
    datetime.__add__, st.sampled_from(NIGHTS), st.timedeltas(timedelta(hours=-30), timedelta(hours=30))
)

THIS_WEEK = Period(name="week", start=datetime(2026, 11, 16, tzinfo=UTC), end=datetime(2026, 11, 23, tzinfo=UTC))
WEDNESDAY = "2026-11-18T12:00:00.000000Z"
LONG_AGO = "2025-01-01T00:00:00.000000Z"


def bounds(text, *, zone=BERLIN, now=NOW):
    meant = period(text, now=now, zone=zone)
    return meant.start, meant.end


def local(text, *, zone=BERLIN, now=NOW):
    return tuple(f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in bounds(text, zone=zone, now=now))


def row(**fields):
    done = Row(id="0a1b2c3d", status="completed", created_at=LONG_AGO, completed_at=WEDNESDAY)
    return done.with_(**fields)


def week_of(*rows):
    return summarise(rows, THIS_WEEK)


# periods


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("last-week", 7), ("last-month", 30), ("last-quarter", 90), ("7d", 7), ("30d", 30), ("12h", 0.5),
        ("2w", 14),
    ],
)  # fmt: skip
def test_a_trailing_period_ends_now_and_lasts_exactly_so_many_days(text, days):
    assert bounds(text) == (NOW - timedelta(days=days), NOW)


def test_a_trailing_period_is_exact_over_the_night_of_a_clock_change():
    noon = datetime(2026, 3, 29, 12, tzinfo=BERLIN)

    assert local("24h", now=noon) == ("2026-03-28 11:00", "2026-03-29 12:00")


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("week", "2026-11-16 00:00", "2026-11-23 00:00"),
        ("month", "2026-11-01 00:00", "2026-12-01 00:00"),
        ("quarter", "2026-10-01 00:00", "2027-01-01 00:00"),
        ("2026-W47", "2026-11-16 00:00", "2026-11-23 00:00"),
        ("2026-W01", "2025-12-29 00:00", "2026-01-05 00:00"),
        ("2026-W53", "2026-12-28 00:00", "2027-01-04 00:00"),
        ("2026-11", "2026-11-01 00:00", "2026-12-01 00:00"),
        ("2026-12", "2026-12-01 00:00", "2027-01-01 00:00"),
        ("2024-02", "2024-02-01 00:00", "2024-03-01 00:00"),
        ("2026-Q1", "2026-01-01 00:00", "2026-04-01 00:00"),
        ("2026-Q3", "2026-07-01 00:00", "2026-10-01 00:00"),
        ("2026-Q4", "2026-10-01 00:00", "2027-01-01 00:00"),
        ("2026-11-03", "2026-11-03 00:00", "2026-11-04 00:00"),
    ],
)
@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK])
def test_a_calendar_period_runs_from_midnight_to_midnight_in_the_zone(text, first, after, zone):
    assert local(text, zone=zone) == (first, after)


def test_the_current_week_is_that_of_the_zone_and_not_of_utc():
    late_on_sunday = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

    assert local("week", zone=BERLIN, now=late_on_sunday)[0] == "2026-11-23 00:00"
    assert local("week", zone=NEW_YORK, now=late_on_sunday)[0] == "2026-11-16 00:00"


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, "2026-03-29", 23),
        (BERLIN, "2026-10-25", 25),
        (NEW_YORK, "2026-03-08", 23),
        (NEW_YORK, "2026-11-01", 25),
        (LORD_HOWE, "2026-10-04", 23.5),
        (LORD_HOWE, "2026-04-05", 24.5),
    ],
)
def test_a_day_of_a_clock_change_is_as_long_as_it_really_is(zone, day, hours):
    start, end = bounds(day, zone=zone)

    assert end - start == timedelta(hours=hours)


def test_all_has_no_bounds():
    assert period("all", now=NOW, zone=BERLIN) == Period(name="all", start=None, end=None)


def test_capitals_and_spaces_around_do_not_matter_and_the_name_stays_as_typed():
    assert period(" Last-Week\n", now=NOW, zone=BERLIN).name == "Last-Week"
    assert bounds("2026-w47") == bounds("2026-W47")


@pytest.mark.parametrize(
    "text",
    [
        "", "last week", "yesterday", "fortnight", "7", "0d", "-7d", "+7d", "3m", "1y", "2026", "2026-13",
        "2026-00", "2026-W00", "2025-W53", "2026-W54", "2026-Q0", "2026-Q5", "2026-02-30", "99999-01",
        "0000-01", "0001-W01", "9999-12", "٣d", "２０２６-11", "1" + "0" * 30 + "d", "2026-11-03T09:00",
    ],
)  # fmt: skip
def test_an_unknown_period_is_refused_with_the_spellings(text):
    with pytest.raises(UsageError, match=r"Unknown period .* last-week.* 2026-W47, 2026-11, 2026-Q3"):
        bounds(text)


@pytest.mark.parametrize("text", ["999999h", "999999w"])
def test_a_trailing_period_of_more_than_a_hundred_years_is_refused(text):
    with pytest.raises(UsageError, match="100 years"):
        bounds(text)


def iso_week(at):
    return "{}-W{:02}".format(*at.isocalendar()[:2])


def month(at):
    return f"{at:%Y-%m}"


def quarter(at):
    return f"{at.year}-Q{(at.month + 2) // 3}"


def day(at):
    return f"{at:%Y-%m-%d}"


@given(at=INSTANTS, zone=ZONES, name=st.sampled_from([iso_week, month, quarter, day]))
def test_every_instant_lies_in_exactly_one_period_of_its_kind(at, zone, name):
    start, end = bounds(name(at.astimezone(zone)), zone=zone)
    before = bounds(name((start - timedelta(hours=1)).astimezone(zone)), zone=zone)
    after = bounds(name(end.astimezone(zone)), zone=zone)

    assert start <= at < end
    assert before[1] == start
    assert after[0] == end


@given(now=INSTANTS, zone=ZONES)
def test_the_current_periods_are_those_named_after_today(now, zone):
    today = now.astimezone(zone)

    for word, name in (("week", iso_week), ("month", month), ("quarter", quarter)):
        assert bounds(word, zone=zone, now=now) == bounds(name(today), zone=zone, now=now)


@given(text=st.text() | st.text("0123456789-wWqQhdm alstke٣\0", max_size=20), now=INSTANTS, zone=ZONES)
def test_no_text_crashes_the_reader_of_periods(text, now, zone):
    try:
        meant = period(text, now=now, zone=zone)
    except UsageError:
        return

    assert meant.start is None or meant.start < meant.end


# numbers


def test_nothing_measured_is_none_and_never_zero():
    assert week_of() == Summary(
        period_start="2026-11-16T00:00:00.000000Z",
        period_end="2026-11-23T00:00:00.000000Z",
        tasks_created=0,
        tasks_completed=0,
        average_quality_score=None,
        average_timeliness_score=None,
        rated=0,
        estimation_accuracy=None,
    )


def test_the_json_has_every_field_in_the_documented_order_and_plain_decimals():
    summary = week_of(
        row(feedback_quality=4, feedback_timeliness=5, estimated_hours=3.0, actual_hours=4.0),
        row(feedback_quality=5, created_at=WEDNESDAY),
        row(feedback_quality=5),
    )

    assert json.dumps(as_json_fields(summary)) == (
        '{"period_start": "2026-11-16T00:00:00.000000Z", "period_end": "2026-11-23T00:00:00.000000Z", '
        '"tasks_created": 1, "tasks_completed": 3, "average_quality_score": 4.67, '
        '"average_timeliness_score": 5.0, "rated": 3, "estimation_accuracy": 66.67}'
    )


def test_all_time_counts_every_task_and_prints_no_bounds():
    summary = summarise([row(), row(created_at=WEDNESDAY)], Period(name="all"))

    assert (summary.period_start, summary.period_end) == (None, None)
    assert (summary.tasks_created, summary.tasks_completed) == (2, 2)


def test_a_period_holds_its_first_instant_and_not_its_end():
    edges = [stamp(THIS_WEEK.start), stamp(THIS_WEEK.end)]
    summary = week_of(*(row(created_at=at, completed_at=at) for at in edges))

    assert (summary.tasks_created, summary.tasks_completed) == (1, 1)


def test_creation_and_completion_are_counted_each_in_its_own_period():
    summary = week_of(row(created_at=WEDNESDAY, status="pending", completed_at=None), row(), row(completed_at=LONG_AGO))

    assert (summary.tasks_created, summary.tasks_completed) == (1, 1)


def test_a_reopened_task_that_kept_its_completion_time_is_not_completed():
    summary = week_of(row(status="in_progress", feedback_quality=1, estimated_hours=1.0, actual_hours=1.0))

    assert (summary.tasks_completed, summary.rated, summary.estimation_accuracy) == (0, 0, None)


def test_ratings_by_automation_stay_out_of_averages_and_count():
    summary = week_of(
        row(feedback_quality=3, feedback_timeliness=2),
        row(feedback_quality=5, feedback_timeliness=5, feedback_automated=True),
    )

    assert summary.tasks_completed == 2
    assert (summary.average_quality_score, summary.average_timeliness_score, summary.rated) == (3.0, 2.0, 1)


def test_ratings_of_tasks_completed_outside_the_period_do_not_count():
    assert week_of(row(completed_at=LONG_AGO, feedback_quality=5)).rated == 0


def test_a_task_with_one_of_the_two_ratings_is_rated_once_and_averaged_where_it_has_one():
    summary = week_of(row(feedback_timeliness=4), row(feedback_quality=2, feedback_timeliness=5), row())

    assert summary.rated == 2
    assert (summary.average_quality_score, summary.average_timeliness_score) == (2.0, 4.5)


@pytest.mark.parametrize(
    ("estimated", "actual", "accuracy"),
    [
        (4.0, 4.0, 100.0),
        (4.0, 3.0, 75.0),
        (4.0, 5.0, 75.0),
        (4.0, 0.0, 0.0),
        (1.0, 50.0, 0.0),
        (3.0, 4.0, 66.67),
        (0.3, 0.4, 66.67),
        (1e-9, 999_999.0, 0.0),
        (0.0, 1.0, None),
        (None, 1.0, None),
        (4.0, None, None),
    ],
)
def test_estimation_accuracy_is_the_share_the_estimate_got_right(estimated, actual, accuracy):
    assert week_of(row(estimated_hours=estimated, actual_hours=actual)).estimation_accuracy == accuracy


def test_estimation_accuracy_averages_tasks_whose_automation_rated_them_too():
    summary = week_of(
        row(estimated_hours=4.0, actual_hours=4.0, feedback_automated=True),
        row(estimated_hours=4.0, actual_hours=2.0),
        row(),
    )

    assert summary.estimation_accuracy == 75.0


RATINGS = st.none() | st.integers(1, 5)
HOURS = st.none() | st.floats(0, 999_999)
STAMPS = st.timedeltas(timedelta(days=-10), timedelta(days=10)).map(lambda away: stamp(NOW + away))
ROWS = st.lists(
    st.builds(
        Row,
        id=st.just("0a1b2c3d"),
        status=st.sampled_from(["pending", "completed", "cancelled"]),
        created_at=STAMPS,
        completed_at=st.none() | STAMPS,
        feedback_quality=RATINGS,
        feedback_timeliness=RATINGS,
        feedback_automated=st.booleans(),
        estimated_hours=HOURS,
        actual_hours=HOURS,
    )
)


@given(rows=ROWS)
def test_every_number_stays_in_its_range_and_is_none_exactly_when_nothing_was_measured(rows):
    summary = week_of(*rows)
    done = [r for r in rows if r.status == "completed" and r.completed_at and holds(r.completed_at)]
    people = [r for r in done if not r.feedback_automated]

    assert summary.tasks_created == sum(holds(r.created_at) for r in rows)
    assert summary.tasks_completed == len(done)
    assert (summary.average_quality_score is None) == all(r.feedback_quality is None for r in people)
    assert (summary.average_timeliness_score is None) == all(r.feedback_timeliness is None for r in people)
    assert (summary.estimation_accuracy is None) == all(not r.estimated_hours or r.actual_hours is None for r in done)
    assert 1 <= (summary.average_quality_score or 1) <= 5
    assert 1 <= (summary.average_timeliness_score or 1) <= 5
    assert 0 <= (summary.estimation_accuracy or 0) <= 100
    assert "e-" not in json.dumps(as_json_fields(summary))


def holds(at):
    return THIS_WEEK.start <= instant(at) < THIS_WEEK.end


@given(rows=ROWS, seed=st.integers())
def test_counts_and_ratings_do_not_depend_on_the_order_of_the_rows(rows, seed):
    shuffled = random.Random(seed).sample(rows, len(rows))  # order, not secrets
    first, second = week_of(*rows), week_of(*shuffled)

    assert first.with_(estimation_accuracy=None) == second.with_(estimation_accuracy=None)
    assert first.estimation_accuracy == pytest.approx(second.estimation_accuracy, abs=0.011)


def test_rows_are_read_one_at_a_time_and_not_kept():
    born = []

    def stream():
        for _ in range(100):
            one = row(created_at=WEDNESDAY)
            born.append(weakref.ref(one))
            yield one
            assert sum(ref() is not None for ref in born) <= 2

    assert summarise(stream(), THIS_WEEK).tasks_created == 100
