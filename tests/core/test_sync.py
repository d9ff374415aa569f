"""The rule of a two-way sync: who changed is followed, both is a conflict, nothing ricochets or is lost unsaid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm.sync import NOTHING, Agree, Agreed, Conflict, Pull, Push, Rule, agreed_from, agreed_text, plan

READ = {"Highest": "high", "High": "high", "Low": "low", "Lowest": "low"}
WRITE = {"high": "High", "low": "Low"}
LOSSY = Rule(read=lambda value: READ.get(value, NOTHING), write=WRITE.__getitem__)
LEADS = st.sampled_from(["both", "ours", "theirs"])
POLICIES = st.sampled_from(["park", "ours", "theirs"])


def steps(base, ours, theirs, rule=Rule(), keep=None):  # noqa: B008 - it never changes
    agreed = {"x": Agreed(*base)} if base is not None else {}
    return plan(agreed, {"x": ours}, {"x": theirs}, rules={"x": rule}, keep={"x": keep} if keep else {})


def carried_out(base, ours, theirs, found):
    """Both sides, and the base, after the steps."""
    for step in found:
        match step:
            case Push():
                theirs = step.value
            case Pull():
                ours = step.value
    return (base if any(isinstance(each, Conflict) for each in found) else (ours, theirs)), ours, theirs


# one field


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        ("a", "a", []),
        ("b", "a", [Push("x", "b")]),
        ("a", "b", [Pull("x", "b")]),
        ("b", "b", [Agree("x", "b", "b")]),
        ("b", "c", [Conflict("x", "b", "c")]),
    ],
)
def test_who_changed_is_followed_and_both_is_a_conflict(ours, theirs, found):
    assert steps(("a", "a"), ours, theirs) == found


def test_a_policy_settles_what_both_changed_and_says_what_is_lost():
    assert steps(("a", "a"), "b", "c", Rule(policy="ours")) == [Push("x", "b", "c")]
    assert steps(("a", "a"), "b", "c", Rule(policy="theirs")) == [Pull("x", "c", "b")]


def test_a_person_s_word_settles_a_conflict_and_nothing_else():
    assert steps(("a", "a"), "b", "c", keep="ours") == [Push("x", "b", "c")]
    assert steps(("a", "a"), "b", "c", keep="theirs") == [Pull("x", "c", "b")]
    assert steps(("a", "a"), "b", "a", keep="theirs") == [Push("x", "b")]


def test_a_change_on_the_side_that_does_not_lead_loses_and_is_said():
    assert steps(("a", "a"), "a", "c", Rule(leads="ours")) == [Push("x", "a", "c")]
    assert steps(("a", "a"), "b", "a", Rule(leads="theirs")) == [Pull("x", "a", "b")]
    assert steps(("a", "a"), "b", "a", Rule(leads="ours")) == [Push("x", "b")]


def test_two_sides_that_never_agreed_take_what_one_of_them_says():
    assert steps(None, "a", None) == [Push("x", "a")]
    assert steps(None, None, "b") == [Pull("x", "b")]
    assert steps(None, "a", "b") == [Conflict("x", "a", "b")]
    assert steps(None, "a", "b", Rule(leads="ours")) == [Push("x", "a", "b")]
    assert steps(None, "a", "b", Rule(leads="theirs")) == [Pull("x", "b", "a")]


def test_a_field_one_side_does_not_have_is_left_alone():
    assert plan({}, {"a": 1}, {"b": 2}, rules={"a": Rule(), "b": Rule()}) == []
    assert plan({}, {"a": 1}, {"a": 2}, rules={}) == []


# words of two languages


def test_a_word_of_theirs_that_means_the_same_to_us_moves_nothing():
    assert steps(("low", "Low"), "low", "Lowest", LOSSY) == [Agree("x", "low", "Lowest")]
    assert steps(("low", "Lowest"), "low", "Lowest", LOSSY) == []
    assert steps(("low", "Lowest"), "high", "Lowest", LOSSY) == [Push("x", "High")]
    assert steps(("low", "Lowest"), "low", "Highest", LOSSY) == [Pull("x", "high")]


def test_a_word_of_theirs_that_we_have_none_for_moves_nothing():
    assert steps(("low", "Low"), "low", "Blocker", LOSSY) == [Agree("x", "low", "Blocker")]
    assert steps(("low", "Blocker"), "high", "Blocker", LOSSY) == [Push("x", "High")]


def test_what_holds_more_than_we_could_give_back_is_not_overwritten():
    rich = Rule(is_opaque=lambda value: value.startswith("<"), read=lambda value: value.strip("<>"))

    assert steps(("a", "<a>"), "b", "<a>", rich) == [Conflict("x", "b", "<a>")]
    assert steps(("a", "<a>"), "a", "<c>", rich) == [Pull("x", "c")]
    assert steps(("a", "<a>"), "a", "<c>", rich._replace(leads="ours")) == [Conflict("x", "a", "<c>")]
    assert steps(("a", "<a>"), "b", "<a>", rich, keep="ours") == [Push("x", "b", "<a>")]
    assert steps(("a", "<a>"), "b", "<c>", rich._replace(leads="ours"), keep="theirs") == [Pull("x", "c", "b")]


# sets


def test_a_set_is_merged_by_element():
    rule = Rule(is_set=True)

    assert steps((["a", "b"], ["a", "b"]), ["a", "b", "c"], ["b", "d"], rule) == [
        Pull("x", ["b", "c", "d"]),
        Push("x", ["b", "d", "c"]),
    ]
    assert steps((["a"], ["a"]), [], ["a"], rule) == [Push("x", [])]
    assert steps((["a"], ["a"]), ["a"], [], rule) == [Pull("x", [])]
    assert steps(None, ["a"], ["b"], rule) == [Pull("x", ["a", "b"]), Push("x", ["b", "a"])]
    assert steps((["a"], ["a"]), ["b", "a"], ["a", "b"], rule) == [Agree("x", ["b", "a"], ["a", "b"])]


def test_elements_in_two_languages_are_not_doubled():
    rule = Rule(is_set=True, write=lambda each: each.replace(" ", "-"))

    assert steps((["to do"], ["to-do"]), ["to do"], ["to-do", "x"], rule) == [Pull("x", ["to do", "x"])]
    assert steps((["to do"], ["to-do"]), ["to do", "a b"], ["to-do"], rule) == [Push("x", ["to-do", "a-b"])]
    assert steps((["to do"], ["to-do"]), ["to do"], [], rule) == [Pull("x", [])]


# whatever happens

WORDS = st.sampled_from(["low", "high"])
THEIR_WORDS = st.sampled_from(["Highest", "High", "Low", "Lowest", "Blocker"])


@given(st.none() | st.tuples(WORDS, THEIR_WORDS), WORDS, THEIR_WORDS, LEADS, POLICIES)
def test_carried_out_a_plan_leaves_nothing_to_do(base, ours, theirs, leads, policy):
    rule = LOSSY._replace(leads=leads, policy=policy)
    base_after, *after = carried_out(base, ours, theirs, steps(base, ours, theirs, rule))
    again = steps(base_after, *after, rule)

    assert again == [] or again == steps(base, ours, theirs, rule) == [Conflict("x", ours, theirs)]


@given(st.none() | st.tuples(WORDS, THEIR_WORDS), WORDS, THEIR_WORDS, LEADS, POLICIES)
def test_a_plan_that_was_carried_out_and_forgotten_moves_nothing_again(base, ours, theirs, leads, policy):
    rule = LOSSY._replace(leads=leads, policy=policy)
    found = steps(base, ours, theirs, rule)
    _, *after = carried_out(base, ours, theirs, found)

    assert [each for each in steps(base, *after, rule) if isinstance(each, Push | Pull)] == []


@given(st.none() | st.tuples(WORDS, THEIR_WORDS), WORDS, THEIR_WORDS, LEADS, POLICIES)
def test_no_value_that_was_changed_goes_without_being_named(base, ours, theirs, leads, policy):
    for step in steps(base, ours, theirs, LOSSY._replace(leads=leads, policy=policy)):
        if isinstance(step, Push) and base and theirs != base[1]:
            assert step.lost == theirs
        if isinstance(step, Pull) and base and ours != base[0]:
            assert step.lost == ours
        if isinstance(step, Push | Pull) and base is None:
            assert step.lost in (ours, theirs)


ELEMENTS = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)


@given(ELEMENTS, ELEMENTS, ELEMENTS)
def test_a_set_keeps_what_either_added_and_drops_what_either_took_away(base, ours, theirs):
    rule = Rule(is_set=True)
    _, here, there = carried_out(None, ours, theirs, steps((base, base), ours, theirs, rule))
    kept = {
        each for each in "abcd" if (each in ours and each in theirs) or (each in {*ours, *theirs} and each not in base)
    }

    assert set(here) == set(there) == kept


@given(st.dictionaries(st.text(max_size=3), st.tuples(st.none() | st.text(max_size=3), st.lists(st.text(max_size=3)))))
def test_a_base_is_text_and_comes_back(base):
    agreed = {field: Agreed(*pair) for field, pair in base.items()}

    assert agreed_from(agreed_text(agreed)) == agreed
    assert agreed_from(None) == {}
