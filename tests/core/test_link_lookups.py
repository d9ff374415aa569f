"""Finding a link costs the same however many there are: SQLite goes by what names the task or the object."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tm.store import links
from tm.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from pathlib import Path

ARGUMENTS = dict.fromkeys(("plugin", "instance", "kind", "task_id", "outside_id"), "x")


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(links.OF_TASK, id="of a task"),
        pytest.param(links.OF_OBJECT, id="of an object"),
        pytest.param(links.IS_LINKED, id="whether a task is linked"),
        pytest.param(links.TAKEN_BY, id="whether an exclusive one is taken"),
        pytest.param(links.DELETE, id="delete"),
    ],
)
def test_a_link_is_found_by_its_task_or_its_object_and_not_among_all(tmp_path: Path, statement: str) -> None:
    named = ":task_id" in statement
    with SqliteDatabase(str(tmp_path / "tm.db")) as database:
        plan = database.execute(
            f"explain query plan {statement}", ARGUMENTS if named else ["x"] * statement.count("?")
        ).fetchall()
    found = [row[3] for row in plan if re.match("SEARCH|SCAN", row[3])]

    assert found
    assert [each for each in found if "task_id=?" not in each and "outside_id=?" not in each] == []
