"""Cobertura's XML, as coverage.py, JaCoCo converters, Istanbul and gcovr write it; rates of 0 to 1 become percent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm_ci.readers.reading import Reading, Unreadable, decimal, digits, percent, within_hundred
from tm_ci.readers.tags import tags_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("code_coverage", "line_coverage", "branch_coverage")
ROOT = "coverage"


def read(report: bytes) -> Reading:
    """Coverage of lines and branches; of the whole, both together where they are counted, else the lines'.

    Raises Unreadable when it is no such report.
    """
    root = tags_of(report)[0]
    if root.name != ROOT or "line-rate" not in root.attributes:
        raise Unreadable(f"it is no Cobertura report: it begins with <{root.name[:40]}>")
    lines, all_lines = _counts(root.attributes, "lines")
    branches, all_branches = _counts(root.attributes, "branches")
    if all_lines == 0:
        return dict.fromkeys(NAMES)
    line = _coverage(root.attributes, "line-rate", (lines, all_lines))
    branch = None if all_branches == 0 else _coverage(root.attributes, "branch-rate", (branches, all_branches))
    whole = line
    if lines is not None and all_lines and branches is not None and all_branches:
        whole = percent(lines + branches, all_lines + all_branches)
    return dict(zip(NAMES, (whole, line, branch), strict=True))


def _counts(attributes: Mapping[str, str], what: str) -> tuple[int | None, int | None]:
    return digits(attributes.get(f"{what}-covered")), digits(attributes.get(f"{what}-valid"))


def _coverage(attributes: Mapping[str, str], rate: str, counts: tuple[int | None, int | None]) -> float | None:
    if counts[0] is not None and counts[1]:  # the rate is rounded, the counts are not
        return percent(*counts)
    found = decimal(attributes.get(rate))
    return None if found is None else within_hundred(100 * found)
