"""A store connection that ends its process, as kill -9 would, right before its n-th statement."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from tm.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Sequence

DIED = 9


class DyingDatabase(SqliteDatabase):
    """All connections of a process count together."""

    statements: ClassVar[int] = 0
    dies_before: ClassVar[int] = 0

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        self._count(sql)
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Sequence[Any]) -> Any:
        self._count(sql)
        return super().executemany(sql, parameters)

    def another(self) -> DyingDatabase:
        return DyingDatabase(self.path, create=False)

    @staticmethod
    def _count(sql: str) -> None:
        if sql == "pragma data_version":  # a worker looks as often as time allows: not a step of the work
            return
        DyingDatabase.statements += 1
        if DyingDatabase.statements == DyingDatabase.dies_before:
            os._exit(DIED)
