"""Istanbul's coverage-summary.json, as jest, vitest, nyc and c8 write it."""

from __future__ import annotations

from typing import Any

from tm_ci.readers.reading import Reading, Unreadable, count, number, object_of, percent, within_hundred

NAMES = ("code_coverage", "line_coverage", "branch_coverage")


def read(report: bytes) -> Reading:
    """Coverage of lines and branches; the whole is the lines'. `"pct": "Unknown"` stays unknown. Raises Unreadable."""
    total = object_of(report).get("total")
    if not isinstance(total, dict) or not isinstance(total.get("lines"), dict):
        raise Unreadable("it has no total of lines: this is no coverage-summary.json")
    line = _coverage(total["lines"])
    return dict(zip(NAMES, (line, line, _coverage(total.get("branches"))), strict=True))


def _coverage(part: Any) -> float | None:
    if not isinstance(part, dict):
        return None
    if "total" in part:  # pct is cut to two digits, and 100 where there was nothing to cover
        return percent(count(part.get("covered")), count(part["total"]))
    return within_hundred(number(part.get("pct")))
