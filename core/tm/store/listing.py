"""Reading many tasks: filters, sorting, search, counts, metrics rows, and JSON built by the database itself.

The statements here are the only ones put together at run time, from the constant pieces below; what a person
typed is always a bound parameter.
"""

from __future__ import annotations

from tm.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tm.metrics import Period, Row
    from tm.store.protocol import Database

JSON_FIELDS = """
  'id', t.id, 'title', t.title, 'description', t.description, 'status', t.status, 'priority', t.priority,
  'assignee', t.assignee, 'team', t.team,
  'labels', (select json_group_array(label) from (select label from label where task_id = t.id order by label)),
  'criteria', (select json_group_array(json_object('criterion', c.criterion, 'measurable', c.measurable,
      'verdict', c.verdict)) from (select * from criterion where task_id = t.id order by position) c),
  'measurements', (select json_group_object(m.name, json(m.value)) from measurement m where m.task_id = t.id),
  'depends_on', (select json_group_array(depends_on) from
      (select depends_on from dependency where task_id = t.id order by depends_on)),
  'deadline', t.deadline, 'estimated_hours', t.estimated_hours, 'actual_hours', t.actual_hours,
  'feedback_quality', t.feedback_quality, 'feedback_timeliness', t.feedback_timeliness,
  'feedback_note', t.feedback_note, 'completion_summary', t.completion_summary, 'blocked_reason', t.blocked_reason,
  'links', (select json_group_array(json_object('plugin', l.plugin, 'kind', l.kind, 'key', l.key, 'url', l.url,
      'title', l.title, 'detail', l.detail))
      from (select * from link where task_id = t.id and state is not 'superseded'
            order by linked_at, plugin, kind, outside_id) l),"""
JSON_LOGS = """
  'progress', (select json_group_array(json_object('at', e.at, 'actor', e.actor, 'origin', e.origin,
      'note', json_extract(e.data, '$.note'), 'percent', json_extract(e.data, '$.percent')))
      from (select * from event where task_id = t.id and type in ('task.progressed', 'task.noted')
            order by revision) e),
  'context', (select json_group_array(json_object('at', e.at, 'actor', e.actor, 'origin', e.origin,
      'text', json_extract(e.data, '$.text')))
      from (select * from event where task_id = t.id and type = 'task.context_added' order by revision) e),"""
JSON_TIMES = """
  'revision', t.revision, 'created_at', t.created_at, 'started_at', t.started_at, 'updated_at', t.updated_at,
  'completed_at', t.completed_at"""

SHOW_JSON = f"select json_object({JSON_FIELDS}{JSON_LOGS}{JSON_TIMES}) from task t where t.id = ?"  # noqa: S608 - constants
LIST_JSON = f"select json_object({JSON_FIELDS}{JSON_TIMES}) from task t"  # noqa: S608 - constants
LIST_CELLS = """
select coalesce((select key from link where task_id = t.id and exclusive = 1 and key is not null
    order by linked_at limit 1), t.id),
  t.status, t.priority, t.assignee, t.deadline, t.title
from task t"""
WHERE = {
    "status": "t.status = :status",
    "is_open": "t.status in ('pending', 'in_progress')",
    "assignee": "t.assignee = :assignee",
    "team": "t.team = :team",
    "priority": "t.priority = :priority",
    "label": "t.id in (select task_id from label where label = :label)",
    "due": "t.deadline <= :due and t.status in ('pending', 'in_progress', 'blocked')",
    "text": "t.row in (select rowid from task_text where task_text match :text)",
}
ORDER = {
    "created": "t.row",
    "updated": "t.updated_at",
    "priority": "case t.priority when 'critical' then 3 when 'high' then 2 when 'medium' then 1 else 0 end",
    "deadline": "t.deadline is null, t.deadline",
    "title": "t.title collate nocase",
    "status": "t.status",
}
LARGEST = 2**63 - 1
COUNTS = "select status, n from task_count"
METRIC_ROWS = """
select id, status, created_at, completed_at, feedback_quality, feedback_timeliness, feedback_automated,
  estimated_hours, actual_hours
from task where created_at >= :start and created_at < :end
union
select id, status, created_at, completed_at, feedback_quality, feedback_timeliness, feedback_automated,
  estimated_hours, actual_hours
from task where completed_at >= :start and completed_at < :end"""
ALL_METRIC_ROWS = """
select id, status, created_at, completed_at, feedback_quality, feedback_timeliness, feedback_automated,
  estimated_hours, actual_hours
from task"""


class Listing:
    """Queries over all tasks of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def show_json(self, task_id: str) -> str:
        """One task with its two logs as compact JSON; the task must exist."""
        return str(self._database.execute(SHOW_JSON, (task_id,)).fetchone()[0])

    def json(self, filters: Mapping[str, Any], *, sort: str, limit: int | None) -> Iterator[str]:
        """The matching tasks, each as compact JSON, one at a time."""
        sql = _statement(LIST_JSON, filters, sort=sort)
        return (row[0] for row in self._database.execute(sql, _parameters(filters, limit)))

    def cells(self, filters: Mapping[str, Any], *, sort: str, limit: int | None) -> Iterator[tuple[Any, ...]]:
        """The matching tasks as rows: key or id, status, priority, assignee, deadline, title."""
        sql = _statement(LIST_CELLS, filters, sort=sort)
        return iter(self._database.execute(sql, _parameters(filters, limit)))

    def counts(self) -> dict[str, int]:
        """How many tasks there are in each status; kept by the store, not counted."""
        return dict(self._database.execute(COUNTS).fetchall())

    def metric_rows(self, period: Period) -> Iterator[Row]:
        """The rows that metrics over a period are made of: created or completed in it."""
        from tm.clock import stamp
        from tm.metrics import Row

        if period.start is None and period.end is None:
            rows = self._database.execute(ALL_METRIC_ROWS)
        else:
            bounds = {
                "start": stamp(period.start) if period.start else "",
                "end": stamp(period.end) if period.end else "~",
            }
            rows = self._database.execute(METRIC_ROWS, bounds)
        names = (
            "id", "status", "created_at", "completed_at", "feedback_quality", "feedback_timeliness",
            "feedback_automated", "estimated_hours", "actual_hours",
        )  # fmt: skip
        return (Row(**dict(zip(names, row, strict=True))) for row in rows)


def _statement(select: str, filters: Mapping[str, Any], *, sort: str) -> str:
    wanted = [WHERE[name] for name in filters]
    where = f" where {' and '.join(wanted)}" if wanted else ""
    return f"{select}{where} order by {_order(sort)} limit :limit"


def _order(sort: str) -> str:
    is_down = sort.startswith("-")
    name = sort.lstrip("-")
    if name not in ORDER:
        raise UsageError(
            f"Cannot sort by {name[:40]!r}. Choose one of {', '.join(ORDER)}; -{next(iter(ORDER))} turns it round."
        )
    direction = "desc" if is_down else "asc"
    return f"{ORDER[name]} {direction}" if name == "created" else f"{ORDER[name]} {direction}, t.row"


def _parameters(filters: Mapping[str, Any], limit: int | None) -> dict[str, Any]:
    if limit is not None and limit < 0:
        raise UsageError(f"--limit must be 0 or more, not {limit}.")
    return {**filters, "limit": -1 if limit is None else min(limit, LARGEST)}


def match(text: str) -> str:
    """A full-text query that finds every word by its beginning, whatever was typed."""
    words = text.replace("\0", " ").split()
    if not words:
        raise UsageError("Say what to look for. Example: tm search parser")
    return " ".join('"' + word.replace('"', '""') + '"*' for word in words[:20])
