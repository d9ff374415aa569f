"""The rule of the merge, without a task or a file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tm_mirror.plan import Conflict, Pull, Push, plan, settle

SIDE = st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(0, 2))
SIDES = st.tuples(SIDE, SIDE, SIDE)
WINNERS = st.sampled_from(["tm", "file"])


def after(sides, winner):
    """Both sides after the plan was carried out."""
    base, ours, theirs = sides[0], dict(sides[1]), dict(sides[2])
    for step in settle(plan(base, ours, theirs), winner=winner):
        (theirs if isinstance(step, Push) else ours)[step.field] = step.value
    return ours, theirs


def test_a_field_moves_from_the_side_that_changed_it():
    base = {"title": "old", "priority": "low", "assignee": None}

    steps = plan(base, base | {"title": "ours"}, base | {"priority": "high"})

    assert steps == [Pull("priority", "high"), Push("title", "ours")]


def test_a_field_changed_on_both_sides_is_a_conflict():
    assert plan({"title": "old"}, {"title": "a"}, {"title": "b"}) == [Conflict("title", "a", "b")]


def test_the_same_change_on_both_sides_is_none():
    assert plan({"title": "old"}, {"title": "new"}, {"title": "new"}) == []


@given(SIDES, WINNERS)
def test_afterwards_both_sides_agree_and_nothing_is_left_to_do(sides, winner):
    here, there = after(sides, winner)

    assert [here.get(field) for field in "abcd"] == [there.get(field) for field in "abcd"]
    assert plan(here, here, there) == []


@given(SIDES, WINNERS)
def test_a_change_made_on_one_side_only_is_never_lost(sides, winner):
    base, ours, theirs = sides
    here, _ = after(sides, winner)

    for field in "abcd":
        if theirs.get(field) == base.get(field):
            assert here.get(field) == ours.get(field)
        if ours.get(field) == base.get(field):
            assert here.get(field) == theirs.get(field)


@given(SIDES, WINNERS)
def test_a_plan_carried_out_but_not_remembered_is_not_carried_out_again(sides, winner):
    assert plan(sides[0], *after(sides, winner)) == []


@given(SIDES)
def test_seen_from_the_other_side_a_push_is_a_pull(sides):
    base, ours, theirs = sides
    seen = [type(step) for step in plan(base, ours, theirs)]

    swapped = {Push: Pull, Pull: Push, Conflict: Conflict}
    assert [swapped[type(step)] for step in plan(base, theirs, ours)] == seen
