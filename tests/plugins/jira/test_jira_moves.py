"""Which transition is taken to a status, and what its screen is filled with, alone."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm_jira.moves import Move, NoWay, move_to, move_via, target_of
from tm_jira.settings import Settings
from tm_jira.words import words_of

CATEGORIES = {"To Do": "new", "Done": "done", "Closed": "done", "Cancelled": "done"}
RESOLUTION = {
    "required": True,
    "name": "Resolution",
    "schema": {"type": "resolution"},
    "allowedValues": [{"id": "10000", "name": "Done"}, {"id": "10001", "name": "Won't Do"}],
}


def words(**project):
    settings = Settings(
        url="https://example.atlassian.net",
        token="x",  # noqa: S106 - it opens nothing
        projects=[{"project": "PROJ", **project}],
    )
    return words_of(settings, "PROJ", issue_type="Task", zone=UTC)


def way(number, to, *, category=None, **fields):
    """A transition as Jira lists it; `to` None leaves out where it leads."""
    key = category or CATEGORIES.get(to, "indeterminate")
    target = {} if to is None else {"to": {"id": f"10{number}", "name": to, "statusCategory": {"key": key}}}
    return {"id": str(number), "name": f"Way {number}", **target, "fields": fields}


def chosen(word, *offered, required=(), **project):
    return move_to(word, list(offered), words=words(**project), required=dict(required))


# where to


def test_the_way_to_the_best_name_is_taken():
    ways = [way(11, "Closed"), way(21, "Done"), way(31, "Fertig", category="done")]

    assert chosen("completed", *ways) == Move("21", {}, "Done", "1021")


def test_the_way_to_another_known_name_is_taken_before_one_of_the_right_category():
    ways = [way(11, "Fertig", category="done"), way(21, "Closed")]

    assert chosen("completed", *ways).id == "21"


def test_names_are_compared_without_regard_to_case():
    assert chosen("completed", way(11, "DONE")).id == "11"


def test_a_status_of_another_meaning_is_not_gone_to_by_its_category():
    assert isinstance(chosen("completed", way(11, "Cancelled")), NoWay)
    assert isinstance(chosen("in_progress", way(11, "Blocked")), NoWay)


def test_a_name_of_the_settings_is_better_than_any_other():
    ways = [way(11, "Done"), way(21, "Released", category="done")]

    assert chosen("completed", *ways, statuses={"completed": ["Released", "Done"]}).id == "21"


def test_a_way_that_does_not_say_where_it_leads_is_never_taken():
    assert isinstance(chosen("completed", way(11, None)), NoWay)
    assert chosen("completed", way(11, None), way(21, "Done")).id == "21"


def test_of_two_ways_to_one_status_the_one_with_fewer_questions_is_taken():
    ways = [way(11, "Done", resolution=RESOLUTION), way(21, "Done")]

    assert chosen("completed", *ways, required={"resolution": "Done"}) == Move("21", {}, "Done", "1021")


def test_of_two_equal_ways_it_is_always_the_same_one():
    ways = [way(21, "Done"), way(11, "Done")]

    assert chosen("completed", *ways) == chosen("completed", *reversed(ways))


def test_a_barred_way_to_the_best_status_does_not_stand_before_an_open_one_to_the_same():
    barred = {"required": True, "name": "Reviewer", "schema": {"type": "user"}}
    ways = [way(11, "Done", customfield_1=barred), way(21, "Done", resolution=RESOLUTION, customfield_2=RESOLUTION)]

    assert chosen("completed", *ways, required={"resolution": "Done", "customfield_2": "Done"}).id == "21"


@pytest.mark.parametrize("to", [{}, {"name": None}, {"statusCategory": None}, {"name": "Done", "statusCategory": {}}])
def test_half_a_target_is_read_as_far_as_it_goes(to):
    assert {*target_of({"id": "11", "to": to})} == {"id", "name", "category"}


def test_no_way_says_what_was_wanted_and_what_there_is():
    found = chosen("completed", way(11, "In Progress"), way(21, "Blocked"), way(31, "Blocked"), way(41, None))

    assert found.reason.startswith("Jira offers no way to Done or Closed")
    assert found.reason.endswith("only to: In Progress, Blocked.")


def test_where_there_is_no_way_at_all_it_says_none():
    assert chosen("completed").reason.endswith("only to: none.")


# what is asked


@pytest.mark.parametrize("key", ["resolution", "Resolution", "RESOLUTION"])
@pytest.mark.parametrize("value", ["Won't Do", "won't do", "10001"])
def test_a_field_is_named_by_id_or_name_and_its_value_by_id_or_name(key, value):
    found = chosen("completed", way(11, "Done", resolution=RESOLUTION), required={key: value})

    assert found == Move("11", {"resolution": {"id": "10001"}}, "Done", "1011")


def test_what_is_not_asked_for_is_not_sent():
    optional = {**RESOLUTION, "required": False}

    assert chosen("completed", way(11, "Done", resolution=optional), required={"resolution": "Done"}).fields == {}


def test_what_has_a_default_is_not_asked_for():
    given_by_jira = {**RESOLUTION, "hasDefaultValue": True}

    assert chosen("completed", way(11, "Done", resolution=given_by_jira)).fields == {}


def test_a_field_nobody_gave_a_value_for_says_what_to_set_and_what_there_is():
    found = chosen("completed", way(11, "Done", resolution=RESOLUTION))

    assert found == NoWay(
        "The way to Done needs Resolution. Say it under [[plugins.jira.projects]]: "
        'required = { resolution = "…" }; there are Done, Won\'t Do.'
    )


def test_a_value_the_field_does_not_take_is_named():
    found = chosen("completed", way(11, "Done", resolution=RESOLUTION), required={"resolution": "Fixed"})

    assert found == NoWay("The way to Done does not take 'Fixed' as Resolution; there are Done, Won't Do.")


@pytest.mark.parametrize(
    ("field", "value", "sent"),
    [
        ({"schema": {"type": "string"}}, "because", "because"),
        ({"schema": {"type": "number"}}, "3", 3.0),
        ({"schema": {"type": "number"}}, "3.5", 3.5),
        ({"schema": {"type": "array", "items": "string"}}, "api", ["api"]),
        ({"schema": {"type": "array"}, "allowedValues": [{"id": "1", "name": "1.0"}]}, "1.0", [{"id": "1"}]),
        ({"schema": {"type": "option"}, "allowedValues": [{"id": "7", "value": "Yes"}]}, "yes", {"id": "7"}),
        ({"schema": {"type": "priority"}, "allowedValues": [{"name": "High"}]}, "High", {"name": "High"}),
        ({}, "because", "because"),
    ],
)
def test_a_value_is_sent_in_the_form_its_field_takes(field, value, sent):
    asking = way(11, "Done", customfield_1={"required": True, **field})
    found = chosen("completed", asking, required={"customfield_1": value})

    assert found.fields == {"customfield_1": sent}


@pytest.mark.parametrize("value", ["many", "nan", "inf", ""])
def test_a_number_that_is_none_is_not_sent(value):
    field = {"required": True, "name": "Points", "schema": {"type": "number"}}
    found = chosen("completed", way(11, "Done", customfield_1=field), required={"Points": value})

    assert isinstance(found, NoWay)


# in between


def test_the_last_stop_that_can_be_reached_is_gone_to():
    ways = [way(11, "In Progress"), way(21, "In Review")]

    assert move_via(["In Progress", "in review", "QA"], ways, required={}) == Move("21", {}, "In Review", "1021")


def test_a_stop_that_asks_for_what_nobody_said_is_passed_by():
    ways = [way(11, "In Progress"), way(21, "In Review", resolution=RESOLUTION)]

    assert move_via(["In Progress", "In Review"], ways, required={}).to == "In Progress"


def test_without_stops_nothing_is_passed_through():
    assert move_via([], [way(11, "In Progress")], required={}) is None
    assert move_via(["QA"], [way(11, "In Progress"), way(21, None)], required={}) is None


# anything

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
FIELD = st.fixed_dictionaries(
    {"required": st.booleans()},
    optional={"name": JSON, "allowedValues": JSON, "hasDefaultValue": st.booleans()},
)
WAYS = st.lists(
    st.builds(
        way,
        st.integers(1, 99),
        st.sampled_from([None, "To Do", "In Progress", "Done", "Closed", "Blocked", "Fertig"]),
        category=st.sampled_from([None, "new", "indeterminate", "done", "undefined"]),
        resolution=FIELD,
    ),
    max_size=5,
)


@given(word=st.sampled_from(["pending", "in_progress", "blocked", "completed", "cancelled"]), ways=WAYS)
def test_whatever_is_offered_a_way_leads_to_what_is_meant_or_it_says_why_not(word, ways):
    found = chosen(word, *ways, required={"resolution": "Done"})

    if isinstance(found, NoWay):
        assert found.reason.endswith((".", "}"))
        return
    taken = [each for each in ways if each["id"] == found.id]
    assert any(words().status_of(target_of(each)) == word for each in taken)
