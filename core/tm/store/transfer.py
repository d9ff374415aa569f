"""The whole store as lines of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.store.listing import _FIELDS, _LOGS, _TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm.store.protocol import Database

TASKS = f"select json_object({_FIELDS}{_LOGS}{_TIMES}) from task t order by t.row"  # noqa: S608 - constants


def tasks(database: Database) -> Iterator[str]:
    """Every task as `tm show` prints it, oldest first, one at a time."""
    return (row[0] for row in database.execute(TASKS))


def dump(database: Database) -> Iterator[str]:
    """Everything the store holds, one line at a time."""
    yield '{"tm_export":1}\n'
