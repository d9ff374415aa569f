"""JSON is written as every reader reads it, or refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm.jsontext import dumps

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(VALUES)
def test_what_is_written_is_read_back_the_same(value):
    again = json.loads(dumps(value))

    assert again == value
    assert repr(again) == repr(value)


@given(st.text())
def test_a_text_is_written_on_one_line(text):
    assert not {"\n", "\r", "\t", "\0", "\x1f"} & set(dumps(text))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (-0.0, "-0.0"),
        (1e100, "1e+100"),
        ((1, (2,)), "[1,[2]]"),
        ([], "[]"),
        ({}, "{}"),
        ({"a": (True, None)}, '{"a":[true,null]}'),
        (MappingProxyType({"a": 1}), '{"a":1}'),
        ({1: "one"}, '{"1":"one"}'),
        ('"\\/\b\f\n\r\t\x00', '"\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0000"'),
        ("é🚀\u2028\x7f", '"é🚀\u2028\x7f"'),
    ],
)
def test_each_kind_of_value_has_one_spelling(value, text):
    assert dumps(value) == text


@pytest.mark.parametrize(
    "value",
    [
        float("nan"), float("inf"), -float("inf"), b"bytes", {1, 2}, object(), Decimal("1.5"),
        datetime(2026, 1, 1, tzinfo=UTC), 1j, [{"deep": [float("nan")]}],
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(TypeError, match="has no place in JSON"):
        dumps(value)
