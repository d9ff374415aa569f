"""What a file may say, and what becomes of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tm_mirror.record import fields_of, fields_said, parse, written

from tm.testing import Host

TEXT = st.text(st.sampled_from("a1 -:TZ\n\0é😀"), max_size=6)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["title", "description", "status", "priority", "assignee", "labels", "deadline", "id", "x"])


def said(**record):
    return fields_said(parse(json.dumps(record).encode()))


def test_what_a_file_does_not_mention_it_does_not_say():
    assert said(title="A", note="mine") == {"title": "A"}


def test_values_are_read_in_the_form_tm_gives_them():
    assert said(title=" A ", assignee=" ", description="", labels=["b", "a ", "b"]) == {
        "title": "A", "assignee": None, "description": None, "labels": ["a", "b"],
    }  # fmt: skip


@pytest.mark.parametrize("text", ["2026-12-24T15:00:00Z", "2026-12-24 16:00+01:00", "2026-12-24T15:00:00.000000Z"])
def test_a_deadline_is_one_instant_however_it_is_spelled(text):
    assert said(deadline=text) == {"deadline": "2026-12-24T15:00:00.000000Z"}


@pytest.mark.parametrize(
    "record",
    [
        {"title": 5}, {"title": None}, {"title": "  "}, {"status": []}, {"priority": {}}, {"labels": "backend"},
        {"labels": [1]}, {"labels": None}, {"assignee": 1.5}, {"deadline": "soon"}, {"description": False},
        {"deadline": "2026-12-24T15:00:00"}, {"deadline": "0001-01-01T00:00:00+14:00"}, {"note": "\ud800"},
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_refused(record):
    with pytest.raises(ValueError, match=r"^(has|is) "):
        said(**record)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"', b"\xff\xfe\xff", b"[" * 100_000, b"1" * 5000])
def test_a_file_that_is_no_object_is_refused(content):
    with pytest.raises(ValueError, match="JSON"):
        parse(content)


@given(st.dictionaries(NAMES, ANYTHING))
def test_whatever_json_is_in_a_file_it_is_read_or_refused_and_reading_twice_changes_nothing(record):
    try:
        once = parse(json.dumps(record).encode())
    except ValueError:
        return
    again = parse(json.dumps(once).encode())

    assert json.dumps(again) == json.dumps(once)


@given(st.binary(max_size=60))
def test_whatever_bytes_are_in_a_file_they_are_read_or_refused(content):
    try:
        record = parse(content)
    except ValueError:
        return

    assert isinstance(record, dict)


def test_what_is_written_says_the_task_and_keeps_what_people_added(tmp_path):
    with Host(tmp_path, plugins={}) as host:
        task = host.tasks.add("Grüße", labels=("b", "a"), assignee="ada")

    record = parse(written({"note": "mine", "title": "old"}, task))

    assert fields_said(record) == fields_of(task)
    assert (record["note"], record["id"], record["revision"]) == ("mine", task.id, 1)
