"""The end of a run: the lines of every job together, judged, shown, and told to the hub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tm
from tm_ci import runfile
from tm_ci.contexts import LOCAL
from tm_ci.globs import matches
from tm_ci.job import whole
from tm_ci.lines import START, Line, merged
from tm_ci.measured import Measured, is_current, measured
from tm_ci.outcome import Outcome, criteria_of, has_hidden_criteria, headline, judge, step_results
from tm_ci.recording import Recorder
from tm_ci.settling import settle

if TYPE_CHECKING:
    from tm_ci.job import Job
    from tm_ci.rules import Rule


_NO_START = "none of the files holds a start of this run, so nobody knows its criteria; hand that file on too"
_HIDDEN = "the task's criteria are in a hub that could not be asked, so nobody knows here whether they are met"


@dataclass(frozen=True, kw_only=True)
class End:
    """How a run ended, what it was judged by, and what the hub did about it."""

    outcome: Outcome
    title: str
    measured: dict[str, Measured]
    task_id: str | None = None
    told: str = ""

    @property
    def sources(self) -> dict[str, str]:
        """Where each value comes from."""
        return {name: each.source for name, each in self.measured.items()}

    @property
    def is_excused(self) -> bool:
        """Whether nothing but a hub that is down kept it from passing: no reason to fail a build."""
        return self.outcome.why == (_HIDDEN,)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON prints it."""
        rows = [
            {
                "criterion": each.criterion,
                "measurable": each.measurable,
                "verdict": each.verdict,
                "values": dict(each.found),
                "sources": {name: self.sources[name] for name in each.found if name in self.sources},
            }
            for each in self.outcome.verdicts
        ]
        state = {"state": self.outcome.state, "passed": self.outcome.is_passed, "task_id": self.task_id}
        return {**state, "title": self.title, "verdicts": rows, "why": list(self.outcome.why)}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What is asked of the end: results of jobs, criteria besides the start's, rules, the commit, the task's rating."""

    results: Sequence[str] = ()
    criteria: Sequence[tm.Criterion] = ()
    rules: dict[str, Rule]
    commit: str | None = None
    completes: bool = True
    rating: dict[str, Any]


def read_files(names: Sequence[str]) -> tuple[tuple[Line, ...], list[str]]:
    """The lines of every file and glob, merged, and a sentence for each file that is missing or damaged."""
    lines: list[Line] = []
    troubles: list[str] = []
    for name in names:
        for file in matches(name) or [Path(name)]:
            try:
                found, damage = runfile.lines_of(file)
            except tm.NotFound as missing:
                found, damage = [], [str(missing)]
            lines += found
            troubles += damage
    return merged(lines), troubles


def end_run(job: Job, lines: Sequence[Line], troubles: Sequence[str], *, ending: Ending) -> End:
    """Judge the run, tell the hub if there is one, and say how it ended. What the hub cannot do changes nothing."""
    job = _of_its_start(job, lines, ending.commit)
    end = _judged(job, lines, troubles, ending=ending)
    try:
        told = job.with_hub(lambda hub: _settled(hub, job, lines, troubles=troubles, ending=ending))
    except tm.CriteriaNotMet as refused:
        why = (*end.outcome.why, str(refused).partition("\n")[0])
        outcome = Outcome(state="unknown", verdicts=end.outcome.verdicts, why=why, values=end.outcome.values)
        return End(outcome=outcome, title=end.title, measured=end.measured, task_id=refused.task_id or None)
    return told or end


def _of_its_start(job: Job, lines: Sequence[Line], commit: str | None) -> Job:
    """Outside of CI the run is the one that the files begin, and a run of a CI system is judged for its own commit."""
    starts = [line for line in lines if line.kind == START]
    if not starts or job.context.system != LOCAL:
        return job.judging(run=None, commit=commit) if commit else job
    own = job.context.commit if starts[-1].run.startswith(LOCAL) else starts[-1].commit
    return job.judging(run=starts[-1].run, commit=commit or own)


def _judged(
    job: Job,
    lines: Sequence[Line],
    troubles: Sequence[str],
    *,
    ending: Ending,
    task: tm.Task | None = None,
    stored: Mapping[str, Measured] | None = None,
) -> End:
    """The end by the run's own lines; with a task by its criteria too, and by what people measured besides the run."""
    judged = job.judged
    found = {**(stored or {}), **measured(lines, judged, rules=ending.rules)}
    asked = criteria_of(lines, judged)
    criteria = _each_once([*(task.criteria if task else ()), *(asked or ()), *ending.criteria])
    unsaid = [] if criteria or asked is not None else [_NO_START]
    if task is None and has_hidden_criteria(lines, judged):
        unsaid.append(_HIDDEN)
    states, sentences = step_results(lines, judged)
    outcome = judge(
        criteria,
        {name: each.value for name, each in found.items()},
        measured=found,
        troubles=[*unsaid, *troubles, *sentences],
        results=ending.results,
        steps=states,
    )
    titles = [str(line.data.get("title")) for line in lines if line.kind == START and is_current(line, judged)]
    return End(outcome=outcome, title=whole(titles[-1]) if titles else job.context.title, measured=found)


def _each_once(criteria: Iterable[tm.Criterion]) -> list[tm.Criterion]:
    found: dict[tuple[str, str | None], tm.Criterion] = {}
    for each in criteria:  # the task's own come first: they know what a person decided
        found.setdefault((each.criterion, each.measurable), each)
    return list(found.values())


def _settled(hub: tm.Hub, job: Job, lines: Sequence[Line], *, troubles: Sequence[str], ending: Ending) -> End | None:
    recorded = Recorder(hub, job.context, job.judged, rules=ending.rules).record(lines)
    if recorded is None:
        return None
    task = hub.tasks.get(recorded.task_id)
    stored = {} if recorded.is_late else _stored(hub, task.id)
    end = _judged(job, recorded.lines, troubles, ending=ending, task=task, stored=stored)
    line = headline(end.outcome, title=end.title, commit=job.context.commit)
    if recorded.is_late:
        told = f"Task {task.id} keeps what a later commit says; this run came late."
        hub.tasks.progress(task.id, f"{line}; late, a later commit was judged meanwhile")
    elif end.outcome.is_passed and not ending.completes:
        told = f"Task {task.id} measured."
    else:
        told = settle(hub, task.id, end.outcome, headline=line, rating=ending.rating)
    return replace(end, task_id=task.id, told=told)


def _stored(hub: tm.Hub, task_id: str) -> dict[str, Measured]:
    stored = hub.tasks.measurements(task_id)
    return {
        name: Measured(value=value, reason=source or "", source=source or "")
        for name, (value, source) in stored.items()
    }
