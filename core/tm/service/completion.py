"""Completing a task, with or without the word of its criteria, and rating it afterwards."""

from __future__ import annotations

from tm import events, model
from tm.criteria import is_met, table, verdicts, what_next
from tm.errors import CriteriaNotMet, Refused, UsageError
from tm.store.measurements import Measurements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tm.criteria import Verdict
    from tm.model import Task
    from tm.service.work import Work


def complete(
    work: Work,
    ref: str,
    *,
    validate: bool = False,
    force: bool = False,
    summary: str | None = None,
    actual_hours: float | None = None,
) -> str:
    """Complete a task and free what waited for it; returns its id.

    With `validate` every criterion must be met, else CriteriaNotMet carries the table and the next commands
    and the task is unchanged. `force` completes all the same and the event says who overrode what.
    """
    if summary is not None:
        summary = model.text(summary.strip(), of="summary", limit=model.SUMMARY_LIMIT) or None
    if actual_hours is not None:
        model.hours(actual_hours, of="--actual-hours")

    def change() -> str:
        from tm.service.dependencies import free_dependents

        task = work.get(ref)
        done = task.moved_to(model.COMPLETED)
        measured = Measurements(work.database).of(task.id) if task.criteria else {}
        judged = verdicts(task.criteria, {name: value for name, (value, _) in measured.items()})
        if validate and not force and not is_met(judged):
            missing = tuple(dict.fromkeys(name for each in judged for name in each.missing))
            raise CriteriaNotMet(refusal(task.id, judged), task_id=task.id, missing=missing)
        done = done.with_(
            completed_at=work.now,
            completion_summary=summary,
            actual_hours=task.actual_hours if actual_hours is None else actual_hours,
        )
        data = _frozen(work, judged, measured, validate=validate, force=force)
        if task.waits:
            work.remarks.append(f"Task {task.id} was completed although it still {task.blocked_reason}.")
        caused = work.keep(task, done, events.COMPLETED, data={"summary": summary, **data} if summary else data)
        free_dependents(work, task.id, caused_by=caused)
        return task.id

    return work.once("complete", (ref, validate, force, summary, actual_hours), change)


def refusal(task_id: str, judged: Sequence[Verdict]) -> str:
    """Why a completion was refused: one sentence, the table of verdicts, the commands that would help."""
    count = sum(each.verdict != "met" for each in judged)
    lines = [f"Cannot complete task {task_id}: {count} of {len(judged)} criteria not met.", table(judged)]
    commands = what_next(task_id, judged)
    if commands:
        lines += ["Supply what is missing:", *(f"  {command}" for command in commands)]
    return "\n".join([*lines, f"Or override, on record: tm complete {task_id} --validate --force"])


def _frozen(
    work: Work,
    judged: Sequence[Verdict],
    measured: Mapping[str, tuple[Any, str | None]],
    *,
    validate: bool,
    force: bool,
) -> dict[str, Any]:
    rows = [
        {
            "criterion": each.criterion,
            "measurable": each.measurable,
            "verdict": each.verdict,
            "values": dict(each.found),
            "sources": {name: measured[name][1] for name in each.found if name in measured},
        }
        for each in judged
    ]
    data: dict[str, Any] = {"validated": validate, "verdicts": rows}
    overridden = [row["criterion"] for row in rows if row["verdict"] != "met"]
    if force and overridden:
        data["override"] = {"by": work.caller.actor, "criteria": overridden}
    return data


def feedback(
    work: Work,
    ref: str,
    *,
    quality: int | None = None,
    timeliness: int | None = None,
    note: str | None = None,
) -> str:
    """Rate a completed task from 1 to 5; a later rating replaces, the history keeps both. Returns its id."""
    if quality is None and timeliness is None and not note:
        raise UsageError("Feedback needs --quality, --timeliness or --note.")
    if quality is not None:
        model.rating(quality, of="--quality")
    if timeliness is not None:
        model.rating(timeliness, of="--timeliness")
    if note is not None:
        note = model.text(note, of="feedback note", limit=model.NOTE_LIMIT) or None

    def change() -> str:
        task = work.get(ref)
        if task.status != model.COMPLETED:
            raise Refused(f"Task {task.id} is {task.status}; only a completed task takes feedback.")
        rated = _rated(task, quality=quality, timeliness=timeliness, note=note, automated=work.caller.automated)
        data = {
            "quality": quality,
            "timeliness": timeliness,
            "note": note,
            "automated": work.caller.automated,
        }
        work.keep(task, rated, events.RATED, data={name: each for name, each in data.items() if each is not None})
        return task.id

    return work.once("feedback", (ref, quality, timeliness, note), change)


def _rated(task: Task, *, quality: int | None, timeliness: int | None, note: str | None, automated: bool) -> Task:
    return task.with_(
        feedback_quality=task.feedback_quality if quality is None else quality,
        feedback_timeliness=task.feedback_timeliness if timeliness is None else timeliness,
        feedback_note=task.feedback_note if note is None else note,
        feedback_automated=automated,
    )
