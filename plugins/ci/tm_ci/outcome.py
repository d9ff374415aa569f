"""How a run ends: what its jobs said, what its criteria say, and whether both are good."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import tm
from tm_ci.contexts import short
from tm_ci.lines import START, STEP, Line
from tm_ci.measured import Judged, is_current, last_attempt

if TYPE_CHECKING:
    from tm_ci.measured import Measured

STARTED = "started"
FAILED, CANCELLED, PASSED, UNKNOWN = "failed", "cancelled", "passed", "unknown"
_RESULTS = {
    **dict.fromkeys(("success", "succeeded", "passed", "skipped", "manual", "not_built"), PASSED),
    **dict.fromkeys(("failure", "failed", "unstable", "error", "timed_out"), FAILED),
    **dict.fromkeys(("cancelled", "canceled", "aborted", "canceling"), CANCELLED),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of a run: `state` is passed, failed, unknown or cancelled; only passed is good.

    `verdicts` are the criteria judged, `why` says in words what kept it from passing, `values` what it was judged by.
    """

    state: Literal["passed", "failed", "unknown", "cancelled"]
    verdicts: Sequence[tm.Verdict]
    why: tuple[str, ...]
    values: Mapping[str, Any]

    @property
    def is_passed(self) -> bool:
        """Whether the gates hold."""
        return self.state == PASSED


def results_of(text: str) -> list[str]:
    """What jobs came to, from words as GitHub, GitLab and Jenkins say them. Raises UsageError for another word."""
    found = []
    for word in text.replace(",", " ").split():
        result = _RESULTS.get(word.lower())
        if result is None:
            raise tm.UsageError(f"{word[:40]!r} is no result of a job. Say success, failure, cancelled or skipped.")
        found.append(result)
    return found


def criteria_of(lines: Iterable[Line], judged: Judged) -> tuple[tm.Criterion, ...] | None:
    """What this run is judged by: everything its starts asked for, or None where no start is among the lines."""
    starts = [line for line in lines if line.kind == START and is_current(line, judged)]
    named = [each for line in starts for each in line.data["criteria"]]
    pairs = {(each["criterion"], each.get("measurable")): each.get("manual") for each in named}
    found = [tm.Criterion(criterion=text, measurable=rule, manual=word) for (text, rule), word in pairs.items()]
    return tuple(found) if starts else None


def has_hidden_criteria(lines: Iterable[Line], judged: Judged) -> bool:
    """Whether a start of the run names a task of a hub that could not be asked."""
    return any(line.kind == START and is_current(line, judged) and line.data["is_hiding"] for line in lines)


def judge(
    criteria: Sequence[tm.Criterion],
    values: Mapping[str, Any],
    *,
    measured: Mapping[str, Measured],
    troubles: Sequence[str],
    results: Sequence[str],
    steps: Sequence[str],
) -> Outcome:
    """The outcome: every criterion met, every job good, and nothing in the way of knowing so."""
    verdicts = tm.verdicts(criteria, values)
    lacking = dict.fromkeys(name for each in verdicts for name in each.missing)
    why = [*_of_results(results), *troubles]
    why += [f"{each.criterion}: {each.verdict}" for each in verdicts if each.verdict == "unmet"]
    why += [f"{name}: {measured[name].reason or 'unknown'}" for name in lacking if name in measured]
    why += [f"{name}: nothing was measured" for name in lacking if name not in measured]
    why += [f"{each.criterion}: {_doubt(each)}" for each in verdicts if each.verdict == "unknown" and not each.missing]
    return Outcome(
        state=_state(verdicts, troubles, [*results, *steps]), verdicts=verdicts, why=tuple(why), values=values
    )


def _doubt(verdict: tm.Verdict) -> str:
    found = ", ".join(f"{name}={value}" for name, value in verdict.found.items())
    return f"cannot be compared with {found}" if found else "a person has to say"


def _of_results(results: Sequence[str]) -> list[str]:
    counts = {state: results.count(state) for state in (FAILED, CANCELLED)}
    return [f"{count} job{'s' * (count > 1)} {state}" for state, count in counts.items() if count]


def _state(
    verdicts: Sequence[tm.Verdict], troubles: Sequence[str], results: Sequence[str]
) -> Literal["passed", "failed", "unknown", "cancelled"]:
    if FAILED in results or any(each.verdict == "unmet" for each in verdicts):
        return "failed"
    if CANCELLED in results:
        return "cancelled"
    return "passed" if tm.is_met(verdicts) and not troubles else "unknown"


def step_results(lines: Iterable[Line], judged: Judged) -> tuple[list[str], list[str]]:
    """What the steps of a run came to in their last attempt, and a sentence for each that was not good."""
    slots: dict[tuple[str, str | None, str | None], list[Line]] = defaultdict(list)
    for line in lines:
        if line.kind == STEP and is_current(line, judged):
            slots[line.name, line.job, line.leg].append(line)
    last = [line for slot in slots.values() for line in last_attempt(slot)]
    bad = [(line, str(line.data["status"])) for line in last if line.data["status"] in (FAILED, CANCELLED)]
    sentences = [f"step {line.name} {state}" for line, state in bad]
    sentences += [f"step {line.name} never ended" for line in last if line.data["status"] == STARTED]
    return [state for _, state in bad], sentences


def headline(outcome: Outcome, *, title: str, commit: str | None) -> str:
    """The outcome in one line."""
    met = sum(each.verdict == "met" for each in outcome.verdicts)
    counted = f"{met} of {len(outcome.verdicts)} criteria met" if outcome.verdicts else "no criteria"
    of = "" if short(commit) in title else f" ({short(commit)})"
    return f"{title}{of}: {outcome.state}, {counted}"
