"""What an entry of an import may say, by the rules of `tm add`, and the row of the spool it becomes."""

from __future__ import annotations

import re
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tm import model, times
from tm.clock import stamp
from tm.criteria import checked, from_json, judged
from tm.errors import UsageError
from tm.expressions import ExpressionError, is_manual
from tm.jsontext import dumps
from tm.service.measuring import check_measurement
from tm.store.spool import PLAIN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from tm.model import Criterion

KEPT_BY_EXPORT_ALL = ("links", "progress", "context")
FIELDS = (
    "id", "title", "description", "status", "priority", "assignee", "team", "labels", "criteria", "measurements",
    "depends_on", "deadline", "estimated_hours", "actual_hours", "feedback_quality", "feedback_timeliness",
    "feedback_note", "completion_summary", "blocked_reason", "links", "progress", "context", "revision", "created_at",
    "started_at", "updated_at", "completed_at",
)  # fmt: skip

_PLAIN = frozenset(PLAIN_FIELDS)
_ID = re.compile(r"[0-9a-f]{8}")
_STAMP = re.compile(rf"{times.YEAR}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{6}}Z", re.ASCII)
_KINDS = {dict: "an object", list: "an array", str: "text", bool: "true or false", type(None): "null"}
_WAITS = "waits for "


class Rules:
    """The rules for the entries of one import.

    `now` is aware; days and naive instants are those of `zone`; `team` is the team of a task that names none;
    `automated` marks ratings. After the last entry `left_out` names the logs and links that were not imported.
    """

    def __init__(self, *, now: datetime, zone: tzinfo, team: str | None, automated: bool) -> None:
        self.left_out: set[str] = set()
        self._now = stamp(now)
        self._team = team
        self._automated = automated
        self._checks = self._fields(now, zone)

    def check(self, entry: object) -> tuple[bool, dict[str, Any]]:
        """Whether the entry is plain, and its fields as the spool keeps them.

        A plain entry sets nothing but what most tasks have, so a shorter row will do. Raises UsageError naming
        the field.
        """
        if type(entry) is not dict:
            raise UsageError(f"a task must be an object, not {kind(entry)}.")
        checks, fields = self._checks, {}
        for name, value in entry.items():
            check = checks.get(name)
            if check is None:
                raise _unknown(name)
            if value is not None:
                fields[name] = check(value)
        if "title" not in fields:
            raise UsageError("the title is missing.")
        if self._team and "team" not in entry:
            fields["team"] = self._team
        if fields.keys() <= _PLAIN:
            return True, fields
        return False, self._settled(fields)

    def _fields(self, now: datetime, zone: tzinfo) -> dict[str, Callable[[Any], Any]]:
        text, name = _text, _name
        at = {
            field: _instant(field, lambda value: times.since(value, now=now, zone=zone))
            for field in ("created_at", "started_at", "updated_at", "completed_at")
        }
        return {
            "id": _id,
            "title": _worded("title", model.title),
            "description": text("description", model.TEXT_LIMIT),
            "status": _choice("status", model.STATUSES),
            "priority": _choice("priority", model.PRIORITIES),
            "assignee": name("assignee"),
            "team": name("team"),
            "labels": _labels(),
            "deadline": _instant("deadline", lambda value: times.deadline(value, now=now, zone=zone)),
            "estimated_hours": _hours("estimated_hours"),
            "actual_hours": _hours("actual_hours"),
            "criteria": _criteria,
            "measurements": _measurements,
            "depends_on": _depends_on,
            "feedback_quality": _rating("feedback_quality"),
            "feedback_timeliness": _rating("feedback_timeliness"),
            "feedback_note": text("feedback_note", model.NOTE_LIMIT),
            "completion_summary": text("completion_summary", model.SUMMARY_LIMIT, strip=str.strip),
            "blocked_reason": text("blocked_reason", model.TEXT_LIMIT, strip=str.strip),
            "revision": lambda _: None,
            **{field: self._left_out(field) for field in KEPT_BY_EXPORT_ALL},
            **at,
        }

    def _left_out(self, field: str) -> Callable[[Any], None]:
        def check(value: Any) -> None:
            if value:
                self.left_out.add(field)

        return check

    def _settled(self, fields: dict[str, Any]) -> dict[str, Any]:
        status = fields.setdefault("status", model.PENDING)
        self._settle_times(fields, status)
        _settle_blocked(fields, status)
        rated = any(fields.get(name) for name in ("feedback_quality", "feedback_timeliness", "feedback_note"))
        fields["feedback_automated"] = int(self._automated and rated)
        told: dict[str, Any] = {"imported": True}
        values, targets, criteria = (fields.pop(name, None) for name in ("measurements", "depends_on", "criteria"))
        if values:
            fields["measurements"] = dumps({name: dumps(value) for name, value in values.items()})
            told["measurements"] = values
        if targets:
            fields["depends_on"] = dumps(targets)
            told["waits_for"] = targets
        if criteria:
            fields["criteria"] = dumps([each.__dict__ for each in judged(criteria, values or {})])
        fields["data"] = dumps(told)
        return fields

    def _settle_times(self, fields: dict[str, Any], status: str) -> None:
        since = fields.get("updated_at") or self._now
        if status == model.COMPLETED:
            fields["completed_at"] = fields.get("completed_at") or since
        elif fields.get("completed_at"):
            raise UsageError(f"completed_at belongs to a completed task; this one is {status}.")
        if status == model.IN_PROGRESS:
            fields["started_at"] = fields.get("started_at") or since
        known = [fields[name] for name in ("started_at", "completed_at", "updated_at") if fields.get(name)]
        fields["created_at"] = fields.get("created_at") or min(known, default=None)


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(value), "a number")


