"""A whole store out and in again: every row of every table, exactly, or nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from tm.clock import stamp
from tm.errors import Refused, StoreError, UsageError
from tm.service import completion, editing, lifecycle, measuring
from tm.service.bulk import restore_all
from tm.service.entries import Source
from tm.service.work import Caller, Work
from tm.store.conflicts import Conflicts
from tm.store.links import Link, Links
from tm.store.listing import Listing, match
from tm.store.outbox import Ending, Outbox
from tm.store.plugins import PluginRecords
from tm.store.sqlite import SqliteDatabase
from tm.store.transfer import TABLES, dump
from tm.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tm.store.protocol import Database

CALLER = Caller(origin="cli", actor="ada@example.com")
CLOCK = FakeClock()
NOW = stamp(CLOCK.now())


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[str], SqliteDatabase]]:
    """Opens empty stores, by name."""
    opened: list[SqliteDatabase] = []

    def open_one(name: str) -> SqliteDatabase:
        opened.append(SqliteDatabase(str(tmp_path / f"{name}.db")))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def lived_in(open_store: Callable[[str], SqliteDatabase]) -> SqliteDatabase:
    """A store in which everything has happened: no table of it is empty."""
    database = open_store("lived_in")
    _live(database)
    return database


def work(database: Database, **options: Any) -> Work:
    """A unit of work of ada's."""
    return Work(database, CLOCK, CALLER, **options)


def _live(database: SqliteDatabase) -> None:
    criteria = ({"criterion": "Covered", "measurable": "coverage >= 85"},)
    fields = {"title": 'Ship the "pärser" 🚀', "labels": ["b", "a"], "description": "\x7f\n\u2028"}
    first = editing.add(work(database, key="k1", owed_to=("mirror",)), {**fields, "estimated_hours": 0.1 + 0.2})
    second = editing.add(work(database), {"title": "Wait for it"}, depends_on=[first])
    editing.update(work(database), first, {"criteria": _criteria(criteria)})
    measuring.measure(work(database), first, {"coverage": 87.50000000000001, "runs": 10**25}, source="ci")
    lifecycle.progress(work(database, quiet=True), first, "begun", percent=30)
    completion.complete(work(database), first, summary="done")
    completion.feedback(work(database), first, quality=5)
    editing.delete(work(database), editing.add(work(database), {"title": "gone"}))
    _deliver(database, first)
    link = Link(plugin="mirror", instance="x", kind="issue", task_id=second, outside_id="7", key="PROJ-7", base="{}")
    records = PluginRecords(database)
    with database.transaction():
        Links(database).save(link, at=NOW)
        records.add_state("mirror", "seen", value='{"a": 1.10}', at=NOW, expires_at=None)
        records.set_cursor("mirror", "issues", value="c1", at=NOW)
        records.save_pull("mirror", pulled_at=NOW, next_at=NOW, error=None)
        conflicts = Conflicts(database)
        conflicts.park("mirror", second, "title", place="PROJ-7", ours='"a"', theirs='"b"', at=NOW)
        conflicts.lose("mirror", second, "labels", place="PROJ-7", side="ours", lost="[]", kept='["x"]', at=NOW)


def _criteria(entries: Any) -> Any:
    from tm.criteria import from_json

    return from_json(json.dumps(entries))


def _deliver(database: SqliteDatabase, line: str) -> None:
    """Four deliveries: one owed, one claimed, one delivered, and one that is gone, whose number stays used."""
    outbox, records = Outbox(database), PluginRecords(database)
    with database.transaction():
        records.admit("mirror", since_seq=2, at=NOW)
        database.execute("update plugin set paused = 'needs login', paused_at = ?", (NOW,))
        for seq in (1, 2, 3, 4):
            outbox.owe("mirror", event_seq=seq, line=f"{line}{seq}", at=NOW, judged=True)
        claimed = {each.id: each for each in outbox.claim("mirror", now=NOW, limit=3, by="worker 7")}
        outbox.finish(claimed[1], Ending(state="delivered", outcome="delivered"), at=NOW)
        again = Ending(state="pending", outcome="unknown", failures=1, unknown=True, error="?")
        outbox.finish(claimed[2], again, at=NOW)
        outbox.mark_fanned([1, 2, 3, 4], at=NOW)
        outbox.owe("mirror", event_seq=5, line="gone", at=NOW, judged=True)
        database.execute("delete from delivery where line = 'gone'")


