"""Recording measurements and a person's word on manual criteria."""

from __future__ import annotations

from tm import events, model
from tm.criteria import judged
from tm.errors import UsageError
from tm.expressions import ExpressionError, is_manual, parse
from tm.store.measurements import Measurements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from tm.model import Task
    from tm.service.work import Work

NAME_LENGTH = 200
VALUE_LENGTH = 1000


def measure(
    work: Work,
    ref: str,
    values: Mapping[str, Any],
    *,
    source: str | None = None,
    sources: Mapping[str, str] | None = None,
) -> str:
    """Record values by name (numbers, booleans or words) and judge the criteria anew. Returns the task's id.

    None takes the place of an older value: it was looked for anew, and nobody knows. `sources` says for single
    names where they come from, in place of `source`.
    """
    sources = sources or {}
    if not values:
        raise UsageError("Nothing to measure. Example: tm measure 7f3a0c11 code_coverage=87.5")
    for name, value in values.items():
        check_measurement(name, value)

    def change() -> str:
        task = work.get(ref)
        store = Measurements(work.database)
        for name, value in values.items():
            store.save(
                task.id,
                name,
                value,
                source=sources.get(name, source),
                at=work.now,
                origin=work.caller.origin,
                actor=work.caller.actor,
            )
        data: dict[str, Any] = {"measurements": dict(values)}
        if source:
            data["source"] = source
        if sources:
            data["sources"] = dict(sources)
        work.keep(task, judge_again(work, task), events.MEASURED, data=data)
        work.remarks += _remarks(task, values)
        return task.id

    asked = (ref, tuple(values.items()), source)
    return work.once("measure", (*asked, tuple(sources.items())) if sources else asked, change)


def decide(work: Work, ref: str, *, number: int, verdict: str) -> str:
    """Record a person's word on the manual criterion with this number, counted from 1. Returns the task's id."""
    model.choice(verdict, of="verdict", among=("met", "unmet"))

    def change() -> str:
        task = work.get(ref)
        if not 1 <= number <= len(task.criteria):
            raise UsageError(f"Task {task.id} has {len(task.criteria)} criteria; there is no number {number}.")
        chosen = task.criteria[number - 1]
        if not is_manual(chosen.measurable):
            raise UsageError(
                f"Criterion {number} of task {task.id} is measured, not decided: {chosen.measurable}. "
                f"Use tm measure {task.id} name=value"
            )
        criteria = (*task.criteria[: number - 1], chosen.with_(manual=verdict), *task.criteria[number:])
        data = {"criterion": number, "text": chosen.criterion, "verdict": verdict}
        work.keep(task, judge_again(work, task.with_(criteria=criteria)), events.MEASURED, data=data)
        work.remarks += _remarks(task)
        return task.id

    return work.once("measure", (ref, number, verdict), change)


def _remarks(task: Task, names: Iterable[str] = ()) -> list[str]:
    """What a person may not expect: names that none of the task's expressions reads, and that it is finished."""
    said = []
    measured = [each.measurable for each in task.criteria if each.measurable and not is_manual(each.measurable)]
    read = {name for source in measured for name in parse(source).names}
    if read and (unread := [name for name in names if name not in read]):
        said.append(f"No criterion of task {task.id} reads {_listed(unread, read)}")
    if not task.is_open:
        said.append(
            f"Task {task.id} is {task.status}: this is kept, but decides nothing unless it is reopened: "
            f"tm reopen {task.id}"
        )
    return said


def _listed(unread: Sequence[str], read: Iterable[str]) -> str:
    from difflib import get_close_matches  # only a slip pays for this import

    more = f" and {len(unread) - 3} more" if len(unread) > 3 else ""
    near = [match for name in unread for match in get_close_matches(name, read, n=1)]
    advice = f"did you mean {', '.join(dict.fromkeys(near))}?" if near else f"they read {', '.join(sorted(read))}."
    return f"{', '.join(repr(name) for name in unread[:3])}{more}; {advice}"


def judge_again(work: Work, task: Task) -> Task:
    """The task with its criteria judged by what is measured now."""
    if not task.criteria:
        return task
    values = {name: value for name, (value, _) in Measurements(work.database).of(task.id).items()}
    return task.with_(criteria=judged(task.criteria, values))


def check_measurement(name: str, value: Any) -> None:
    """Raise UsageError for a name that no criterion could read, or a value too long to keep."""
    if len(name) > NAME_LENGTH or not _is_name(name):
        raise UsageError(
            f"{name[:60]!r} is no name that criteria can read: start with a letter, then letters, digits and _ . : / -"
        )
    if isinstance(value, str) and not 1 <= len(value.strip()) <= VALUE_LENGTH:
        raise UsageError(f"The value of {name} must have 1 to {VALUE_LENGTH} characters.")


def _is_name(text: str) -> bool:
    try:
        return parse(text).names == (text,)
    except ExpressionError:
        return False


def typed(text: str) -> int | float | bool | str:
    """What `name=value` means: a number, true or false, else the words themselves."""
    text = text.strip()
    lowered = text.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    if text.isascii() and "_" not in text:
        try:
            return int(text)
        except ValueError:
            pass
        try:
            number = float(text)
        except ValueError:
            return text
        return number if number - number == 0 else text
    return text
