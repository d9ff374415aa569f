"""What a run measured in the end: the lines of all jobs, legs and attempts made into one value per name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tm_ci.contexts import short
from tm_ci.lines import VALUE, Line
from tm_ci.rules import RULES, combined

_SEVERAL, _SHORTEST = 3, 7


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What is judged: a run, and the commit it is about (None where nobody knows one)."""

    run: str
    commit: str | None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One name in the end: its value, why it is unknown if it is, and what it comes from."""

    value: Any
    reason: str
    source: str


def measured(lines: Iterable[Line], judged: Judged, *, rules: Mapping[str, str]) -> dict[str, Measured]:
    """Every name the lines speak of. What was measured for another commit is stale, and stale is unknown."""
    names: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.kind == VALUE:
            names[line.name].append(line)
    return {name: _one(found, judged, rule=rules.get(name)) for name, found in sorted(names.items())}


def is_current(line: Line, judged: Judged) -> bool:
    """Whether a line is about the commit that is judged; where no commit is known, about the same run."""
    if line.commit and judged.commit:
        is_short = len(judged.commit) >= _SHORTEST  # as people type one
        return line.commit == judged.commit or (is_short and line.commit.startswith(judged.commit))
    return line.run == judged.run


def _one(lines: Sequence[Line], judged: Judged, *, rule: str | None) -> Measured:
    slots: dict[tuple[str, str | None, str | None], list[Line]] = defaultdict(list)
    for line in lines:
        slots[line.of, line.job, line.leg].append(line)
    chosen: list[Line] = []
    for slot in slots.values():
        current = [line for line in slot if is_current(line, judged)]
        if not current:
            return _stale(slot, judged)
        chosen += last_attempt(current)
    chosen.sort(key=lambda line: (line.at, line.text))
    unknown = next((line for line in chosen if line.data.get("value") is None), None)
    if unknown is not None:
        reason = str(unknown.data.get("reason") or "nobody knows")
        return Measured(value=None, reason=reason, source=source_of([unknown]))
    value, reason = combined([line.data["value"] for line in chosen], rule or _rule(chosen))
    return Measured(value=value, reason=reason, source=source_of(chosen))


def _stale(lines: Sequence[Line], judged: Judged) -> Measured:
    last = max(lines, key=lambda line: line.at)
    reason = f"stale: measured for {short(last.commit)}, judged is {short(judged.commit)}"
    return Measured(value=None, reason=reason, source=source_of([last]))


def last_attempt(lines: Sequence[Line]) -> list[Line]:
    """The lines of the last attempt; of legs without a name all that count, unless each of them ran anew."""
    if lines[0].leg:
        last = max(line.attempt for line in lines)
        return [max((line for line in lines if line.attempt == last), key=lambda line: (line.at, line.text))]
    writers: dict[int, set[str]] = defaultdict(set)
    for line in lines:
        writers[line.attempt].add(line.writer)
    last = max(writers)
    ran_anew = all(len(writers[last]) >= len(each) for each in writers.values())
    kept = {line.writer: line for line in sorted(lines, key=lambda line: (line.attempt, line.at, line.text))}
    return [line for line in kept.values() if line.attempt == last or not ran_anew]


def _rule(lines: Sequence[Line]) -> str:
    rules = {str(line.data.get("rule")) for line in lines}
    rule = rules.pop()
    return rule if not rules and rule in RULES else "same"


def source_of(lines: Sequence[Line]) -> str:
    """Where values come from, in words: what was read, the commit, the run and the attempt."""
    of = list(dict.fromkeys(" ".join(filter(None, (line.of, line.leg and f"[{line.leg}]"))) for line in lines))
    more = f" and {len(of) - _SEVERAL} more" if len(of) > _SEVERAL else ""
    last = lines[-1]
    return (
        f"{', '.join(of[:_SEVERAL])}{more}; commit {last.commit or 'unknown'}; run {last.run}; attempt {last.attempt}"
    )