def text(database: Database) -> str:
    """The whole export of a store."""
    return "".join(dump(database))


def restore(database: Database, export: str, **options: Any) -> dict[str, int]:
    """Fill a store with an export."""
    return restore_all(work(database), Source(BytesIO(export.encode())), **options)


def rows(export: str, table: str) -> list[dict[str, Any]]:
    """The rows of one table of an export."""
    found: list[dict[str, Any]] = []
    columns: list[str] = []
    for line in map(json.loads, export.split("\n")[1:-2]):
        if isinstance(line, dict):
            columns = line["columns"] if line["table"] == table else []
        elif columns:
            found.append(dict(zip(columns, line, strict=True)))
    return found


def swapped(export: str, number: int, line: object) -> str:
    """The export with another line in the place of one, counted from 1."""
    lines = export.split("\n")
    lines[number - 1] = line if isinstance(line, str) else json.dumps(line)
    return "\n".join(lines)


def number_of(export: str, start: str) -> int:
    """The number of the first line that begins like this."""
    return next(n for n, line in enumerate(export.split("\n"), start=1) if line.startswith(start))


def refusal(database: Database, export: str) -> str:
    """The sentence an export is refused with; the store stays empty."""
    with pytest.raises(UsageError) as caught:
        restore(database, export)
    assert [rows(text(database), table) for table in TABLES] == [[] for _ in TABLES]
    return str(caught.value)


def test_every_table_of_the_store_is_exported(lived_in: SqliteDatabase) -> None:
    tables = "select name from sqlite_schema where type = 'table' and name not like 'task\\_text%' escape '\\'"
    names = {row[0] for row in lived_in.execute(tables)}

    assert names - {"task_count"} == set(TABLES)
    assert [table for table in TABLES if not rows(text(lived_in), table)] == []


def test_a_store_comes_back_to_the_letter(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]
) -> None:
    there, export = open_store("there"), text(lived_in)
    counts = restore(there, export)

    assert text(there) == export
    assert counts == {table: len(rows(export, table)) for table in TABLES}


def test_counts_and_full_text_come_back_too(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]
) -> None:
    there = open_store("there")
    restore(there, text(lived_in))

    listing = Listing(there)
    assert listing.counts() == Listing(lived_in).counts()
    assert [row[-1] for row in listing.cells({"text": match("parser")}, sort="created", limit=9)] == [
        'Ship the "pärser" 🚀'
    ]
    assert there.execute("pragma integrity_check").fetchone() == ("ok",)
    completion.complete(work(there), editing.add(work(there), {"title": "more"}))
    assert sum(listing.counts().values()) == sum(Listing(lived_in).counts().values()) + 1


def test_what_was_claimed_is_owed_again_and_may_have_happened(lived_in: SqliteDatabase) -> None:
    deliveries = {each["id"]: each for each in rows(text(lived_in), "delivery")}

    assert [deliveries[n]["state"] for n in (1, 2, 3, 4)] == ["delivered", "pending", "pending", "pending"]
    assert [deliveries[n]["unknown"] for n in (2, 3, 4)] == [1, 1, 0]
    assert {each["claimed_by"] for each in deliveries.values()} == {None}


def test_what_is_owed_is_delivered_from_the_new_store_and_numbers_go_on_where_they_were(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]
) -> None:
    there = open_store("there")
    restore(there, text(lived_in))
    outbox, before = Outbox(there), {each["id"] for each in rows(text(lived_in), "delivery")}
    with there.transaction():
        claimed = outbox.claim("mirror", now=stamp(CLOCK.now() + timedelta(1)), limit=9, by="me")
        outbox.owe("mirror", event_seq=6, line="x", at=NOW, judged=True)

    assert {each.id for each in claimed} == {2, 3, 4}
    assert {each.id: each.unknown for each in claimed} == {2: True, 3: True, 4: False}
    newest = there.execute("select max(id) from delivery").fetchone()[0]
    assert newest == max(before) + 2, "the number of a delivery that is gone was used again"


def test_a_key_and_a_deleted_id_are_remembered(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]
) -> None:
    there = open_store("there")
    restore(there, text(lived_in))

    with pytest.raises(Refused, match="already used"):
        editing.add(work(there, key="k1"), {"title": "other"})
    [gone] = rows(text(lived_in), "tombstone")
    assert work(there).tasks.is_taken(gone["task_id"])


