"""Which of our words is which of Jira's, alone: there and back again nothing moves."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tm.sync import NOTHING, Agreed, Rule, plan
from tm_jira.settings import Settings
from tm_jira.words import hours, label, seconds, summary, title, words_of

OURS = ["pending", "in_progress", "blocked", "completed", "cancelled"]
PRIORITIES = ["critical", "high", "medium", "low"]
CATEGORIES = {"new": "pending", "indeterminate": "in_progress", "done": "completed"}


def words(*, zone=UTC, **project):
    settings = Settings(
        url="https://example.atlassian.net",
        token="x",  # noqa: S106 - it opens nothing
        projects=[{"project": "PROJ", **project}],
    )
    return words_of(settings, "PROJ", issue_type="Task", zone=zone)


def status(name, category="indeterminate"):
    return {"id": "1", "name": name, "category": category}


# statuses


@pytest.mark.parametrize(
    ("name", "category", "word"),
    [
        ("To Do", "new", "pending"),
        ("Backlog", "new", "pending"),
        ("in progress", "indeterminate", "in_progress"),
        ("In Review", "indeterminate", "in_progress"),
        ("Blocked", "indeterminate", "blocked"),
        ("On Hold", "new", "blocked"),
        ("DONE", "done", "completed"),
        ("Closed", "done", "completed"),
        ("Won't Do", "done", "cancelled"),
        ("Canceled", "done", "cancelled"),
        ("Fertig", "done", "completed"),
        ("Neu", "new", "pending"),
        ("Done", "new", "completed"),
    ],
)
def test_a_status_means_what_its_name_says_or_else_its_category(name, category, word):
    assert words().status_of(status(name, category)) == word


@pytest.mark.parametrize("found", [{}, status("?", "undefined"), {"name": "", "category": ""}])
def test_a_status_that_says_nothing_means_nothing(found):
    assert words().status_of(found) is NOTHING


def test_a_name_of_the_settings_means_what_they_say_and_nothing_else():
    own = words(statuses={"blocked": ["In Review", "Done"], "completed": "Released"})

    assert own.status_of(status("In Review")) == "blocked"
    assert own.status_of(status("Done", "done")) == "blocked"
    assert own.status_of(status("Released", "done")) == "completed"
    assert own.rank(status("Done", "done"), "completed") is None


def test_the_best_name_has_the_best_rank():
    usual = words()
    ranks = [usual.rank(status(name, "done"), "completed") for name in ("Done", "Closed", "Completed", "Fertig")]

    assert ranks == sorted(ranks)
    assert ranks[0] == 0
    assert usual.rank(status("Cancelled", "done"), "completed") is None


def test_only_statuses_of_the_settings_must_be_reached():
    assert words(statuses={"blocked": "On Hold"}).named == {"blocked"}


# priorities


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Highest", "critical"),
        ("Blocker", "critical"),
        ("high", "high"),
        ("Major", "high"),
        ("Medium", "medium"),
        ("Low", "low"),
        ("Lowest", "low"),
        ("Trivial", "low"),
    ],
)
def test_a_priority_means_what_its_name_says(name, word):
    assert words().priority_of(name) == word


@pytest.mark.parametrize("name", [None, "", "P1", "Dringend"])
def test_a_priority_of_an_unknown_name_means_nothing(name):
    assert words().priority_of(name) is NOTHING


def test_the_first_name_of_a_priority_is_the_one_that_is_written():
    assert [words().priority_name(each) for each in PRIORITIES] == ["Highest", "High", "Medium", "Low"]
    assert words(priorities={"low": ["P4", "Low"]}).priority_name("low") == "P4"


# there and back again

NAMES = st.sampled_from(
    ["To Do", "In Progress", "In Review", "Blocked", "Done", "Closed", "Cancelled", "Fertig", "Neu", "QA", "On Hold"]
)
TABLES = st.dictionaries(st.sampled_from(OURS), st.lists(NAMES, min_size=1, max_size=3, unique=True), max_size=5)
PRIORITY_NAMES = st.sampled_from(["Highest", "High", "Medium", "Low", "Lowest", "P1", "P2", "Major", "Dringend"])
PRIORITY_TABLES = st.dictionaries(
    st.sampled_from(PRIORITIES), st.lists(PRIORITY_NAMES, min_size=1, max_size=3, unique=True), max_size=4
)


def is_allowed(table):
    names = [name for listed in table.values() for name in listed]
    return len(names) == len(set(names))


@given(table=TABLES, name=NAMES, category=st.sampled_from([*CATEGORIES]))
def test_a_status_means_one_thing_and_has_a_rank_for_that_alone(table, name, category):
    assume(is_allowed(table))
    own = words(statuses=table)
    found = status(name, category)

    assert own.status_of(found) in OURS
    assert [word for word in OURS if own.rank(found, word) is not None] == [own.status_of(found)]


def leaves_each_a_name(table):
    taken = {name.casefold() for names in table.values() for name in names}
    usual = {"critical": "Highest Blocker Critical", "high": "High Major", "medium": "Medium",
             "low": "Low Minor Lowest Trivial"}  # fmt: skip
    return all(word in table or {*names.casefold().split()} - taken for word, names in usual.items())


@given(table=PRIORITY_TABLES, priority=st.sampled_from(PRIORITIES))
def test_what_is_written_for_a_priority_is_read_as_that_priority(table, priority):
    assume(is_allowed(table) and leaves_each_a_name(table))
    own = words(priorities=table)

    assert own.priority_of(own.priority_name(priority)) == priority


@given(table=PRIORITY_TABLES, name=PRIORITY_NAMES, leads=st.sampled_from(["both", "ours", "theirs"]))
def test_a_priority_that_was_pulled_is_never_pushed_back_as_its_neighbour(table, name, leads):
    """Lowest is low here, and low is Low there: Lowest stays Lowest."""
    assume(is_allowed(table) and leaves_each_a_name(table))
    own = words(priorities=table)
    pulled = own.priority_of(name)
    assume(pulled is not NOTHING)
    rules = {"priority": Rule(leads, "park", own.priority_of, own.priority_name)}

    for base in ({}, {"priority": Agreed(pulled, name)}, {"priority": Agreed("medium", name)}):
        steps = plan(base, {"priority": pulled}, {"priority": name}, rules=rules)
        assert {type(each).__name__ for each in steps} <= {"Agree"}


@given(table=TABLES, name=NAMES, category=st.sampled_from([*CATEGORIES]))
def test_a_status_that_was_pulled_is_never_pushed_back_as_its_neighbour(table, name, category):
    """In Review is in_progress here, and in_progress is In Progress there: In Review stays."""
    assume(is_allowed(table))
    own, theirs = words(statuses=table), status(name, category)
    pulled = own.status_of(theirs)
    rules = {"status": Rule("both", "park", own.status_of, lambda ours: {"to": ours})}

    for base in ({}, {"status": Agreed(pulled, theirs)}, {"status": Agreed("pending", status("To Do", "new"))}):
        steps = plan(base, {"status": pulled}, {"status": theirs}, rules=rules)
        assert {type(each).__name__ for each in steps} <= {"Agree"}


# texts, days and hours


@given(st.text(max_size=600))
def test_any_title_is_one_line_that_jira_takes(text):
    line = summary(text)

    assert len(line) <= 255
    assert line == line.strip()
    assert "\n" not in line
    assert "\r" not in line


@given(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=255))
def test_a_title_of_a_line_goes_to_jira_and_back(text):
    assert title(summary(text)) == text


@given(st.text(max_size=300))
def test_a_title_has_no_signs_nobody_can_see(text):
    assert title(text).isprintable()


def test_a_title_that_is_not_there_is_empty():
    assert title(None) == ""


@given(st.text(max_size=300))
def test_a_label_is_one_word(text):
    assert len(label(text)) <= 255
    assert label(text).split() in ([], [label(text)])


@given(st.integers(0, 100_000))
def test_minutes_are_the_same_there_and_here(minutes):
    there = minutes * 60

    assert seconds(hours(there)) == there


@given(st.floats(0, 10_000, allow_nan=False))
def test_hours_are_whole_minutes_in_jira(here):
    assert seconds(here) % 60 == 0
    assert abs(seconds(here) - here * 3600) <= 30 + 1e-6


@pytest.mark.parametrize(
    ("zone", "deadline", "day"),
    [
        ("UTC", "2026-12-24T23:30:00Z", "2026-12-24"),
        ("Europe/Berlin", "2026-12-24T23:30:00Z", "2026-12-25"),
        ("Pacific/Auckland", "2026-12-24T11:00:00Z", "2026-12-25"),
        ("America/Los_Angeles", "2026-12-25T07:59:59Z", "2026-12-24"),
        # the clocks go back that night
        ("Europe/Berlin", "2026-10-24T22:30:00Z", "2026-10-25"),
        ("Europe/Berlin", "2026-10-25T22:59:00Z", "2026-10-25"),
        ("Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-26"),
        ("UTC", None, None),
    ],
)
def test_a_deadline_is_the_day_it_is_in_the_hub_s_zone(zone, deadline, day):
    assert words(zone=ZoneInfo(zone)).day_of(deadline) == day
