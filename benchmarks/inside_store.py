"""Run by the measured interpreter: `inside_store.py FILE COUNT` makes a store of so many tasks, two events each.

The tasks spread evenly over two years up to now; seven of ten are completed, three of ten of those are rated.
The word `quasar` is in 20 titles whatever the size, `parser` in one of fifty.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tm.clock import stamp
from tm.events import COMPLETED, CREATED, PROGRESSED, Event, snapshot
from tm.model import Criterion, Task
from tm.service.work import event_id
from tm.store.events import Events
from tm.store.sqlite import SqliteDatabase
from tm.store.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

SPAN = timedelta(weeks=104)
BATCH = 5000
RARE, COMMON = 20, 50
STATUSES = ("completed",) * 7 + ("in_progress", "blocked", "pending")
PRIORITIES = ("low", "medium", "high", "critical")
NOUNS = ("invoice", "schedule", "login", "backup", "report", "mailer", "index", "calendar", "ledger", "console")


def main(path: str, count: int) -> None:
    """Make the store and leave it closed, its log folded in."""
    with SqliteDatabase(path) as database:
        tasks = _tasks(count, datetime.now(UTC))
        for start in range(0, count, BATCH):
            with database.transaction():
                for _ in range(min(BATCH, count - start)):
                    _keep(database, next(tasks))


def _tasks(count: int, now: datetime) -> Iterator[Task]:
    for number in range(count):
        created = now - SPAN * ((count - number) / count)
        yield _task(number, count, created=created, now=now)


def _task(number: int, count: int, *, created: datetime, now: datetime) -> Task:
    status = STATUSES[number % 10]
    ended = min(now, created + timedelta(hours=number % 96)) if status == "completed" else None
    is_rated = ended is not None and number % 3 == 0
    return Task(
        id=f"{number * 2654435761 % 2**32:08x}",
        title=_title(number, count),
        description=f"What is known about number {number}: it was seen twice on staging and once in production.",
        status=status,
        priority=PRIORITIES[number % 4],
        assignee=f"person{number % 40}@example.com",
        team=f"team{number % 8}",
        labels=(f"label{number % 20}",) if number % 3 == 0 else (),
        criteria=(Criterion(criterion="coverage >= 85", measurable="coverage >= 85"),) if number % 10 == 5 else (),
        estimated_hours=float(number % 16 + 1),
        actual_hours=float(number % 12 + 1) if ended else None,
        feedback_quality=number % 5 + 1 if is_rated else None,
        feedback_timeliness=number % 4 + 2 if is_rated else None,
        blocked_reason="waiting" if status == "blocked" else None,
        blocked_from="pending" if status == "blocked" else None,
        revision=2,
        created_at=stamp(created),
        started_at=stamp(created) if status != "pending" else None,
        updated_at=stamp(ended or created),
        completed_at=stamp(ended) if ended else None,
    )


def _title(number: int, count: int) -> str:
    words = ["Mend", "the", NOUNS[number % 10], str(number)]
    if number % (count // RARE) == 0:
        words.append("quasar")
    if number % COMMON == 0:
        words.append("parser")
    return " ".join(words)


def _keep(database: SqliteDatabase, task: Task) -> None:
    Tasks(database).insert(task)
    second = COMPLETED if task.completed_at else PROGRESSED
    for revision, (kind, at) in enumerate(((CREATED, task.created_at), (second, task.updated_at)), start=1):
        event = Event(
            id=event_id(datetime.fromisoformat(at).timestamp()),
            type=kind,
            task_id=task.id,
            revision=revision,
            origin="cli",
            actor="bench@example.com",
            at=at,
            data={"note": "half of it is done"} if kind == PROGRESSED else {},
            task=snapshot(task),
        )
        Events(database).record(event, fanned_out_at=at)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