def test_an_empty_store_comes_back_empty(open_store: Callable[[str], SqliteDatabase]) -> None:
    export = text(open_store("empty"))
    restore(open_store("there"), export)

    assert text(open_store("there")) == export


def test_a_store_in_use_takes_no_whole_export(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]
) -> None:
    there = open_store("there")
    editing.add(work(there), {"title": "mine"})
    before = text(there)

    with pytest.raises(Refused, match="into an empty store only"):
        restore(there, text(lived_in))
    assert text(there) == before


def test_a_store_that_a_worker_has_only_looked_at_counts_as_empty(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]
) -> None:
    there, export = open_store("there"), text(lived_in)
    with there.transaction():
        PluginRecords(there).admit("other", since_seq=0, at=NOW)
        PluginRecords(there).save_pull("other", pulled_at=None, next_at=NOW, error=None)
    restore(there, export)

    assert text(there) == export


def test_an_export_is_of_one_moment_while_writers_go_on(lived_in: SqliteDatabase) -> None:
    whole, writer = text(lived_in), lived_in.another()
    export = dump(lived_in)
    begun = [next(export), next(export), next(export)]
    editing.add(work(writer), {"title": "meanwhile"})
    writer.close()

    assert "".join([*begun, *export]) == whole
    assert "meanwhile" in text(lived_in)


def test_an_export_that_nobody_reads_to_its_end_leaves_the_store_free(lived_in: SqliteDatabase) -> None:
    export = dump(lived_in)
    next(export)
    export.close()  # type: ignore[attr-defined]  # a generator

    editing.add(work(lived_in), {"title": "after"})


def test_a_dry_run_restores_nothing(lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]) -> None:
    there = open_store("there")
    empty = text(there)
    counts = restore(there, text(lived_in), dry_run=True)

    assert counts["task"] == 2
    assert text(there) == empty
    restore(there, text(lived_in))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.999])
def test_a_part_of_an_export_is_refused(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase], share: float
) -> None:
    export = text(lived_in)
    part = export[: int(len(export) * share)]

    assert refusal(open_store("there"), part).startswith(f"line {part.count(chr(10)) + 1}: ")


def test_an_export_without_its_last_line_is_refused(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]
) -> None:
    part = text(lived_in).rsplit("\n", 2)[0] + "\n"

    assert "before its last line" in refusal(open_store("there"), part)


def test_an_export_that_lacks_a_row_is_refused(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]
) -> None:
    export = text(lived_in)
    lines = export.split("\n")
    del lines[number_of(export, '{"table":"label"')]

    assert "rows were exported" in refusal(open_store("there"), "\n".join(lines))


def test_mistakes_in_an_export_are_named_by_line_and_column(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]
) -> None:
    export, there = text(lived_in), open_store("there")
    task = export.split("\n")[2]
    values = json.loads(task)
    head = export.split("\n")[1]

    def said(number: int, line: object) -> str:
        sentence = refusal(there, swapped(export, number, line))
        assert sentence.startswith(f"line {number}: "), sentence
        return sentence

    assert "written by a newer tm" in said(1, {"tm_export": 1, "schema": 99})
    assert "written by a newer tm" in said(1, {"tm_export": 2, "schema": 1})
    assert "no table 'sqlite_schema'" in said(2, {"table": "sqlite_schema", "columns": ["name"]})
    assert "no table 'task'" in said(number_of(export, '{"table":"label"'), {"table": "task", "columns": ["id"]})
    assert "no column 'x'" in said(2, head.replace('"title"', '"x"'))
    assert "columns of task are not named" in said(2, {"table": "task"})
    assert "columns of task are not named" in said(2, head.replace('"title"', '"id"'))
    assert "task.title must be text, not 5" in said(3, [*values[:2], 5, *values[3:]])
    assert "task.title must be text, not None" in said(3, [*values[:2], None, *values[3:]])
    assert "task.id must be text, not ['x']" in said(3, [values[0], ["x"], *values[2:]])
    assert "task.row must be a whole number" in said(3, ["1", *values[1:]])
    assert "3 values for the 24 columns" in said(3, values[:3])
    assert "CHECK constraint failed" in said(3, task.replace('"completed"', '"done"'))
    assert "UNIQUE constraint failed: task.id" in said(4, [9, *values[1:]])
    assert "cannot be kept (Python int too large" in said(3, [10**30, *values[1:]])
    assert "cannot be kept ('utf-8' codec" in said(3, task.replace("Ship", "\\ud800"))
    assert "NaN is no number" in said(3, task.replace(str(values[9]), "NaN"))
    assert "not JSON of an export" in said(3, "[" * 50_000)
    assert "no line of an export" in said(3, {"id": "x"})
    assert "no line of an export" in said(2, values)
    assert "after the end" in said(export.count("\n") + 1, [1])


