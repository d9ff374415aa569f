"""Frozen values: equal by their fields, changed only by making another."""

from __future__ import annotations

import copy

import pytest

from tm.values import Value


class Point(Value):
    """A place."""

    x: int
    y: int = 0


class Mark(Point):
    """A place with a name."""

    name: str = "here"


def test_fields_are_read_as_attributes_and_defaults_fill_in():
    assert (Point(x=1).x, Point(x=1).y) == (1, 0)
    assert (Mark(x=1).y, Mark(x=1).name) == (0, "here")


def test_a_mistyped_field_is_refused_by_name():
    with pytest.raises(TypeError, match="Point has no field 'z'"):
        Point(x=1, z=2)


def test_a_field_of_a_subclass_is_no_field_of_its_parent():
    Mark(x=1, name="there")

    with pytest.raises(TypeError, match="Point has no field 'name'"):
        Point(x=1, name="there")


def test_a_value_takes_no_place_arguments():
    with pytest.raises(TypeError):
        Point(1, 2)


def test_a_value_cannot_be_changed_and_says_how_to_make_another():
    point = Point(x=1)

    with pytest.raises(AttributeError, match=r"Point is frozen; make a new one with \.with_\(x=…\)"):
        point.x = 2
    with pytest.raises(AttributeError, match="Point is frozen; x cannot be removed"):
        del point.x
    assert point == Point(x=1)


def test_with_makes_another_and_leaves_the_first():
    point = Point(x=1, y=2)

    assert point.with_(x=3) == Point(x=3, y=2)
    assert point == Point(x=1, y=2)
    with pytest.raises(TypeError):
        point.with_(z=1)


def test_values_are_equal_by_their_fields_given_or_not():
    assert Point(x=1) == Point(x=1, y=0)
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != Mark(x=1)
    assert Point(x=1) != (1, 0)


def test_equal_values_are_one_in_a_set():
    assert len({Point(x=1), Point(x=1, y=0), Point(x=2), Mark(x=1)}) == 3


def test_a_value_shows_what_it_was_given():
    assert repr(Mark(x=1, name="a")) == "Mark(x=1, name='a')"


def test_a_copied_value_equals_the_first():
    point = Point(x=1, y=2)

    assert copy.deepcopy(point) == point
    assert copy.copy(point) == point
