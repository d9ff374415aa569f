"""The whole store as lines of JSON, and back: every row of every table, for `tm export` and `tm import`."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from json import JSONDecoder, JSONEncoder
from typing import TYPE_CHECKING, Any

from tm.errors import Refused, StoreError, UsageError
from tm.store.listing import JSON_FIELDS, JSON_LOGS, JSON_TIMES
from tm.store.restored import complaint
from tm.store.spool import CACHES, unhooked
from tm.store.sqlite import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tm.store.protocol import Database

VERSION = 1
# in the order of their rows; sqlite_sequence comes last, for it remembers numbers that were used once
TABLES = {
    "task": "row",
    "label": "label, task_id",
    "criterion": "task_id, position",
    "measurement": "task_id, name",
    "dependency": "task_id, depends_on",
    "tombstone": "task_id",
    "event": "seq",
    "delivery": "id",
    "attempt": "delivery_id, generation",
    "plugin": "name",
    "plugin_state": "plugin, key",
    "link": "plugin, instance, kind, task_id, outside_id",
    "cursor": "plugin, name",
    "pull": "plugin",
    "idempotency": "key",
    "conflict": "id",
    "lost_value": "id",
    "sqlite_sequence": "name",
}
# a claim ends with the store it was made in; what was being done may have happened
_WITHOUT_CLAIM = {
    "delivery.state": "case state when 'claimed' then 'pending' else state end",
    "delivery.unknown": "case state when 'claimed' then 1 else unknown end",
    "delivery.claimed_by": "null",
}
TASKS = f"select json_object({JSON_FIELDS}{JSON_LOGS}{JSON_TIMES}) from task t order by t.row"  # noqa: S608 - constants
COLUMNS = 'select name, lower(type), "notnull" from pragma_table_info(?) order by cid'
IN_USE = """
select exists (select 1 from task) or exists (select 1 from tombstone) or exists (select 1 from event)
  or exists (select 1 from delivery) or exists (select 1 from link) or exists (select 1 from idempotency)
  or exists (select 1 from plugin_state) or exists (select 1 from cursor)"""
# all that a worker which has only looked at an empty store leaves behind
FORGET = ("delete from plugin", "delete from pull", "delete from sqlite_sequence")
AT_ONCE = 1000
_KINDS = {"text": (str,), "integer": (int,), "real": (float, int), "": (str, int)}
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


_decode = JSONDecoder(parse_constant=_refuse_constant).decode


def tasks(database: Database) -> Iterator[str]:
    """Every task as `tm show` prints it, oldest first, one at a time."""
    return (row[0] for row in database.execute(TASKS))


def dump(database: Database) -> Iterator[str]:
    """Everything the store holds, one line at a time, as it was at one moment, while writers go on."""
    with _one_moment(database):
        yield _encode({"tm_export": VERSION, "schema": SCHEMA_VERSION}) + "\n"
        count = 0
        for table, order in TABLES.items():
            names = [name for name, *_ in database.execute(COLUMNS, (table,))]
            yield _encode({"table": table, "columns": names}) + "\n"
            chosen = ", ".join(_WITHOUT_CLAIM.get(f"{table}.{name}", name) for name in names)
            for row in database.execute(f"select {chosen} from {table} order by {order}"):  # noqa: S608 - constants
                count += 1
                yield _encode(row) + "\n"
        yield _encode({"tm_export_ends": count}) + "\n"


@contextmanager
def _one_moment(database: Database) -> Iterator[None]:
    database.execute("begin")
    try:
        yield
    finally:
        database.execute("rollback")


def restore(database: Database, lines: Iterable[tuple[int, str]]) -> dict[str, int]:
    """Fill an empty store with what `dump` wrote, inside the caller's transaction; how many rows each table got.

    Raises Refused when the store is not empty, UsageError naming the line for what `dump` never writes.
    """
    if database.execute(IN_USE).fetchone()[0]:
        raise Refused(
            "A whole export goes into an empty store only, and this one is in use. Name another: TM_DATABASE_URL=…"
        )
    for statement in (*CACHES, *FORGET):
        database.execute(statement)
    restoring = _Restoring(database)
    with unhooked(database):
        for number, line in lines:
            restoring.take(number, line)
        restoring.end()
    if wrong := complaint(database):
        raise UsageError(f"{wrong}; tm never wrote that.")
    return restoring.counts


class _Restoring:
    """The lines of one export, taken in their order."""

    def __init__(self, database: Database) -> None:
        self.counts: dict[str, int] = {}
        self._database = database
        self._table = ""
        self._columns: list[tuple[str, str, int]] = []
        self._insert = ""
        self._shapes: set[tuple[type, ...]] = set()
        self._rows: list[list[Any]] = []
        self._first = self._number = 1
        self._has_ended = False

    def take(self, number: int, line: str) -> None:
        """The next line: the head, the head of a table, a row, or the end."""
        self._number = number
        try:
            found = _decode(line)
        except (ValueError, RecursionError) as error:
            raise self._mistake(f"this is not JSON of an export ({error})") from None
        if self._has_ended:
            raise self._mistake("there is text after the end of the export")
        if type(found) is list and self._table:
            self._take_row(found)
        elif type(found) is dict and number == 1:
            self._take_head(found)
        elif type(found) is dict and "table" in found:
            self._take_table(found)
        elif type(found) is dict and "tm_export_ends" in found:
            self._take_end(found["tm_export_ends"])
        else:
            raise self._mistake("this is no line of an export")

    def end(self) -> None:
        """After the last line. Raises UsageError unless it was the end."""
        if not self._has_ended:
            raise self._mistake("the export ends here, before its last line; it is only a part of one")

    def _take_head(self, head: dict[str, Any]) -> None:
        if head.get("tm_export") != VERSION or head.get("schema") not in range(1, SCHEMA_VERSION + 1):
            raise self._mistake("the export was written by a newer tm; upgrade this one: pip install -U tm-hub")

    def _take_table(self, head: dict[str, Any]) -> None:
        self._flush()
        table, names = head["table"], head.get("columns")
        if table not in TABLES or table in self.counts:
            raise self._mistake(f"there is no table {table!r:.40} to come here")
        known = {row[0]: row for row in self._database.execute(COLUMNS, (table,))}
        if type(names) is not list or not names or len(set(map(str, names))) != len(names):
            raise self._mistake(f"the columns of {table} are not named here")
        wrong = next((name for name in names if name not in known), None)
        if wrong is not None:
            raise self._mistake(f"the table {table} has no column {wrong!r:.40}")
        self._table, self.counts[table] = table, 0
        self._columns, self._shapes = [known[name] for name in names], set()
        marks = ", ".join("?" * len(names))
        self._insert = f"insert into {table} ({', '.join(names)}) values ({marks})"  # noqa: S608 - our own names

    def _take_row(self, row: list[Any]) -> None:
        shape = tuple(map(type, row))
        if shape not in self._shapes:
            self._check(row)
            self._shapes.add(shape)
        if not self._rows:
            self._first = self._number
        self._rows.append(row)
        if len(self._rows) >= AT_ONCE:
            self._flush()

    def _check(self, row: list[Any]) -> None:
        if len(row) != len(self._columns):
            raise self._mistake(f"{len(row)} values for the {len(self._columns)} columns of {self._table}")
        for (name, kind, is_required), value in zip(self._columns, row, strict=True):
            if type(value) not in _KINDS[kind] and (value is not None or is_required):
                wanted = {"text": "text", "integer": "a whole number", "real": "a number"}.get(kind, "text or a number")
                raise self._mistake(f"{self._table}.{name} must be {wanted}, not {value!r:.40}")

    def _take_end(self, count: object) -> None:
        self._flush()
        self._has_ended = True
        if count != sum(self.counts.values()):
            raise self._mistake(f"{count} rows were exported and {sum(self.counts.values())} are here")

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        if not rows:
            return
        if self._table == "sqlite_sequence":
            self._database.execute(FORGET[-1])
        self.counts[self._table] += len(rows)
        self._database.execute("savepoint batch")
        try:
            self._database.executemany(self._insert, rows)
        except StoreError as error:
            if not isinstance(error.__cause__, (sqlite3.IntegrityError, OverflowError, UnicodeEncodeError)):
                raise
            self._database.execute("rollback to batch")
            self._name_the_culprit(rows)
        self._database.execute("release batch")

    def _name_the_culprit(self, rows: list[list[Any]]) -> None:
        for number, row in enumerate(rows, start=self._first):
            try:
                self._database.execute(self._insert, row)
            except StoreError as error:
                self._number = number
                raise self._mistake(f"this row of {self._table} cannot be kept ({error.__cause__})") from None

    def _mistake(self, words: str) -> UsageError:
        return UsageError(f"line {self._number:,}: {words}.")
