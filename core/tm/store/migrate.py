"""Making a store and bringing an older one up to date, under the write lock."""

from __future__ import annotations

import os
import sqlite3
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from tm.errors import StoreError
from tm.store.mounts import refuse_network_folder
from tm.store.sqlite import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm.store.sqlite import SqliteDatabase


def prepare_folder(path: str, *, create: bool) -> None:
    """Make the private folder a new store goes to. Raises StoreError where a store cannot live."""
    if not create:
        raise StoreError(f"There is no store at {path} any more.")
    try:
        folder = Path(path).parent
        if not folder.is_dir():
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        refuse_network_folder(str(folder))
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    except PermissionError as error:
        raise StoreError(
            f"The store {path} cannot be opened or made: {error.strerror}. Check the owner and permissions of its "
            "folder, or name another place: TM_DATABASE_URL=…"
        ) from error
    except OSError as error:
        raise StoreError(
            f"The store {path} cannot be made: {error.strerror}. Name another place: TM_DATABASE_URL=…"
        ) from error


def migrate(database: SqliteDatabase, version: int) -> None:
    """Apply the numbered migrations a store lacks.

    Raises StoreError for a store newer than this program, and for another program's database.
    """
    tables, ours = database.execute(_TABLES).fetchone()
    if tables and not ours:
        raise StoreError(f"{database.path} is a database of another program. Name another: TM_DATABASE_URL=…")
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The store {database.path} was written by a newer tm (schema {version}, this one knows "
            f"{SCHEMA_VERSION}). Upgrade: pip install -U tm-hub"
        )
    database.line_up()  # of two that switch the journal at once, SQLite refuses one without waiting
    try:
        database.execute("pragma journal_mode = wal")
    finally:
        database.step_out()
    with database.transaction():
        found = database.execute("pragma user_version").fetchone()[0]
        for number, script in _scripts():
            if number > found:
                _apply(database, number, script)


def _apply(database: SqliteDatabase, number: int, script: str) -> None:
    for statement in _statements(script):
        database.execute(statement)
    database.execute(_SET_VERSION[number])


_TABLES = "select count(*), count(case when name = 'tombstone' then 1 end) from sqlite_master"
_SET_VERSION = {number: f"pragma user_version = {number}" for number in (1, 2)}


def _scripts() -> Iterator[tuple[int, str]]:
    folder = resources.files("tm.store") / "migrations"
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".sql"):
            yield int(entry.name[:4]), entry.read_text(encoding="utf-8")


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
