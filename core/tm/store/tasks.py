"""Tasks and what belongs to them: the named SQL of the hot verbs."""

from __future__ import annotations

from tm.errors import NotFound, UsageError
from tm.model import Criterion, Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tm.store.protocol import Database

GET = """
select id, title, description, status, priority, assignee, team, deadline, estimated_hours, actual_hours,
  feedback_quality, feedback_timeliness, feedback_note, feedback_automated, completion_summary, blocked_reason,
  blocked_from, waits, revision, created_at, started_at, updated_at, completed_at,
  (select group_concat(label, char(10)) from (select label from label where task_id = task.id order by label))
from task where id = ?"""
CRITERIA = "select criterion, measurable, manual, verdict from criterion where task_id = ? order by position"
IS_TASK = "select id from task where id = ?"
WITH_PREFIX = "select id, title from task where id >= ?1 and id < ?1 || 'g' order by id limit 6"
WITH_LINK = """
select distinct task.id, task.title from link join task on task.id = link.task_id
where link.key = ? order by task.id limit 6"""
INSERT = """
insert into task (id, title, description, status, priority, assignee, team, deadline, estimated_hours, actual_hours,
  feedback_quality, feedback_timeliness, feedback_note, feedback_automated, completion_summary, blocked_reason,
  blocked_from, waits, revision, created_at, started_at, updated_at, completed_at)
values (:id, :title, :description, :status, :priority, :assignee, :team, :deadline, :estimated_hours, :actual_hours,
  :feedback_quality, :feedback_timeliness, :feedback_note, :feedback_automated, :completion_summary, :blocked_reason,
  :blocked_from, :waits, :revision, :created_at, :started_at, :updated_at, :completed_at)"""
UPDATE = """
update task set title = :title, description = :description, status = :status, priority = :priority,
  assignee = :assignee, team = :team, deadline = :deadline, estimated_hours = :estimated_hours,
  actual_hours = :actual_hours, feedback_quality = :feedback_quality, feedback_timeliness = :feedback_timeliness,
  feedback_note = :feedback_note, feedback_automated = :feedback_automated,
  completion_summary = :completion_summary, blocked_reason = :blocked_reason, blocked_from = :blocked_from,
  waits = :waits, revision = :revision, started_at = :started_at, updated_at = :updated_at,
  completed_at = :completed_at
where id = :id"""
IS_TAKEN = "select 1 from task where id = ?1 union all select 1 from tombstone where task_id = ?1"
ADD_LABEL = "insert into label (task_id, label) values (?, ?) on conflict do nothing"
CLEAR_LABELS = "delete from label where task_id = ?"
ADD_CRITERION = """
insert into criterion (task_id, position, criterion, measurable, manual, verdict) values (?, ?, ?, ?, ?, ?)"""
CLEAR_CRITERIA = "delete from criterion where task_id = ?"

COLUMNS = (
    "id", "title", "description", "status", "priority", "assignee", "team", "deadline", "estimated_hours",
    "actual_hours", "feedback_quality", "feedback_timeliness", "feedback_note", "feedback_automated",
    "completion_summary", "blocked_reason", "blocked_from", "waits", "revision", "created_at", "started_at",
    "updated_at", "completed_at",
)  # fmt: skip


class Tasks:
    """The tasks of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, task_id: str) -> Task | None:
        """The task with exactly this id, or None."""
        row = self._database.execute(GET, (task_id,)).fetchone()
        if row is None:
            return None
        criteria = self._database.execute(CRITERIA, (task_id,)).fetchall()
        return task_of(row, criteria)

    def resolve(self, ref: str, *, exact: bool = False) -> str:
        """The full id that a typed id, prefix of 4 or more hex digits, or link key stands for.

        With `exact` only full ids count, as automation wants it. Raises NotFound, or UsageError with the
        candidates when several tasks match.
        """
        if not ref.strip():
            raise UsageError("The task id is empty. An unset shell variable? Say which task: tm list")
        found = self._database.execute(IS_TASK, (ref,)).fetchone()
        if found:
            return str(found[0])
        matches = [] if exact else self._matches(ref)
        if not matches and len(ref) < 4 and not exact and _is_hex(ref):
            raise NotFound(f"{ref!r} is too short for an id: four digits at least. See the ids: tm list")
        if not matches:
            raise NotFound(f"There is no task {ref[:60]!r}. See the ids: tm list")
        if len(matches) > 1:
            listed = ", ".join(f"{each} ({title[:40]})" for each, title in matches[:5])
            more = " and more" if len(matches) > 5 else ""
            raise UsageError(f"{ref[:60]!r} fits several tasks: {listed}{more}. Type more of the id.")
        return str(matches[0][0])

    def _matches(self, ref: str) -> list[tuple[str, str]]:
        if 4 <= len(ref) <= 8 and _is_hex(ref):
            rows = self._database.execute(WITH_PREFIX, (ref.lower(),)).fetchall()
            if rows:
                return rows
        return self._database.execute(WITH_LINK, (ref,)).fetchall()

    def is_taken(self, task_id: str) -> bool:
        """Whether the id belongs, or once belonged, to a task."""
        return self._database.execute(IS_TAKEN, (task_id,)).fetchone() is not None

    def insert(self, task: Task) -> None:
        """Store a task that was not there."""
        self._database.execute(INSERT, columns_of(task))
        self._write_labels(task)
        self._write_criteria(task)

    def save(self, task: Task, *, was: Task) -> None:
        """Store the changed task over the one it was."""
        self._database.execute(UPDATE, columns_of(task))
        if task.labels != was.labels:
            self._database.execute(CLEAR_LABELS, (task.id,))
            self._write_labels(task)
        if task.criteria != was.criteria:
            self._database.execute(CLEAR_CRITERIA, (task.id,))
            self._write_criteria(task)

    def _write_labels(self, task: Task) -> None:
        for label in task.labels:
            self._database.execute(ADD_LABEL, (task.id, label))

    def _write_criteria(self, task: Task) -> None:
        for position, each in enumerate(task.criteria, start=1):
            self._database.execute(
                ADD_CRITERION, (task.id, position, each.criterion, each.measurable, each.manual, each.verdict)
            )


def _is_hex(ref: str) -> bool:
    return not ref.lower().strip("0123456789abcdef")


def columns_of(task: Task) -> dict[str, Any]:
    """The task as parameters of INSERT and UPDATE."""
    return {column: getattr(task, column) for column in COLUMNS}


def task_of(row: Any, criteria: Any) -> Task:
    """A task from a row of GET and its rows of CRITERIA."""
    fields = dict(zip(COLUMNS, row, strict=False))
    labels = row[-1]
    return Task(
        **{
            **fields,
            "feedback_automated": bool(fields["feedback_automated"]),
            "waits": bool(fields["waits"]),
        },
        labels=tuple(labels.split("\n")) if labels else (),
        criteria=tuple(
            Criterion(criterion=words, measurable=measurable, manual=manual, verdict=verdict)
            for words, measurable, manual, verdict in criteria
        ),
    )
