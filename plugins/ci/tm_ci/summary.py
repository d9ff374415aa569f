"""What the CI system shows of a run: the verdict table as Markdown, and values for later steps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import tm
    from tm_ci.outcome import Outcome

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@:])")
_MARKS = {"met": "✅", "unmet": "❌", "unknown": "❔"}
_STATES = {
    "passed": "✅ passed",
    "failed": "❌ refused",
    "unknown": "❔ unknown, so refused",
    "cancelled": "⏹ cancelled",
}


def markdown(outcome: Outcome, *, title: str, sources: Mapping[str, str]) -> str:
    """The verdicts as a Markdown table; whatever came from outside is text in it, never markup."""
    lines = [f"### {plain(title)}: {_STATES[outcome.state]}", ""]
    if outcome.verdicts:
        lines += ["| | criterion | measured | from |", "|---|---|---|---|"]
        lines += [_row(each, sources) for each in outcome.verdicts]
        met = sum(each.verdict == "met" for each in outcome.verdicts)
        lines += ["", f"{met} of {len(outcome.verdicts)} criteria met."]
    if outcome.why:
        lines += ["", *(f"- {plain(each)}" for each in outcome.why)]
    return "\n".join([*lines, ""])


def plain(text: str) -> str:
    """Text on one line in which nothing is markup, a mention or a link."""
    line = "".join(sign if sign.isprintable() else " " for sign in str(text)[:500])
    return _SPECIAL.sub(r"\\\1", line)


def _row(verdict: tm.Verdict, sources: Mapping[str, str]) -> str:
    rule = verdict.measurable if verdict.measurable not in (None, verdict.criterion) else None
    said = plain(verdict.criterion) + (f" ({plain(rule)})" if rule else "")
    found = [f"{name} = {shown(value)}" for name, value in verdict.found.items()]
    found += [f"{name}: unknown" for name in verdict.missing]
    origins = dict.fromkeys(
        sources[name].partition(";")[0] for name in (*verdict.found, *verdict.missing) if name in sources
    )
    cells = (_MARKS[verdict.verdict], said, plain(", ".join(found)), plain(", ".join(origins)))
    return f"| {' | '.join(cells)} |"


def shown(value: object) -> str:
    """A value as people read it; never rounded up to a limit it does not reach."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def add_outputs(file: Path, outputs: Mapping[str, str]) -> None:
    """Append `name=value` lines; a value that would begin a line of its own is put on one."""
    text = "".join(f"{name}={' '.join(value.split())}\n" for name, value in outputs.items())
    add_text(file, text)


def add_text(file: Path, text: str) -> None:
    """Append to a file that the CI system named."""
    with file.open("a", encoding="utf-8", errors="replace") as stream:
        stream.write(text)
