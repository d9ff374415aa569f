"""Reading the entries of an import out of JSON, JSON Lines or CSV, one at a time, however large the file."""

from __future__ import annotations

import codecs
import csv
import re
from json import JSONDecodeError, JSONDecoder, dumps
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from tm.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE_STORE, ARRAY, LINES, TABLE = "whole store", "array", "lines", "table"
PIECE = 1 << 20
LONGEST = 64 << 20

_SPACE = re.compile(r"[ \t\r\n]*")
_MAYBE_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_HEAD = re.compile(r'\{\s*"tm_export"')
_NUMBERS = {
    "estimated_hours": float, "actual_hours": float, "feedback_quality": int, "feedback_timeliness": int,
}  # fmt: skip
_LISTS = ("labels", "depends_on")


def _refuse_constant(name: str) -> NoReturn:
    raise UsageError(f"{name} is no number of JSON; write null.")


read_json = JSONDecoder(parse_constant=_refuse_constant)


class Readable(Protocol):
    """What bytes are read from: a file, or something that watches one being read."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class Source:
    """A file about to be imported: `kind` is what its beginning says it is, WHOLE_STORE, ARRAY, LINES or TABLE.

    Everything raises UsageError, naming the line, for what is not UTF-8, not JSON or not CSV.
    """

    def __init__(self, file: Readable) -> None:
        """Read the beginning of a file that is open for reading bytes."""
        self._texts = _decoded(file)
        self._beginning = next(self._texts, "")
        self.kind = _kind(self._beginning)

    def entries(self) -> Iterator[tuple[int, Any]]:
        """Each entry with the line, from 1, on which it begins."""
        if self.kind == TABLE:
            return _table(self.lines())
        return (_array if self.kind == ARRAY else _values)(_Scanner(self._pieces()))

    def lines(self) -> Iterator[tuple[int, str]]:
        """Each line with its number, from 1."""
        number, rest = 0, ""
        for piece in self._pieces():
            *whole, rest = (rest + piece).split("\n")
            for line in whole:
                number += 1
                yield number, line
            if len(rest) > LONGEST:
                raise UsageError(f"line {number + 1:,}: it has more than {LONGEST:,} characters.")
        if rest:
            yield number + 1, rest

    def where(self, number: int, line: int) -> str:
        """How to name the entry with this number that begins on this line."""
        return f"entry {number:,} (line {line:,})" if self.kind == ARRAY else f"line {line:,}"

    def _pieces(self) -> Iterator[str]:
        yield self._beginning
        self._beginning = ""
        yield from self._texts


def _kind(beginning: str) -> str:
    start = beginning.lstrip()
    if not start:
        raise UsageError("it is empty; there is nothing to import.")
    if _HEAD.match(start):
        return WHOLE_STORE
    if start[0] in "[{":
        return ARRAY if start[0] == "[" else LINES
    head = start.partition("\n")[0]
    if "title" in re.split(r'[,;\t"\s]+', head.lower()):
        return TABLE
    raise UsageError(
        f"line 1: {head[:40]!r} is neither JSON nor the head line of a CSV table. "
        'Write [{"title": "…"}], one object a line, or a table with a column title.'
    )


def _decoded(file: Readable) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    line, piece = 1, b"-"
    while piece:
        try:
            piece = file.read(PIECE)
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            byte = error.object[error.start]
            raise UsageError(f"line {line:,}: the byte {byte:#04x} is not UTF-8; save the file as UTF-8.") from None
        except OSError as error:
            raise UsageError(f"it cannot be read to its end: {error.strerror}.") from None
        line += text.count("\n")
        if text:
            yield text


class _Scanner:
    """Text that comes in pieces: `line` is that of the place reached."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self.line = 1
        self._pieces = pieces
        self._text = ""
        self._place = 0
        self._was_tried = False

    def sign(self) -> str:
        """The next character that is no space, or nothing at the end."""
        while True:
            start, self._place = self._place, _SPACE.match(self._text, self._place).end()  # type: ignore[union-attr]
            self.line += self._text.count("\n", start, self._place)
            if self._place < len(self._text) or not self._has_more():
                return self._text[self._place : self._place + 1]

    def step(self) -> None:
        """Go past the sign."""
        self._place += 1

    def value(self) -> Any:
        """The JSON value that starts at the sign."""
        while True:
            try:
                found, end = read_json.raw_decode(self._text, self._place)
            except RecursionError:
                raise self._mistake("it is nested too deeply") from None
            except UsageError as error:
                raise UsageError(f"line {self.line:,}: {error}") from None
            except ValueError as error:
                if len(self._text) - self._place < LONGEST and self._has_more():
                    continue
                raise self._refusal(error) from None
            start, self._place = self._place, end
            if _MAYBE_HALF.search(self._text, start, end):
                self._refuse_half_characters(found)
            self.line += self._text.count("\n", start, end)
            return found

    def whole_lines(self) -> list[tuple[int, Any]]:
        """The values of the lines that are here, if each line is one: read at once, in half the time.

        Otherwise none: value by value, a mistake gets its line.
        """
        end = self._text.rfind("\n")
        if self._was_tried or end < self._place:
            return []
        self._was_tried = True
        lines = self._text[self._place : end]
        try:
            found = read_json.decode(f"[{lines.replace(chr(10), ',')}]")
        except (ValueError, RecursionError, UsageError):
            return []
        if len(found) != lines.count("\n") + 1 or _MAYBE_HALF.search(lines):
            return []
        first, self.line, self._place = self.line, self.line + len(found), end + 1
        return list(enumerate(found, start=first))

    def _refuse_half_characters(self, found: Any) -> None:
        try:
            dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise self._mistake("a \\u escape in it is only half a character") from None

    def _has_more(self) -> bool:
        piece = next(self._pieces, "")
        if not piece:
            return False
        pieces, length = [self._text[self._place :], piece], len(piece)
        while length < len(pieces[0]) and piece:  # at least doubled: a long entry is not read anew too often
            piece = next(self._pieces, "")
            pieces.append(piece)
            length += len(piece)
        self._text, self._place, self._was_tried = "".join(pieces), 0, False
        return True

    def _refusal(self, error: ValueError) -> UsageError:
        if not isinstance(error, JSONDecodeError):
            return self._mistake("a number in it has too many digits")
        if error.pos >= len(self._text.rstrip()) or error.msg.startswith("Unterminated"):
            return self._mistake("the file ends in the middle of what begins here; is it only half of it?")
        self.line += self._text.count("\n", self._place, error.pos)
        near = self._text[error.pos : error.pos + 20].partition("\n")[0]
        return self._mistake(f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]} at {near!r}")

    def _mistake(self, words: str) -> UsageError:
        return UsageError(f"line {self.line:,}: {words}{'' if words.endswith('?') else '.'}")


