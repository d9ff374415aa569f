"""The database interface every store implements; the SQL in the rooms beside it runs on all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Parameters = Mapping[str, Any] | Sequence[Any]


class Rows(Protocol):
    """What a statement found: rows as tuples, and how many rows it changed."""

    @property
    def rowcount(self) -> int: ...

    @property
    def lastrowid(self) -> int | None: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """One connection to a store.

    `execute` outside `transaction()` reads only; every write happens inside one. All errors of the driver
    arrive as `tm.errors.StoreError`. A transaction inside another is a RuntimeError. One instance serves one
    thread; `another()` opens a second connection to the same store for another thread.
    """

    def execute(self, sql: str, parameters: Parameters = ()) -> Rows: ...

    def executemany(self, sql: str, parameters: Sequence[Parameters]) -> Rows: ...

    def transaction(self) -> AbstractContextManager[None]: ...

    def changed(self) -> object:
        """A token that differs when another connection has committed since it was last read."""
        ...

    def scrub(self) -> None:
        """Leave no trace of deleted content in the store's files; slow, outside any transaction."""
        ...

    def another(self) -> Database: ...

    def close(self) -> None: ...
