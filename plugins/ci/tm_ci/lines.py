"""The lines of a run: what each step appends, how they are read back, and how those of several jobs become one set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

VERSION = 1
START, STEP, VALUE = "start", "step", "value"
KINDS = (START, STEP, VALUE)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that was said of a run.

    `kind` is start, step or value; `name` the step's or the measurement's; `of` what was read for it. `leg` names a
    leg of a matrix; where nobody named it, `writer` (one per file and job) keeps two legs apart. `at` is a UTC
    stamp. `data` is the kind's own: `value reason rule` of a measurement, `status note` of a step, `title criteria
    is_hiding task` of a start.
    """

    kind: str
    name: str
    run: str
    at: str
    of: str = ""
    attempt: int = 1
    commit: str | None = None
    job: str | None = None
    leg: str | None = None
    writer: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What makes another line the same one, told again."""
        whose = ("leg", self.leg) if self.leg else ("writer", self.writer)
        parts = (self.kind, self.name, self.of, self.run, self.attempt, self.commit, self.job, *whose)
        return json.dumps(parts, ensure_ascii=False)

    @property
    def text(self) -> str:
        """The line as it is written."""
        return json.dumps({"v": VERSION, **asdict(self)}, ensure_ascii=False, sort_keys=True)


class Damaged(Exception):
    """A line that cannot be read: cut off, written by something else, or by another version."""


def read(text: str) -> Line:
    """The line that a text stands for. Raises Damaged."""
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Damaged("it is no complete JSON") from None
    if not isinstance(found, dict) or found.pop("v", None) != VERSION:
        raise Damaged(f"it is no line of version {VERSION}")
    if set(found) != {each.name for each in fields(Line)} or not _is_typed(found):
        raise Damaged("it has not the fields of a line")
    if not _FITS[found["kind"]](found["data"]):
        raise Damaged(f"it says of a {found['kind']} what none can be")
    return Line(**found)


def read_all(content: bytes) -> tuple[list[Line], list[str]]:
    """Every line of a file, and a sentence for each that is damaged."""
    found, damage = [], []
    texts = content.split(b"\n")
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            found.append(read(text.decode("utf-8")))
        except (Damaged, UnicodeDecodeError) as error:
            damage.append(f"line {number}: {error if isinstance(error, Damaged) else 'it is no UTF-8'}")
    return found, damage


def merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Each key once, with what was said last; in the same order whatever order they came in."""
    kept: dict[str, Line] = {}
    for line in lines:
        other = kept.get(line.key)
        if other is None or (line.at, line.text) > (other.at, other.text):
            kept[line.key] = line
    return tuple(sorted(kept.values(), key=lambda line: (line.at, line.text)))


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _is_typed(found: dict[str, Any]) -> bool:
    texts = all(isinstance(found[name], str) for name in ("kind", "name", "run", "at", "of", "writer"))
    perhaps = all(found[name] is None or isinstance(found[name], str) for name in ("commit", "job", "leg"))
    is_number = type(found["attempt"]) is int
    is_line = texts and perhaps and is_number and found["kind"] in KINDS and isinstance(found["data"], dict)
    return is_line and _is_time(found["at"])


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_start(data: Mapping[str, Any]) -> bool:
    criteria = data.get("criteria", False)
    are_texts = isinstance(data.get("title"), str) and _are_texts(data.get("task"), data.get("context"))
    is_list = isinstance(criteria, list) and all(_is_criterion(each) for each in criteria)
    return are_texts and is_list and isinstance(data.get("is_hiding"), bool)


def _is_criterion(each: Any) -> bool:
    return (
        isinstance(each, dict)
        and isinstance(each.get("criterion"), str)
        and _are_texts(each.get("measurable"), each.get("manual"))
    )


def _are_texts(*values: Any) -> bool:
    return all(value is None or isinstance(value, str) for value in values)


def _is_step(data: Mapping[str, Any]) -> bool:
    return isinstance(data.get("status"), str) and _are_texts(data.get("note"))


def _is_value(data: Mapping[str, Any]) -> bool:
    is_plain = isinstance(data.get("value"), int | float | str | bool | None)
    return is_plain and _are_texts(data.get("rule"), data.get("reason"))


_FITS = {START: _is_start, STEP: _is_step, VALUE: _is_value}
