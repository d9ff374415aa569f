"""What a file says of a task: reading it from strangers' hands, and writing it. Touches no disk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Task

FIELDS = ("title", "description", "status", "priority", "assignee", "labels", "deadline")
EMPTY: Mapping[str, Any] = {**dict.fromkeys(FIELDS), "labels": []}
NEVER_EMPTY = ("title", "status", "priority")


def fields_of(task: Task) -> dict[str, Any]:
    """The mirrored fields of a task, as JSON has them."""
    return {**{field: getattr(task, field) for field in FIELDS}, "labels": list(task.labels)}


def fields_said(record: Mapping[str, Any]) -> dict[str, Any]:
    """The mirrored fields that a record mentions; one it does not mention is not changed by it."""
    return {field: record[field] for field in FIELDS if field in record}


def parse(content: bytes) -> dict[str, Any]:
    """The record in a file, its mirrored fields in the form tm gives them, anything else untouched.

    Raises ValueError with a clause about what is wrong. Whether tm likes a value is for tm to say.
    """
    try:
        record = json.loads(content)
        json.dumps(record, ensure_ascii=False).encode()  # JSON can spell half a character; nobody can store it
    except (ValueError, RecursionError):
        raise ValueError("is not JSON in UTF-8") from None
    if not isinstance(record, dict):
        raise ValueError("should hold one JSON object, like {...}")
    return {**record, **{field: _read(field, value) for field, value in fields_said(record).items()}}


def written(record: Mapping[str, Any], task: Task, *, kept: Mapping[str, Any] | None = None) -> bytes:
    """The content of the file that says what the task says, but for `kept`, and keeps what else people wrote there."""
    told = {**record, "id": task.id, **fields_of(task), **(kept or {}), "revision": task.revision}
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()


def _read(field: str, value: Any) -> Any:
    if field == "labels":
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ValueError('has labels that are no list of texts, like ["backend"]')
        return sorted({each.strip() for each in value})
    if value is None and field not in NEVER_EMPTY:
        return None
    if not isinstance(value, str):
        raise ValueError(f"has a {field} that is no text")
    if field == "deadline":
        return _instant(value)
    clean = value if field == "description" else value.strip()
    if not clean and field in NEVER_EMPTY:
        raise ValueError(f"has an empty {field}")
    return clean or None


def _instant(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError(text)
        return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise ValueError(f"has the deadline {text[:40]!r}, which is no instant like 2026-12-24T15:00:00Z") from None