def _settle_blocked(fields: dict[str, Any], status: str) -> None:
    reason = fields.get("blocked_reason") or ""
    if status != model.BLOCKED:
        if reason:
            raise UsageError(f"blocked_reason belongs to a blocked task; this one is {status}.")
        return
    fields["blocked_from"] = model.IN_PROGRESS if fields.get("started_at") else model.PENDING
    targets = fields.get("depends_on") or ()
    if targets and set(reason.removeprefix(_WAITS).split(", ")) <= {"", *targets}:
        fields["blocked_reason"] = None  # nobody's own words; whether it still waits, the store knows
    elif not reason:
        raise UsageError("blocked_reason is missing; say why the task is blocked.")


def _unknown(name: str) -> UsageError:
    near = get_close_matches(name.lower(), FIELDS, n=1, cutoff=0.5)
    advice = f"Did you mean {near[0]}?" if near else f"Fields: {', '.join(FIELDS)}."
    return UsageError(f"a task has no field {name[:40]!r}. {advice}")


def _wrong(field: str, wanted: str, value: object) -> UsageError:
    return UsageError(f"{field} must be {wanted}, not {kind(value)}.")


def _worded(field: str, check: Callable[[str], Any]) -> Callable[[Any], Any]:
    def worded(value: Any) -> Any:
        if type(value) is not str:
            raise _wrong(field, "text", value)
        return check(value)

    return worded


def _text(field: str, limit: int, *, strip: Callable[[str], str] = str) -> Callable[[Any], Any]:
    return _worded(field, lambda value: model.text(strip(value), of=field, limit=limit))


def _name(field: str) -> Callable[[Any], Any]:
    return _worded(field, lru_cache(10_000)(lambda value: model.name(value, of=field)))


def _choice(field: str, words: tuple[str, ...]) -> Callable[[Any], Any]:
    return _worded(field, lru_cache(100)(lambda value: model.choice(value, of=field, among=words)))


def _labels() -> Callable[[Any], str]:
    one = _name("label")

    @lru_cache(10_000)
    def known(labels: tuple[Any, ...]) -> str:
        return dumps(sorted({one(each) for each in labels}))

    def check(value: Any) -> str:
        try:
            return known(tuple(_listed("labels", value)))
        except TypeError:
            raise UsageError("labels must be an array of texts.") from None

    return check


def _listed(field: str, value: Any) -> list[Any]:
    if type(value) is not list:
        raise _wrong(field, "an array", value)
    return value


def _id(value: Any) -> str:
    if type(value) is not str or not _ID.fullmatch(value):
        raise UsageError(f"the id must be 8 digits of 0-9 and a-f, not {value!r:.40}; leave it out to get a fresh one.")
    return value


def _depends_on(value: Any) -> list[str]:
    for each in _listed("depends_on", value):
        if type(each) is not str or not _ID.fullmatch(each):
            raise UsageError(f"depends_on must hold whole ids (8 digits of 0-9 and a-f), not {each!r:.40}.")
    return sorted(set(value))


def _instant(field: str, read: Callable[[str], datetime]) -> Callable[[Any], Any]:
    @lru_cache(10_000)
    def known(value: str) -> str:
        try:
            return value if _is_stamp(value) else stamp(read(value))
        except (UsageError, ValueError):
            raise UsageError(
                f"{field} must be a time such as 2026-11-03T09:00:00Z or 2026-11-03, not {value[:40]!r}."
            ) from None

    return _worded(field, known)


def _is_stamp(text: str) -> bool:
    return bool(_STAMP.fullmatch(text) and datetime.fromisoformat(text))


def _number(field: str, value: Any) -> float:
    if type(value) not in (int, float):
        raise _wrong(field, "a number", value)
    try:
        return float(value)
    except OverflowError:
        raise UsageError(f"{field} is too large a number.") from None


def _hours(field: str) -> Callable[[Any], float]:
    return lambda value: model.hours(_number(field, value), of=field)


def _rating(field: str) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        _number(field, value)
        return int(model.rating(value, of=field))

    return check


def _criteria(value: Any) -> tuple[Criterion, ...]:
    entries = _listed("criteria", value)
    said = [each.get("verdict") if type(each) is dict else None for each in entries]
    words = next((each for each in said if each not in ("met", "unmet", "unknown", None)), None)
    if words is not None:
        raise UsageError(f"criteria: a verdict is met, unmet or unknown, not {words!r:.40}.")
    bare = [
        {name: part for name, part in each.items() if name != "verdict"} if type(each) is dict else each
        for each in entries
    ]
    return tuple(_decided(one, verdict) for one, verdict in zip(_read_criteria(bare), said, strict=True))


def _read_criteria(entries: list[Any]) -> tuple[Criterion, ...]:
    try:
        return _known_criteria(dumps(entries))
    except TypeError:
        raise UsageError("criteria must hold texts and objects of texts.") from None


@lru_cache(10_000)
def _known_criteria(text: str) -> tuple[Criterion, ...]:
    try:
        return checked(from_json(text))
    except UsageError as error:
        sentence = error.sentence if isinstance(error, ExpressionError) else str(error)
        raise UsageError(sentence.replace("--criteria", "criteria", 1)) from None


def _decided(one: Criterion, verdict: str | None) -> Criterion:
    is_decided = verdict in ("met", "unmet") and is_manual(one.measurable)
    return one.with_(manual=verdict) if is_decided else one


def _measurements(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise _wrong("measurements", "an object", value)
    for name, each in value.items():
        if type(each) not in (int, float, bool, str) or each in (float("inf"), float("-inf")):
            raise _wrong(f"the measurement {name[:40]!r}", "a number, a text, true or false", each)
        _check_name_and_value(name, each)
    return value


@lru_cache(10_000)
def _check_name_and_value(name: str, value: Any) -> None:
    check_measurement(name, value)
