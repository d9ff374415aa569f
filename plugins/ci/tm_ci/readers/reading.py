"""What a reader gives back, and how numbers in reports are believed."""

from __future__ import annotations

import json
import math
from typing import Any, TypeAlias

Reading: TypeAlias = dict[str, "int | float | str | bool | None"]
"""Values by name; None is a value that the report does not know."""

_EXACT = 2**53


class Unreadable(Exception):
    """The report cannot be believed: empty, cut off, of another kind, or of a tool that did not run."""


def text_of(report: bytes) -> str:
    """The report as text. Raises Unreadable when it is empty or no UTF-8 (UTF-16 with a mark is read too)."""
    encoding = "utf-16" if report[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = report.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable("it is no text") from None
    if not text.strip():
        raise Unreadable("it is empty")
    return text


def json_of(report: bytes) -> Any:
    """The report's JSON. Raises Unreadable when it is empty, cut off or no JSON."""
    try:
        return json.loads(text_of(report))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no complete JSON ({str(error)[:80]})") from None


def object_of(report: bytes) -> dict[str, Any]:
    """The report's JSON object. Raises Unreadable when it is something else."""
    found = json_of(report)
    if not isinstance(found, dict):
        raise Unreadable("it is no JSON object")
    return found


def number(value: Any) -> int | float | None:
    """A plain number of JSON, or None for a word, NaN, infinity, a negative or too large one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= _EXACT and math.isfinite(value) else None


def count(value: Any) -> int | None:
    """A whole number, 0 or more, or None."""
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def digits(text: str | None) -> int | None:
    """The whole number that plain digits spell, or None."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def decimal(text: str | None) -> float | None:
    """The number that an attribute spells with digits and a point, or None."""
    text = (text or "").strip()
    if not text.isascii() or text.strip("0123456789.eE+-") or len(text) > 40:
        return None
    try:
        return number(float(text))
    except ValueError:
        return None


def percent(covered: float | None, total: float | None) -> float | None:
    """Covered of total as 0 to 100, or None when nothing was there to cover or more was covered than was there."""
    if covered is None or not total or covered > total:
        return None
    return 100 * covered / total


def within_hundred(value: float | None) -> float | None:
    """A percentage, or None when it is none."""
    return value if value is not None and 0 <= value <= 100 else None
