"""lcov's tracefile: lines found and hit, file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm_ci.readers.reading import Reading, Unreadable, digits, percent, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAMES = ("code_coverage", "line_coverage", "branch_coverage")

_END = "end_of_record"


def read(report: bytes) -> Reading:
    """Coverage of lines and branches over all files; the whole is the lines'.

    A record that lists its lines is counted by them, and believed in its counters only where these say less. Raises
    Unreadable when it is no tracefile, a counter is no number, or its last record has no end.
    """
    lines = [line.strip() for line in text_of(report).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    records = lines.count(_END)
    if not any(line.startswith("SF:") for line in lines):
        raise Unreadable("it names no source file: this is no tracefile of lcov")
    if lines[-1] != _END or records != sum(line.startswith("SF:") for line in lines):
        raise Unreadable("its last record has no end: part of it is missing")
    hit = found = taken = branches = 0
    for record in _records(lines):
        one = _counted(record, ("LF", "LH"), "DA", size=1)
        other = _counted(record, ("BRF", "BRH"), "BRDA", size=3)
        found, hit, branches, taken = found + one[0], hit + one[1], branches + other[0], taken + other[1]
    covered = percent(hit, found)
    return dict(zip(NAMES, (covered, covered, percent(taken, branches)), strict=True))


def _records(lines: Iterable[str]) -> Iterator[list[tuple[str, str]]]:
    record: list[tuple[str, str]] = []
    for line in lines:
        if line == _END:
            yield record
            record = []
        else:
            name, _, value = line.partition(":")
            record.append((name, value))


def _counted(record: Iterable[tuple[str, str]], counters: tuple[str, str], each: str, *, size: int) -> tuple[int, int]:
    """How many there are and how many were reached; `size` is how many of an entry's fields say which one it is."""
    said = {name: _counter(name, value) for name, value in record if name in counters}
    listed: dict[tuple[str, ...], bool] = {}
    for name, value in record:
        if name == each:
            fields = value.split(",")
            if len(fields) <= size:
                raise Unreadable(f"its {name} is cut off: {value[:40]!r}")
            # a branch may be called by an expression, with commas of its own
            which, hits = (tuple(fields[:size]), fields[size]) if size == 1 else (tuple(fields[:-1]), fields[-1])
            listed[which] = listed.get(which, False) or (hits != "-" and _counter(name, hits) > 0)
    reached = sum(listed.values())
    if not listed:
        return said.get(counters[0], 0), said.get(counters[1], 0)
    return max(len(listed), said.get(counters[0], 0)), min(reached, said.get(counters[1], reached))


def _counter(name: str, value: str) -> int:
    found = digits(value)
    if found is None:
        raise Unreadable(f"its {name} is no number: {value[:40]!r}")
    return found
