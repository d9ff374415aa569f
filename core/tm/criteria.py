"""Criteria: read from what was typed, checked, judged by measurements, and shown with what to do next."""

from __future__ import annotations

from tm.errors import UsageError
from tm.expressions import MET, UNKNOWN, UNMET, ExpressionError, is_manual, judge, missing, parse
from tm.model import Criterion
from tm.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_CRITERIA = 10
MAX_LENGTH = 500

_KEYS = ("criterion", "measurable")
_EXAMPLE = '[{"criterion": "Tests pass", "measurable": "test_failures == 0"}]'
_MARKS = {MET: "✓", UNMET: "✗", UNKNOWN: "?"}
_WIDTH = 60


class Verdict(Value):
    """A criterion judged. `number` counts from 1.

    `found` maps each name that has a value to it, `missing` lists those that have none; both are empty for
    a criterion that a person judges.
    """

    number: int
    criterion: str
    measurable: str | None
    verdict: str
    found: Mapping[str, object]
    missing: tuple[str, ...]


def from_expression(text: str) -> Criterion:
    """The criterion one text stands for: an expression, or prose that a person judges. Raises UsageError."""
    return _checked(_read(text), where=f"Criterion {_cut(text)!r}")


def from_json(text: str) -> tuple[Criterion, ...]:
    """The criteria of a JSON array of strings and `{"criterion": …, "measurable": …}` objects.

    Raises UsageError naming the entry (from 1) and what is wrong with it.
    """
    import json  # only this door reads JSON, and the import costs half a bare interpreter

    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--criteria is not valid JSON ({error}); write it like {_EXAMPLE}.") from None
    if not isinstance(entries, list):
        raise UsageError(f"--criteria must be a JSON array like {_EXAMPLE}, not {_kind(entries)}.")
    return tuple(_from_entry(entry, where=f"--criteria: entry {n}") for n, entry in enumerate(entries, 1))


def checked(criteria: Iterable[Criterion]) -> tuple[Criterion, ...]:
    """The criteria of one task, within the limits and with every expression readable. Raises UsageError."""
    criteria = tuple(criteria)
    if len(criteria) > MAX_CRITERIA:
        raise UsageError(f"{len(criteria)} criteria are too many; a task has at most {MAX_CRITERIA}.")
    return tuple(_checked(one, where=f"Criterion {number}") for number, one in enumerate(criteria, 1))


def judged(criteria: Sequence[Criterion], values: Mapping[str, object]) -> tuple[Criterion, ...]:
    """The same criteria, each with the verdict that the latest values (or a person) give it."""
    found = verdicts(criteria, values)
    return tuple(one.with_(verdict=its.verdict) for one, its in zip(criteria, found, strict=True))


def verdicts(criteria: Iterable[Criterion], values: Mapping[str, object]) -> tuple[Verdict, ...]:
    """Each criterion judged, with the values it was judged by and the names that lack one."""
    return tuple(_judge(one, number=number, values=values) for number, one in enumerate(criteria, 1))


def is_met(verdicts: Iterable[Verdict]) -> bool:
    """Whether every verdict is met; no criteria at all refuse nothing."""
    return all(one.verdict == MET for one in verdicts)


def table(verdicts: Sequence[Verdict]) -> str:
    """A plain table for people: mark, number, criterion, expression, values; the last line counts the met."""
    columns = list(zip(*(_row(one) for one in verdicts), strict=True))
    widths = [max(map(len, column)) for column in columns]
    rows = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip()
        for row in zip(*columns, strict=True)
    ]
    met = sum(one.verdict == MET for one in verdicts)
    return "\n".join([*rows, f"Overall: {met}/{len(verdicts)} criteria met"])


