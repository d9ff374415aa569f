"""lcov's tracefile: lines found and hit, file by file."""

from __future__ import annotations

from tm_ci.readers.reading import Reading, Unreadable, digits, percent, text_of

NAMES = ("code_coverage", "line_coverage", "branch_coverage")

_COUNTERS = ("LF", "LH", "BRF", "BRH")
_END = "end_of_record"


def read(report: bytes) -> Reading:
    """Coverage of lines and branches over all files; the whole is the lines'.

    Raises Unreadable when it is no tracefile, a counter is no number, or its last record has no end.
    """
    lines = [line.strip() for line in text_of(report).splitlines() if line.strip()]
    records = lines.count(_END)
    if not any(line.startswith("SF:") for line in lines):
        raise Unreadable("it names no source file: this is no tracefile of lcov")
    if lines[-1] != _END or records != sum(line.startswith("SF:") for line in lines):
        raise Unreadable("its last record has no end: part of it is missing")
    totals = dict.fromkeys(_COUNTERS, 0)
    for line in lines:
        name, _, value = line.partition(":")
        if name in totals:
            totals[name] += _counter(name, value)
    covered = percent(totals["LH"], totals["LF"])
    return dict(zip(NAMES, (covered, covered, percent(totals["BRH"], totals["BRF"])), strict=True))


def _counter(name: str, value: str) -> int:
    found = digits(value)
    if found is None:
        raise Unreadable(f"its {name} is no number: {value[:40]!r}")
    return found
