"""Cobertura's XML, as coverage.py, converters of JaCoCo, Istanbul and gcovr write it; its rates are rounded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tm_ci.readers.reading import Reading, Unreadable, digits, percent
from tm_ci.readers.tags import tags_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tm_ci.readers.tags import Tag

NAMES = ("code_coverage", "line_coverage", "branch_coverage")
ROOT = "coverage"

_WHAT = ("lines", "branches")
_CONDITIONS = re.compile(r"\(([0-9]{1,9})/([0-9]{1,9})\)")


def read(report: bytes) -> Reading:
    """Coverage of lines and branches; of the whole, both together where branches are counted, else the lines'.

    Worked out of the report's counters, or where it has none of the lines it lists; what neither says is unknown.
    Raises Unreadable when it is no such report.
    """
    tags = tags_of(report)
    root = tags[0]
    if root.name != ROOT or "line-rate" not in root.attributes:
        raise Unreadable(f"it is no Cobertura report: it begins with <{root.name[:40]}>")
    has_counters = any(f"{what}-{how}" in root.attributes for what in _WHAT for how in ("valid", "covered"))
    if has_counters:
        (lines, all_lines), (branches, all_branches) = (_counters(root.attributes, what) for what in _WHAT)
    else:
        (lines, all_lines), (branches, all_branches) = _listed(tags)
    line, branch = percent(lines, all_lines), percent(branches, all_branches)
    whole = line
    if line is not None and branch is not None:
        whole = percent((lines or 0) + (branches or 0), (all_lines or 0) + (all_branches or 0))
    return dict(zip(NAMES, (whole, line, branch), strict=True))


def _counters(attributes: Mapping[str, str], what: str) -> tuple[int | None, int | None]:
    return digits(attributes.get(f"{what}-covered")), digits(attributes.get(f"{what}-valid"))


def _listed(tags: Iterable[Tag]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Lines and branches reached, and all of them; a line that a method repeats counts once."""
    number = 0
    lines: dict[tuple[int, str], bool] = {}
    branches: dict[tuple[int, str], tuple[int, int]] = {}
    for tag in tags:
        number += tag.name == "class"
        if tag.name == "line":
            key = (number, tag.attributes.get("number", ""))
            lines[key] = lines.get(key, False) or bool(digits(tag.attributes.get("hits")))
            if found := _CONDITIONS.search(tag.attributes.get("condition-coverage", "")):
                branches[key] = (int(found[1]), int(found[2]))
    reached, all_of_them = (sum(each[at] for each in branches.values()) for at in (0, 1))
    return (sum(lines.values()), len(lines)), (reached, all_of_them)
