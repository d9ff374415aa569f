"""Reading the entries of an import: every way to write them, every place to cut them, every way to get them wrong."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm.errors import UsageError
from tm.service import entries
from tm.service.entries import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ENTRIES = st.lists(st.dictionaries(st.text(min_size=1), VALUES, max_size=4), min_size=1, max_size=6)


class Pieces:
    """A file that comes in pieces of a given size, whatever was asked for."""

    def __init__(self, text: bytes, size: int) -> None:
        self._file = BytesIO(text)
        self._size = size

    def read(self, _size: int, /) -> bytes:
        """The next piece."""
        return self._file.read(self._size)


def read(text: str | bytes, size: int = 1 << 20) -> list[Any]:
    """The entries of a text, without their lines."""
    raw = text.encode() if isinstance(text, str) else text
    return [entry for _, entry in Source(Pieces(raw, size)).entries()]


def lines(text: str) -> list[int]:
    """On which line each entry of a text begins."""
    return [line for line, _ in Source(BytesIO(text.encode())).entries()]


def refusal(text: str | bytes, size: int = 1 << 20) -> str:
    """The sentence a text is refused with."""
    with pytest.raises(UsageError) as caught:
        read(text, size)
    return str(caught.value)


@given(ENTRIES, st.sampled_from([None, 0, 2]), st.booleans(), st.integers(1, 40))
def test_an_array_reads_the_same_however_it_is_laid_out_and_wherever_it_is_cut(
    wanted: list[dict[str, Any]], indent: int | None, is_ascii: bool, size: int
) -> None:
    text = json.dumps(wanted, indent=indent, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")

    assert read(text, size) == wanted


@given(ENTRIES, st.sampled_from(["\n", "\r\n", "\n\n", " \n\t"]), st.integers(1, 40))
def test_one_object_a_line_reads_the_same_with_any_line_ends_and_wherever_it_is_cut(
    wanted: list[dict[str, Any]], end: str, size: int
) -> None:
    text = "".join(json.dumps(each) + end for each in wanted)

    assert read(text, size) == wanted


@given(ENTRIES)
def test_objects_spread_over_lines_without_an_array_around_them_read_the_same(wanted: list[dict[str, Any]]) -> None:
    assert read("\n".join(json.dumps(each, indent=2) for each in wanted)) == wanted


def attempt(text: str | bytes, size: int = 1 << 20) -> str:
    """What came of reading: nothing, or the sentence of a refusal."""
    try:
        read(text, size)
    except UsageError as error:
        return str(error)
    return "."


@given(st.binary(max_size=60), st.integers(1, 7))
def test_no_bytes_at_all_make_the_reader_fail_with_anything_but_a_sentence(text: bytes, size: int) -> None:
    assert attempt(text, size).endswith((".", "?"))


@given(st.text(alphabet='[]{},:" \\unatile\n15', max_size=40), st.sampled_from(["[", '{"title":', "title\n"]))
def test_nothing_that_looks_right_at_first_makes_the_reader_fail_with_anything_but_a_sentence(
    text: str, start: str
) -> None:
    assert attempt(start + text).endswith((".", "?"))


def test_each_entry_knows_the_line_it_begins_on() -> None:
    assert lines('[\n {"a": 1},\n {\n  "b": 2},\n\n {"c": 3}]') == [2, 3, 6]
    assert lines('{"a": 1}\n\n{"b":\n2}\n{"c": 3}') == [1, 3, 5]
    assert lines('title,description\na,"one\ntwo"\n\nb,three\n') == [2, 5]


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read(b'\xef\xbb\xbf{"title": "x"}') == [{"title": "x"}]


def test_an_empty_array_has_no_entries() -> None:
    assert read(" [ ] ") == []


@pytest.mark.parametrize("text", ["", " \n\n", "\ufeff"])
def test_an_empty_file_is_refused(text: str) -> None:
    assert refusal(text) == "it is empty; there is nothing to import."


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[{"a": 1},\n{"b": 2', 2, "ends in the middle"),
        ('[{"a": 1},\n', 2, "ends in the middle"),
        ('[{"a": 1}\n', 2, "ends before the array does"),
        ('{"a": 1}\n{"b": "x', 2, "ends in the middle"),
        ('{"a": 1}\n{"b": 1},\n', 2, "not JSON: expecting value at ','"),
        ('{"a": 1}\n\n{b: 1}', 3, "not JSON: expecting property name"),
        ('[{"a": 1}\n{"b": 1}]', 2, "expected , or ] and found '{'"),
        ('[{"a": 1}]\n[]', 2, "text after the end of the array"),
        ('{"a": 1}\n{"b": NaN}', 2, "NaN is no number"),
        ('{"a": 1}\n{"b": -Infinity}', 2, "-Infinity is no number"),
        ('{"a": 1}\n{"b": ' + "9" * 5000 + "}", 2, "too many digits"),
        ('{"a": 1}\n{"b": ' + "[" * 100_000, 2, "nested too deeply"),
        ("[" * 100_000, 1, "nested too deeply"),
        ('{"a": 1}\n{"b": "\\ud83d"}', 2, "half a character"),
        ("hello\n", 1, "neither JSON nor the head line"),
        ("title,labels\na,b,c\n", 2, "3 cells, but the head line names 2"),
        ('title,labels\na,b\nc,"d\n', 3, "not CSV"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, words: str) -> None:
    said = refusal(text)

    assert said.startswith(f"line {line}: ")
    assert words in said


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_a_byte_that_is_not_utf_8_is_named_with_its_line_wherever_the_file_is_cut(size: int) -> None:
    said = refusal('{"a": "é"}\n{"b": "é"}\n'.encode() + b'{"c": "\xe9"}', size)

    assert said == "line 3: the byte 0xe9 is not UTF-8; save the file as UTF-8."


def test_a_pair_of_escapes_that_make_one_character_is_no_mistake() -> None:
    assert read('{"a": "\\ud83d\\ude00"}') == [{"a": "😀"}]


def test_an_entry_longer_than_any_piece_is_read_whole() -> None:
    assert read(json.dumps({"a": "x" * 100_000}), size=1000) == [{"a": "x" * 100_000}]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_reads_with_the_separator_of_its_head_line(separator: str) -> None:
    head = ["title", "labels", "estimated_hours", "feedback_quality", "team"]
    text = "\n".join(separator.join(cells) for cells in [head, ["Ship it", '"a, b"', "0.5", "4", ""]])

    assert read(text) == [
        {"title": "Ship it", "labels": ["a", "b"], "estimated_hours": 0.5, "feedback_quality": 4, "team": None}
    ]


def test_a_cell_that_should_be_a_number_and_is_none_stays_text_for_the_rules_to_refuse() -> None:
    assert read("title,estimated_hours\nx,soon\n") == [{"title": "x", "estimated_hours": "soon"}]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "LONGEST", 1000)

    assert refusal("title\n" + "x" * 5000, size=100) == "line 2: it has more than 1,000 characters."


def kinds(texts: Sequence[str]) -> list[str]:
    """What each text is taken for."""
    return [Source(BytesIO(each.encode())).kind for each in texts]


def test_the_beginning_of_a_file_says_what_it_is() -> None:
    texts = ['{"tm_export":1}', '{ "tm_export": 1}', ' [{"tm_export": 1}]', '{"title": "x"}', "\n Title ,team\n"]

    assert kinds(texts) == ["whole store", "whole store", "array", "lines", "table"]
