"""Whether the store is sound: its place, file system, permissions, room, SQLite, schema and content."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from tm.errors import StoreError
from tm.hub import Finding
from tm.store.mounts import ADVICE, MOUNTS, complaint, network_file_system
from tm.store.sqlite import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm.store.sqlite import SqliteDatabase

LITTLE_ROOM = 100 * 1024 * 1024
_FIXED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


def store_findings(database: SqliteDatabase, *, mounts: str = MOUNTS) -> Iterator[Finding]:
    """Judge an existing store, changing nothing but its schema if an older tm wrote it."""
    yield from surroundings(database.path, mounts=mounts)
    yield sqlite_version(sqlite3.sqlite_version_info)
    yield from _permissions(database.path)
    yield _content(database)


def surroundings(path: str, *, mounts: str = MOUNTS) -> Iterator[Finding]:
    """The folder a store is in, or will be made in: its file system and the room left."""
    folder = _nearest(Path(path).parent)
    if kind := network_file_system(str(folder), mounts=mounts):
        yield Finding(level="error", message=complaint(str(folder), kind), advice=ADVICE)
    if not os.access(folder, os.W_OK | os.X_OK):
        message = f"You may not write in {folder}."
        yield Finding(level="error", message=message, advice=f"Check its owner and permissions: ls -ld {folder}")
    free = shutil.disk_usage(folder).free
    if free < LITTLE_ROOM:
        message = f"Only {free // 1024 // 1024} MiB are free on the disk of {folder}."
        yield Finding(level="warning", message=message, advice="Make room before the store cannot grow.")


def sqlite_version(version: tuple[int, ...]) -> Finding:
    """SQLite's version, and whether it has the race in which a reset of its log can damage a file."""
    name = ".".join(map(str, version))
    is_fixed = version >= _FIXED[-1] or any(version[:2] == each[:2] and version >= each for each in _FIXED)
    if is_fixed:
        return Finding(level="ok", message=f"SQLite {name}.")
    fixed = ", ".join(".".join(map(str, each)) for each in _FIXED)
    return Finding(
        level="ok",
        message=f"SQLite {name}; its WAL-reset race (mended in {fixed}) is kept away by tm's own write lock.",
        advice="Let no other program write to the store.",
    )


def _permissions(path: str) -> Iterator[Finding]:
    found = Path(path).stat()
    if found.st_mode & 0o77:
        yield Finding(level="warning", message=f"{path} is open to other users.", advice=f"chmod 600 {path}")
    if found.st_uid != os.geteuid() or not os.access(path, os.R_OK | os.W_OK):
        message = f"{path} belongs to another user or is read-only for you."
        yield Finding(level="error", message=message, advice=f"Check its owner and permissions: ls -l {path}")


def _content(database: SqliteDatabase) -> Finding:
    try:
        told = [str(row[0]) for row in database.execute("pragma quick_check(3)")]
    except StoreError as error:
        return Finding(level="error", message=str(error))
    if told != ["ok"]:
        return Finding(
            level="error",
            message=f"The store {database.path} is damaged: {'; '.join(told)}.",
            advice=f"Keep a copy, then save what can be read: sqlite3 {database.path} .recover",
        )
    return Finding(level="ok", message=f"{database.path} is sound (schema {SCHEMA_VERSION}).")


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.parents) if os.path.isdir(each))  # noqa: PTH112 - it never raises
