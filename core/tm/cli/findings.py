"""Printing findings: what was looked at, what is wrong with it, and what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tm.cli.say import out, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tm.diagnosis.audit import About

HEADS = ("level", "about", "finding", "what to do")


def show(found: Sequence[About], *, as_json: bool) -> bool:
    """Print findings on stdout; whether one of them is an error."""
    lines = [(each.level, about, each.message, each.advice) for about, each in found]
    if as_json:
        names = ("level", "about", "message", "advice")
        out(json.dumps([dict(zip(names, line, strict=True)) for line in lines], ensure_ascii=False))
    else:
        rows(HEADS, lines)
    return any(each.level == "error" for _, each in found)
