"""Which stores the suite runs on: add a fixture and its name to STORES, and every promise is checked there as well."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tm.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tm.store.protocol import Database

STORES = ("sqlite_store",)


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty store of each kind."""
    opened = request.getfixturevalue(request.param)
    yield opened
    opened.close()


@pytest.fixture
def second(database: Database) -> Iterator[Database]:
    """Another connection to the same store."""
    opened = database.another()
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(blank_sqlite: Path, tmp_path: Path) -> Database:
    """A SQLite store of the test's own, copied because making one takes longer."""
    shutil.copyfile(blank_sqlite, tmp_path / "tm.db")
    return SqliteDatabase(str(tmp_path / "tm.db"))


@pytest.fixture(scope="session")
def blank_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty SQLite store."""
    path = tmp_path_factory.mktemp("blank") / "tm.db"
    with SqliteDatabase(str(path)) as made:
        made.execute("select 1")
    return path
