"""The JSON report of coverage.py: three different numbers of one run, kept apart."""

from __future__ import annotations

from typing import Any

from tm_ci.readers.reading import Reading, Unreadable, count, object_of, percent

NAMES = ("code_coverage", "line_coverage", "branch_coverage")


def read(report: bytes) -> Reading:
    """Coverage of the whole as the tool counts it (with branches if they were measured), of lines, and of branches.

    A value is worked out of the counts, not taken from a rounded percentage. Raises Unreadable.
    """
    totals = object_of(report).get("totals")
    if not isinstance(totals, dict):
        raise Unreadable("it has no totals: this is no report of coverage.py")
    lines, all_lines = _pair(totals, "covered_lines", "num_statements")
    branches, all_branches = _pair(totals, "covered_branches", "num_branches")
    if lines is None or all_lines is None:
        raise Unreadable("its totals count no statements")
    whole = percent(lines + (branches or 0), all_lines + (all_branches or 0))
    return dict(zip(NAMES, (whole, percent(lines, all_lines), percent(branches, all_branches)), strict=True))


def _pair(totals: dict[str, Any], covered: str, of: str) -> tuple[int | None, int | None]:
    return count(totals.get(covered)), count(totals.get(of))