def what_next(task_id: str, verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """The commands that would turn the unknown verdicts into known ones."""
    unknown = [one for one in verdicts if one.verdict == UNKNOWN]
    names = dict.fromkeys(name for one in unknown for name in one.missing or one.found)
    measure = [f"tm measure {task_id} {' '.join(f'{name}=…' for name in names)}"] if names else []
    manual = [one.number for one in unknown if is_manual(one.measurable)]
    return (*measure, *(f"tm measure {task_id} --criterion {number} met" for number in manual))


def _read(text: str) -> Criterion:
    text = text.strip()
    return Criterion(criterion=text, measurable=None if is_manual(text) else text)


def _from_entry(entry: object, *, where: str) -> Criterion:
    if isinstance(entry, str):
        return _checked(_read(entry), where=where)
    if not isinstance(entry, dict):
        raise UsageError(f"{where}: expected an object or a string, not {_kind(entry)}.")
    for key, value in entry.items():
        if key not in _KEYS:
            raise UsageError(f"{where}: unknown key {_cut(key)!r}; {_nearest(key)}")
        if not isinstance(value, str) and (key, value) != ("measurable", None):
            raise UsageError(f"{where}: {key!r} must be a string, not {_kind(value)}.")
    if "criterion" not in entry:
        raise UsageError(f"{where}: 'criterion' is missing; write it like {_EXAMPLE}.")
    measurable = entry.get("measurable")
    criterion = Criterion(criterion=entry["criterion"].strip(), measurable=measurable and measurable.strip())
    return _checked(criterion, where=where)


def _nearest(key: str) -> str:
    from difflib import get_close_matches  # only a mistake pays for this import

    near = get_close_matches(key.lower(), _KEYS, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else "known are 'criterion' and 'measurable'."


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _checked(criterion: Criterion, *, where: str) -> Criterion:
    text, measurable = criterion.criterion, criterion.measurable
    if not text.strip():
        raise UsageError(f"{where}: the text is empty; say what must hold, or write coverage >= 85.")
    if len(text) > MAX_LENGTH:
        raise UsageError(f"{where}: the text has {len(text)} characters; at most {MAX_LENGTH} are kept.")
    if measurable is not None and not is_manual(measurable):
        _parse(measurable, where=where)
    bad = next((c for c in text + (measurable or "") if _is_control(c)), None)
    if bad is not None:
        raise UsageError(f"{where}: it holds the control character {bad!r}; use one line of plain text.")
    return criterion


def _parse(measurable: str, *, where: str) -> None:
    try:
        parse(measurable)
    except ExpressionError as error:
        sentence = f"{where}: {error.sentence}"
        raise ExpressionError(sentence, source=error.source, position=error.position) from None


def _is_control(character: str) -> bool:
    # lone surrogates too: JSON can spell them, no store can keep them
    return character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"


def _judge(criterion: Criterion, *, number: int, values: Mapping[str, object]) -> Verdict:
    verdict = criterion.manual or UNKNOWN
    found: dict[str, object] = {}
    lacking: tuple[str, ...] = ()
    if criterion.measurable is not None and not is_manual(criterion.measurable):
        expression = parse(criterion.measurable)
        verdict, lacking = judge(expression, values), missing(expression, values)
        found = {name: values[name] for name in expression.names if name not in lacking}
    return Verdict(
        number=number,
        criterion=criterion.criterion,
        measurable=criterion.measurable,
        verdict=verdict,
        found=found,
        missing=lacking,
    )


def _row(one: Verdict) -> tuple[str, str, str, str]:
    measurable = "" if one.measurable in (None, one.criterion) else _cut(one.measurable or "")
    return f"{_MARKS[one.verdict]} {one.number:>2}", _cut(one.criterion), measurable, _values(one)


def _values(one: Verdict) -> str:
    if is_manual(one.measurable):
        return "a person has to say" if one.verdict == UNKNOWN else "a person said so"
    found = [f"{name}={_shown(value)}" for name, value in one.found.items()]
    return ", ".join([*found, *(f"no value for {name}" for name in one.missing)])


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else _cut(str(value))


def _cut(text: str) -> str:
    line = "".join(c if c.isprintable() else " " for c in text[:_WIDTH])
    return f"{line[:-1]}…" if len(text) > _WIDTH else line