def test_broken_json_inside_a_row_is_refused(
    lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]
) -> None:
    export = text(lived_in)
    broken = export.replace('\\"title\\":', '\\"title\\"', 1)

    assert "holds broken JSON" in refusal(open_store("there"), broken)


def tampered(export: str, table: str, column: str, value: object) -> str:
    """The export with another value in the last row of a table."""
    lines = export.split("\n")
    head = next(n for n, line in enumerate(lines) if line.startswith(f'{{"table":"{table}"'))
    last = head
    while lines[last + 1].startswith("["):
        last += 1
    row = json.loads(lines[last])
    row[json.loads(lines[head])["columns"].index(column)] = value
    lines[last] = json.dumps(row)
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("table", "column", "value", "words"),
    [
        ("event", "snapshot", "[]", "says nothing that an event says"),
        ("event", "snapshot", "{}", "says nothing that an event says"),
        ("event", "snapshot", '{"title":"t","status":"done","priority":"low","labels":[]}', "says nothing"),
        ("event", "snapshot", '{"title":"t","status":"pending","priority":"low","labels":[],"x":1}', "says more"),
        ("event", "snapshot", '{"title":"t","status":"pending","priority":"low","labels":[],"team":{}}', "says more"),
        ("event", "changes", '{"title":"new"}', "a change without before and after"),
        ("event", "changes", "7", "says nothing that an event says"),
        ("event", "data", "[]", "says nothing that an event says"),
        ("event", "at", "yesterday", "event.at holds 'yesterday'"),
        ("event", "at", "2026-02-30T00:00:00.000000Z", "event.at holds"),
        ("event", "at", "2026-11-03T09:00:00.000000+01:00", "event.at holds"),
        ("event", "seq", 2**62, "is too large"),
        ("delivery", "due_at", "", "delivery.due_at holds ''"),
        ("delivery", "first_attempt_at", "2026-11-03", "delivery.first_attempt_at holds"),
        ("delivery", "generation", 2**62, "a number that is too large"),
        ("delivery", "attempt", -1, "a number that is too large"),
        ("plugin", "open_until", "9999", "plugin.open_until holds '9999'"),
        ("pull", "next_at", "never", "pull.next_at holds 'never'"),
        ("task", "id", "../../etc", "no id of a task"),
        ("task", "id", "0000000Z", "no id of a task"),
        ("event", "task_id", "\x1b[2J", "is of no task"),
        ("task", "estimated_hours", -1, "the hours of the task"),
        ("task", "blocked_from", "completed", "a status it cannot have had"),
        ("task", "deadline", "soon", "task.deadline holds 'soon'"),
        ("measurement", "value", "1e999", "is no value"),
        ("measurement", "value", "[1]", "is no value"),
        ("plugin_state", "value", "{", "is no JSON"),
        ("sqlite_sequence", "seq", 2**62, "is too large"),
    ],
)
def test_a_row_that_tm_never_wrote_is_refused_before_it_can_stop_anything(
    lived_in: SqliteDatabase,
    open_store: Callable[[str], SqliteDatabase],
    table: str,
    column: str,
    value: object,
    words: str,
) -> None:
    there = open_store("there")
    empty = text(there)

    assert words in refusal(there, tampered(text(lived_in), table, column, value))
    assert text(there) == empty


def test_hours_without_end_are_refused(lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]) -> None:
    endless = tampered(text(lived_in), "task", "estimated_hours", 77.5).replace("77.5", "1e999")

    assert "the hours of the task" in refusal(open_store("there"), endless)


def test_a_full_disk_restores_nothing(lived_in: SqliteDatabase, open_store: Callable[[str], SqliteDatabase]) -> None:
    for n in range(300):
        editing.add(work(lived_in), {"title": f"task {n}", "description": "x" * 500})
    there = open_store("there")
    empty = text(there)
    there.execute(f"pragma max_page_count = {there.execute('pragma page_count').fetchone()[0] + 20}")

    with pytest.raises(StoreError, match="full; nothing was stored"):
        restore(there, text(lived_in))
    assert text(there) == empty