def _values(scanner: _Scanner) -> Iterator[tuple[int, Any]]:
    while scanner.sign():
        yield from scanner.whole_lines() or [(scanner.line, scanner.value())]


def _array(scanner: _Scanner) -> Iterator[tuple[int, Any]]:
    scanner.sign()
    scanner.step()
    follows = scanner.sign()
    while follows != "]":
        yield scanner.line, scanner.value()
        follows = scanner.sign()
        if follows not in (",", "]"):
            what = "the file ends before the array does" if not follows else f"expected , or ] and found {follows!r}"
            raise UsageError(f"line {scanner.line:,}: {what}.")
        if follows == ",":
            scanner.step()
            scanner.sign()
    scanner.step()
    if scanner.sign():
        raise UsageError(f"line {scanner.line:,}: there is text after the end of the array.")


def _table(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, dict[str, Any]]]:
    texts = (f"{line}\n" for _, line in lines)
    head = next(texts)
    separator = max(",;\t", key=head.count)
    names = [name.strip().lower() for name in next(csv.reader([head], delimiter=separator))]
    rows = csv.reader(texts, delimiter=separator, strict=True)
    line = 2
    try:
        for cells in rows:
            if len(cells) > len(names):
                raise UsageError(f"line {line:,}: {len(cells)} cells, but the head line names {len(names)} columns.")
            if cells:
                yield line, {name: _cell(name, cell) for name, cell in zip(names, cells, strict=False)}
            line = rows.line_num + 2
    except csv.Error as error:
        raise UsageError(f"line {line:,}: this is not CSV: {error}.") from None


def _cell(name: str, text: str) -> Any:
    if not text.strip():
        return None
    if name in _LISTS:
        return [word.strip() for word in text.split(",") if word.strip()]
    try:
        return _NUMBERS[name](text) if name in _NUMBERS else text
    except ValueError:
        return text
