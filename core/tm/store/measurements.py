"""The latest measurement of each name, per task."""

from __future__ import annotations

from tm.jsontext import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tm.store.protocol import Database

OF = """
select name, value, json_type(value), json_extract(value, '$'), source
from measurement where task_id = ? order by name"""
SAVE = """
insert into measurement (task_id, name, value, source, measured_at, origin, actor) values (?, ?, ?, ?, ?, ?, ?)
on conflict (task_id, name) do update set value = excluded.value, source = excluded.source,
  measured_at = excluded.measured_at, origin = excluded.origin, actor = excluded.actor"""


class Measurements:
    """The measurements of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, task_id: str) -> dict[str, tuple[Any, str | None]]:
        """What was measured last for a task: name to (value, source)."""
        rows = self._database.execute(OF, (task_id,))
        return {name: (_exact(kind, text, value=value), source) for name, text, kind, value, source in rows}

    def save(  # noqa: PLR0913 - one row, its columns
        self, task_id: str, name: str, value: Any, *, source: str | None, at: str, origin: str, actor: str
    ) -> None:
        """Record the newest value of a name."""
        self._database.execute(SAVE, (task_id, name, dumps(value), source, at, origin, actor))


def _exact(kind: str, text: str, *, value: Any) -> Any:
    if kind in ("true", "false"):
        return kind == "true"
    if kind == "integer":  # JSON numbers may have more digits than the database's own
        return int(text)
    return float(text) if kind == "real" else value
