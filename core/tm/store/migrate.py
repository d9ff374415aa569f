"""Making a store and bringing an older one up to date, under the write lock."""

from __future__ import annotations

import os
import sqlite3
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from tm.errors import StoreError
from tm.store.sqlite import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm.store.sqlite import SqliteDatabase

MOUNTS = "/proc/self/mountinfo"
NETWORK_FILE_SYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
}


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
    except OSError as error:
        raise StoreError(
            f"The store {path} cannot be made: {error.strerror}. Name another place: TM_DATABASE_URL=…"
        ) from error


def refuse_network_folder(folder: str, *, mounts: str = MOUNTS) -> None:
    """Raise StoreError when the folder lies on a network file system: WAL needs one host."""
    kind = file_system(folder, mounts=mounts)
    if kind is not None and (kind in NETWORK_FILE_SYSTEMS or kind.startswith("fuse")):
        raise StoreError(
            f"{folder} is on a network file system ({kind}), where SQLite loses data. Keep the store on a local "
            "disk (TM_DATABASE_URL=/local/path/tm.db)."
        )


def file_system(folder: str, *, mounts: str = MOUNTS) -> str | None:
    """The file system type that holds a folder, or None where the system does not tell (macOS).

    `mounts` is a file in the format of Linux' mountinfo.
    """
    try:
        table = Path(mounts).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    real = os.path.realpath(folder)
    best = ("", None)
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        point = left.split(" ")[4].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, right.split(" ")[0])  # type: ignore[assignment]
    return best[1]


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
_SET_VERSION = {1: "pragma user_version = 1"}


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
