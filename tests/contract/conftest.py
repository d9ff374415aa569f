"""Which stores the suite runs on: give STORES another opener and every promise is checked there as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tm.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tm.store.protocol import Database


def sqlite_store(folder: Path) -> Database:
    """A new, empty SQLite store in a folder."""
    return SqliteDatabase(str(folder / "tm.db"))


STORES: dict[str, Callable[[Path], Database]] = {"sqlite": sqlite_store}


@pytest.fixture(params=sorted(STORES))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty store of each kind."""
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def second(database: Database) -> Iterator[Database]:
    """Another connection to the same store."""
    opened = database.another()
    yield opened
    opened.close()
