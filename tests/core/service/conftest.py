"""What the tests of the use cases share: a desk with a real store, a clock to turn, and a person at it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tm.service import editing
from tm.service.work import Caller, Work
from tm.store.events import Events
from tm.store.listing import Listing
from tm.store.sqlite import SqliteDatabase
from tm.store.tasks import Tasks
from tm.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tm.events import Event
    from tm.model import Task

ALICE = Caller(origin="cli", actor="alice@example.com")


class Desk:
    """Where alice works: one store, one clock."""

    def __init__(self, path: Path) -> None:
        self.database = SqliteDatabase(str(path))
        self.clock = FakeClock()

    def work(self, caller: Caller = ALICE, **options: Any) -> Work:
        """A unit of work of alice, or of another caller."""
        return Work(self.database, self.clock, caller, **options)

    def add(self, title: str = "Ship it", *, depends_on: tuple[str, ...] = (), **fields: Any) -> str:
        """A task of alice; its id."""
        return editing.add(self.work(), {"title": title, **fields}, depends_on=depends_on)

    def task(self, task_id: str) -> Task:
        """The task as it is stored."""
        found = Tasks(self.database).find(task_id)
        assert found is not None, f"{task_id} is gone"
        return found

    def is_there(self, task_id: str) -> bool:
        """Whether the task still exists."""
        return Tasks(self.database).find(task_id) is not None

    def events(self, task_id: str) -> list[Event]:
        """The history of one task."""
        return Events(self.database).of_task(task_id)

    def history(self) -> list[Event]:
        """The history of all tasks."""
        return Events(self.database).after(0)

    def types(self, task_id: str) -> list[str]:
        """The types of a task's events, without their family."""
        return [each.name for each in self.events(task_id)]

    def counts(self) -> dict[str, int]:
        """How many tasks are in each status, without the empty ones."""
        return {status: count for status, count in Listing(self.database).counts().items() if count}

    def close(self) -> None:
        """Close the store."""
        self.database.close()


@pytest.fixture
def desk(tmp_path: Path, blank_store: Path) -> Iterator[Desk]:
    """A desk with an empty store, copied because making one takes longer."""
    shutil.copyfile(blank_store, tmp_path / "tm.db")
    opened = Desk(tmp_path / "tm.db")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def blank_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store."""
    path = tmp_path_factory.mktemp("blank") / "tm.db"
    with SqliteDatabase(str(path)) as made:
        made.execute("select 1")
    return path
