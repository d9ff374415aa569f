"""Runs one command again and again on copies of a store, each time dying before the next of its statements.

    python crash_child.py COMMAND FOLDER [ID …]

Takes `FOLDER/start.db` (a missing one is a store to be made), leaves `FOLDER/1.db`, `FOLDER/2.db` … and prints how
each run ended: `died` or, the last one, `finished`.
"""

from __future__ import annotations

import os
import shutil
import sys
from itertools import count
from pathlib import Path

from tm.clock import Clock
from tm.criteria import from_expression
from tm.service import completion, editing, lifecycle, measuring
from tm.service.work import Caller, Work
from tm.store.sqlite import SqliteDatabase

CRITERIA = (from_expression("coverage >= 85"), from_expression("Alice has read it"))
NEW = {"title": "New", "labels": ("api", "ui"), "criteria": CRITERIA, "description": "Why"}

COMMANDS = {
    "progress": lambda work, task: lifecycle.progress(work, task, "half way", percent=50),
    "add": lambda work, *tasks: editing.add(work, NEW, depends_on=tasks),
    "complete": lambda work, task: completion.complete(work, task, summary="done", actual_hours=1.5),
    "purge": lambda work, task: editing.delete(work, task, purge=True),
    "measure": lambda work, task: measuring.measure(work, task, {"coverage": 90, "passed": True}, source="ci"),
    "first": lambda work: editing.add(work, {"title": "First"}),
}


class MortalDatabase(SqliteDatabase):
    """A database whose process dies, without a word, before its n-th statement."""

    def __init__(self, path: str, *, dies_before: int) -> None:
        super().__init__(path)
        self._left = dies_before

    def execute(self, sql, parameters=()):
        """Die, or run the statement."""
        self._left -= 1
        if self._left == 0:
            os._exit(9)
        return super().execute(sql, parameters)


def run(command: str, database: SqliteDatabase, ids: list[str]) -> str:
    """One command, always under the same key."""
    caller = Caller(origin="cli", actor="alice@example.com")
    return COMMANDS[command](Work(database, Clock(), caller, owed_to=("slack",), key="K"), *ids)


def main(command: str, folder: Path, ids: list[str]) -> None:
    """Die before the first statement, then before the second, until nothing is left to die before."""
    for point in count(1):
        path = folder / f"{point}.db"
        if (folder / "start.db").exists():
            shutil.copyfile(folder / "start.db", path)
        child = os.fork()
        if child == 0:
            run(command, MortalDatabase(str(path), dies_before=point), ids)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write({9: "died\n", 0: "finished\n"}.get(status, f"failed {status}\n"))
        if status != 9:
            return


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
