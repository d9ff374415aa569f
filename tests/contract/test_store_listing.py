"""Lists: each filter, each order, the limit, the search, the counts."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tm.clock import instant
from tm.errors import StoreError, UsageError
from tm.metrics import Period
from tm.model import Task
from tm.store.links import Link, Links
from tm.store.listing import Listing, match
from tm.store.tasks import Tasks
from tm.store.tombstones import Tombstones

EARLY, NOON, LATE = "2026-11-20T12:00:00.000000Z", "2026-11-22T12:00:00.000000Z", "2026-11-24T12:00:00.000000Z"
NONE = {"pending": 0, "in_progress": 0, "blocked": 0, "completed": 0, "cancelled": 0}
HOSTILE = [
    '"', '""', "'", "*", "-", "--", "^", "(", ")", "NEAR(", "AND", "OR NOT", "title:", "a:b", "{", "}", "+", "\\",
    "' or 1=1 --", '" or "1', "\x00", "\x00a", "%", "_", "\u200b", "🎉", "x" * 50_000, "word " * 500, "ﬁ", "İ",
]  # fmt: skip


def a_task(task_id, **fields):
    return Task(**{"id": task_id, "title": task_id, "revision": 1, "created_at": NOON, "updated_at": NOON, **fields})


def keep(database, *tasks):
    with database.transaction():
        for each in tasks:
            Tasks(database).insert(each)


def ids(database, filters=None, *, sort="created", limit=None):
    listing = Listing(database)
    found = [json.loads(each)["id"] for each in listing.json(filters or {}, sort=sort, limit=limit)]
    cells = [row[0] for row in listing.cells(filters or {}, sort=sort, limit=limit)]
    assert cells == found
    return found


# filters


@pytest.fixture
def varied(database):
    """A store with four quite different tasks."""
    keep(
        database,
        a_task("aaaa0000", status="pending", assignee="alice", team="ops", labels=("api",), priority="low"),
        a_task("bbbb0000", status="in_progress", assignee="bob", team="dev", labels=("api", "ui"), deadline=EARLY),
        a_task("cccc0000", status="completed", assignee="alice", priority="high", deadline=EARLY),
        a_task("dddd0000", status="blocked", team="ops", priority="critical", deadline=LATE),
    )
    return database


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "abcd"),
        ({"status": "pending"}, "a"),
        ({"status": "cancelled"}, ""),
        ({"is_open": True}, "ab"),
        ({"assignee": "alice"}, "ac"),
        ({"team": "ops"}, "ad"),
        ({"priority": "critical"}, "d"),
        ({"priority": "medium"}, "b"),
        ({"label": "api"}, "ab"),
        ({"label": "ui"}, "b"),
        ({"label": "ap"}, ""),
        ({"due": NOON}, "b"),
        ({"due": LATE}, "bd"),
        ({"text": match("bbbb0000")}, "b"),
        ({"assignee": "alice", "status": "completed"}, "c"),
        ({"assignee": "alice", "label": "api", "team": "ops", "priority": "low"}, "a"),
        ({"assignee": "' or 1=1 --"}, ""),
    ],
)
def test_a_filter_keeps_exactly_what_fits(varied, filters, expected):
    assert ids(varied, filters) == [letter * 4 + "0000" for letter in expected]


# order and limit


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created", "1234"),
        ("-created", "4321"),
        ("updated", "3241"),
        ("-updated", "1243"),
        ("priority", "2413"),
        ("-priority", "3142"),
        ("deadline", "3124"),
        ("-deadline", "1324"),
        ("title", "2314"),
        ("-title", "4123"),
        ("status", "2143"),
        ("-status", "3142"),
    ],
)
def test_an_order_is_kept_and_equals_stay_in_the_order_they_came(database, sort, expected):
    keep(
        database,
        a_task("11110000", title="b", priority="high", deadline=LATE, updated_at=LATE, status="in_progress"),
        a_task("22220000", title="A", priority="low", status="blocked"),
        a_task("33330000", title="a", priority="critical", deadline=EARLY, updated_at=EARLY, status="pending"),
        a_task("44440000", title="c", priority="medium", status="in_progress"),
    )

    assert ids(database, sort=sort) == [digit * 4 + "0000" for digit in expected]


@pytest.mark.parametrize("sort", ["", "-", "id", "title; drop table task", "t.title", "created desc"])
def test_an_unknown_order_is_refused_with_the_known_ones(database, sort):
    with pytest.raises(UsageError, match="Choose one of created, updated, priority, deadline, title, status"):
        list(Listing(database).cells({}, sort=sort, limit=None))


@pytest.mark.parametrize(("limit", "expected"), [(0, 0), (1, 1), (2, 2), (99, 3), (10**30, 3), (None, 3)])
def test_at_most_as_many_as_asked_for_come_back(database, limit, expected):
    keep(database, *[a_task(f"{n}" * 8) for n in range(3)])

    assert len(ids(database, limit=limit)) == expected


def test_a_negative_limit_is_refused(database):
    with pytest.raises(UsageError, match="--limit must be 0 or more, not -1"):
        list(Listing(database).json({}, sort="created", limit=-1))


def test_a_task_is_listed_under_the_key_of_the_object_it_is(database):
    keep(database, a_task("aaaa0000"), a_task("bbbb0000"))
    with database.transaction():
        for at, kind, key in ((EARLY, "commit", "0123abc"), (NOON, "issue", "PROJ-1")):
            made = Link(
                plugin="p",
                instance="",
                kind=kind,
                task_id="aaaa0000",
                outside_id=at,
                key=key,
                exclusive=kind == "issue",
            )
            Links(database).save(made, at=at)
    rows = Listing(database).cells({}, sort="created", limit=None)

    assert [row[0] for row in rows] == ["PROJ-1", "bbbb0000"]


def test_a_superseded_link_is_kept_and_not_shown(database):
    keep(database, a_task("aaaa0000"))
    with database.transaction():
        for state in ("live", "superseded"):
            own = {"plugin": "p", "instance": "", "kind": "commit", "task_id": "aaaa0000", "outside_id": state}
            Links(database).save(Link(**own, state=state, title=state), at=NOON)
    shown = json.loads(Listing(database).show_json("aaaa0000"))

    assert [each["title"] for each in shown["links"]] == ["live"]
    assert len(Links(database).of_task("aaaa0000")) == 2


# search


@pytest.mark.parametrize(
    ("typed", "is_found"),
    [
        ("parser", True),
        ("PARS", True),
        ("ship parser", True),
        ("parser ship", True),
        ("muller", True),
        ("Müll", True),
        ("arser", False),
        ("parser lexer", False),
        ("grammar", True),
        ("https://example.com/a?b=c", True),
        ("O'Neill", True),
    ],
)
def test_a_search_finds_words_by_their_beginning_in_title_and_description(database, typed, is_found):
    description = "The grammar of O'Neill, see https://example.com/a?b=c"
    keep(database, a_task("aaaa0000", title="Ship the Parser for Müller", description=description))

    assert ids(database, {"text": match(typed)}) == (["aaaa0000"] if is_found else [])


@pytest.mark.parametrize("typed", HOSTILE, ids=repr)
def test_no_text_breaks_the_search(database, typed):
    keep(database, a_task("aaaa0000", title="Ship the parser"))

    try:
        found = ids(database, {"text": match(typed)})
    except UsageError:
        found = []

    assert found == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_is_either_searched_or_refused_in_words(database, typed):
    if not typed.replace("\0", " ").split():
        with pytest.raises(UsageError, match="Say what to look for"):
            match(typed)
    else:
        assert ids(database, {"text": match(typed)}) == []


def test_the_search_follows_what_was_changed_and_deleted(database):
    task = a_task("aaaa0000", title="Ship the parser", description="old words")
    keep(database, task)
    with database.transaction():
        Tasks(database).save(task.with_(title="Ship the lexer", description=None), was=task)

    assert ids(database, {"text": match("parser")}) == []
    assert ids(database, {"text": match("old")}) == []
    assert ids(database, {"text": match("lexer")}) == ["aaaa0000"]

    with database.transaction():
        Tombstones(database).bury("aaaa0000", at=NOON)

    assert ids(database, {"text": match("lexer")}) == []


# counts and metric rows


def test_an_empty_store_counts_nothing_in_each_status(database):
    assert Listing(database).counts() == NONE


def test_the_counts_follow_every_change(database):
    one, two = a_task("aaaa0000"), a_task("bbbb0000", status="blocked")
    keep(database, one, two)
    with database.transaction():
        Tasks(database).save(one.with_(status="completed"), was=one)
        Tasks(database).save(two.with_(title="same status"), was=two)

    assert Listing(database).counts() == {**NONE, "completed": 1, "blocked": 1}

    with database.transaction():
        Tombstones(database).bury("bbbb0000", at=NOON)

    assert Listing(database).counts() == {**NONE, "completed": 1}


def test_the_counts_do_not_follow_what_was_rolled_back(database):
    with pytest.raises(StoreError):
        keep(database, a_task("aaaa0000"), a_task("aaaa0000"))

    assert Listing(database).counts() == NONE


def test_metrics_are_made_of_what_was_created_or_completed_in_the_period(database):
    keep(
        database,
        a_task("aaaa0000", created_at=EARLY),
        a_task("bbbb0000", created_at=NOON),
        a_task("cccc0000", created_at=EARLY, status="completed", completed_at=NOON, feedback_quality=5),
        a_task("dddd0000", created_at=NOON, status="completed", completed_at=NOON, actual_hours=1.5),
        a_task("eeee0000", created_at=LATE),
    )
    day = Period(name="day", start=instant(NOON), end=instant(LATE))
    rows = {row.id: row for row in Listing(database).metric_rows(day)}
    always = list(Listing(database).metric_rows(Period(name="all", start=None, end=None)))

    assert sorted(rows) == ["bbbb0000", "cccc0000", "dddd0000"]
    assert rows["cccc0000"].feedback_quality == 5
    assert rows["dddd0000"].actual_hours == 1.5
    assert len(always) == 5
