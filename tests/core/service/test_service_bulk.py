"""Importing tasks: all are stored by the rules of `tm add`, or none."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tm import model
from tm.errors import StoreError, UsageError
from tm.model import Criterion
from tm.service import completion, editing, lifecycle, measuring
from tm.service.bulk import add_all, cycle
from tm.service.drafts import FIELDS, Rules
from tm.service.entries import Source
from tm.service.work import event_id
from tm.store import spool
from tm.store.listing import Listing, match
from tm.store.measurements import Measurements
from tm.store.sqlite import SqliteDatabase
from tm.store.transfer import tasks
from tm.times import zone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.service.conftest import Desk

_NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOW = "2026-11-22T12:00:00.000000Z"
A, B, C = "aaaaaaaa", "bbbbbbbb", "cccccccc"


def take(desk: Desk, *entries: Any, team: str | None = None, automated: bool = False, **options: Any) -> Any:
    """Import entries, one a line; the unit of work."""
    text = "\n".join(json.dumps(each) for each in entries)
    dry_run = options.pop("dry_run", False)
    rules = Rules(now=desk.clock.now(), zone=zone("Europe/Berlin"), team=team, automated=automated)
    work = desk.work(**options)
    add_all(work, Source(BytesIO(text.encode())), rules, dry_run=dry_run)
    return work


def only(desk: Desk) -> Any:
    """The one task of the store."""
    [(task_id,)] = desk.database.execute("select id from task").fetchall()
    return desk.task(task_id)


def refusal(desk: Desk, *entries: Any) -> str:
    """The sentence entries are refused with; nothing is stored."""
    before = desk.counts(), len(desk.history())
    with pytest.raises(UsageError) as caught:
        take(desk, *entries)
    assert (desk.counts(), len(desk.history())) == before
    return str(caught.value)


def shown(desk: Desk) -> list[dict[str, Any]]:
    """Every task as it is exported."""
    return [json.loads(each) for each in tasks(desk.database)]


def found(desk: Desk, words: str) -> list[str]:
    """The titles full text finds."""
    rows = Listing(desk.database).cells({"text": match(words)}, sort="created", limit=None)
    return [row[-1] for row in rows]


def test_a_title_is_all_a_task_needs(desk: Desk) -> None:
    take(desk, {"title": " Ship it "})

    task = only(desk)
    assert (task.title, task.status, task.priority, task.revision) == ("Ship it", "pending", "medium", 1)
    assert (task.created_at, task.updated_at) == (NOW, NOW)


def test_tasks_keep_the_order_of_the_file_whatever_their_entries_set(desk: Desk) -> None:
    take(desk, *({"title": f"{n}", **({} if n % 3 else {"estimated_hours": n})} for n in range(1200)))

    assert [each["title"] for each in shown(desk)] == [str(n) for n in range(1200)]


def test_an_entry_may_set_every_field_of_a_task(desk: Desk) -> None:
    entry = {
        "id": A, "title": "Ship it", "description": "Two\nlines\n", "status": "completed", "priority": "high",
        "assignee": "ada", "team": "core", "labels": ["b", "a", "b"],
        "criteria": [{"criterion": "Covered", "measurable": "coverage >= 85"}, "alice has read it"],
        "measurements": {"coverage": 87.5, "passed": True, "review": "approved"}, "deadline": "2026-12-24",
        "estimated_hours": 3, "actual_hours": 0.5, "feedback_quality": 5, "feedback_timeliness": 4,
        "feedback_note": "good", "completion_summary": " done ", "created_at": "2026-11-01T09:00",
        "started_at": "2026-11-02T09:00:00Z", "updated_at": "2026-11-04T09:00:00+01:00", "completed_at": "2026-11-03",
    }  # fmt: skip
    take(desk, entry)

    assert shown(desk) == [
        {
            **entry, "labels": ["a", "b"], "completion_summary": "done", "deadline": "2026-12-24T22:59:59.000000Z",
            "criteria": [
                {"criterion": "Covered", "measurable": "coverage >= 85", "verdict": "met"},
                {"criterion": "alice has read it", "measurable": None, "verdict": "unknown"},
            ],
            "depends_on": [], "estimated_hours": 3.0, "blocked_reason": None, "links": [], "progress": [],
            "context": [], "revision": 1, "created_at": "2026-11-01T08:00:00.000000Z",
            "started_at": "2026-11-02T09:00:00.000000Z", "updated_at": "2026-11-04T08:00:00.000000Z",
            "completed_at": "2026-11-02T23:00:00.000000Z",
        }
    ]  # fmt: skip


def test_what_is_exported_from_one_store_is_the_same_in_another(desk: Desk, tmp_path: Path) -> None:
    first = desk.add("First", labels=["x"], criteria=(Criterion(criterion="a > 1", measurable="a > 1"),))
    manual = desk.add("Manual", criteria=(Criterion(criterion="all is well with it"),), deadline=NOW)
    desk.add("Waits", depends_on=(first, manual))
    blocked = desk.add("Blocked")
    measuring.measure(desk.work(), first, {"a": 0.1 + 0.2, "b": 10**30, "c": "0.30"})
    measuring.decide(desk.work(), manual, number=1, verdict="met")
    lifecycle.progress(desk.work(), blocked, "begun")
    lifecycle.block(desk.work(), blocked, reason="waits for the key")
    done = desk.add("Done", estimated_hours=0.25)
    completion.complete(desk.work(), done, summary="it works", actual_hours=1.0)
    completion.feedback(desk.work(), done, quality=4, note="fine")
    reopened = desk.add("Reopened")
    completion.complete(desk.work(), reopened)
    completion.feedback(desk.work(), reopened, quality=2)
    lifecycle.reopen(desk.work(), reopened)
    lifecycle.cancel(desk.work(), desk.add("Cancelled"))
    before = shown(desk)
    desk.close()
    desk.database = SqliteDatabase(str(tmp_path / "other.db"))

    take(desk, *before)

    lost = {"revision": 1, "progress": [], "context": []}
    assert [each | lost for each in shown(desk)] == [each | lost for each in before]


def test_every_number_measured_keeps_its_digits(desk: Desk) -> None:
    take(desk, {"title": "x", "measurements": {"a": 0.1 + 0.2, "b": 10**30, "c": -1}})

    values = Measurements(desk.database).of(only(desk).id)
    assert {name: value for name, (value, _) in values.items()} == {"a": 0.1 + 0.2, "b": 10**30, "c": -1}


def test_an_import_is_one_created_event_per_task_already_fanned_out(desk: Desk) -> None:
    desk.add("Here before")
    work = take(desk, {"title": "a"}, {"title": "b", "status": "completed", "team": "core"}, quiet=True)

    _, first, second = desk.history()
    assert [each.seq for each in (first, second)] == work.recorded
    assert {each.type for each in (first, second)} == {"task.created"}
    assert (first.revision, first.origin, first.actor, first.at) == (1, "cli", "alice@example.com", NOW)
    assert first.data == {"imported": True}
    assert (second.task.title, second.task.status, second.task.team) == ("b", "completed", "core")
    owed = desk.database.execute("select count(*) from event where fanned_out_at is null and seq > 1").fetchone()
    assert owed == (0,)


def test_an_event_of_an_import_looks_like_that_of_an_added_task(desk: Desk) -> None:
    fields = {"title": 'A "töst"', "priority": "high", "assignee": "ada", "labels": ["ü", "b"]}
    editing.add(desk.work(), {**fields, "deadline": NOW})
    editing.add(desk.work(), fields)
    take(desk, {**fields, "deadline": NOW}, fields)

    added, bare, imported, plain = desk.history()
    assert (imported.task, plain.task) == (added.task, bare.task)
    assert uuid.UUID(imported.id).version == uuid.UUID(added.id).version == 7
    assert imported.id[:13] == added.id[:13]


def test_told_to_notify_the_events_are_owed_to_the_enabled_plugins(desk: Desk) -> None:
    take(desk, {"title": "a"}, {"title": "b", "team": "x"}, owed_to=("jira", "slack"))

    rows = desk.database.execute("select owed_to, fanned_out_at from event").fetchall()
    assert rows == [("jira,slack", None)] * 2


def test_measurements_and_dependencies_are_in_the_history(desk: Desk) -> None:
    take(desk, {"id": A, "title": "a", "measurements": {"x": 1.5}}, {"title": "b", "depends_on": [A]})

    first, second = desk.history()
    assert first.data == {"imported": True, "measurements": {"x": 1.5}}
    assert second.data == {"imported": True, "waits_for": [A]}


def test_counts_and_full_text_are_right_afterwards_and_stay_so(desk: Desk) -> None:
    old = desk.add("Parse the old words", description="unicorn")
    take(desk, {"title": "Parse new words", "description": "a dragon"}, {"title": "Other", "status": "cancelled"})

    assert desk.counts() == {"pending": 2, "cancelled": 1}
    assert found(desk, "parse") == ["Parse the old words", "Parse new words"]
    assert found(desk, "dragon") == ["Parse new words"]
    editing.update(desk.work(), old, {"title": "Nothing"})
    editing.add(desk.work(), {"title": "Parse more"})
    assert found(desk, "parse") == ["Parse new words", "Parse more"]
    assert desk.counts() == {"pending": 3, "cancelled": 1}


def test_the_store_is_sound_and_has_the_same_triggers_afterwards(desk: Desk) -> None:
    triggers = "select name, sql from sqlite_schema where type = 'trigger' order by name"
    before = desk.database.execute(triggers).fetchall()
    take(desk, {"title": "a", "labels": ["x"]}, {"title": "b", "criteria": ["x > 1"]})

    assert desk.database.execute(triggers).fetchall() == before
    assert desk.database.execute("pragma integrity_check").fetchone() == ("ok",)
    assert desk.database.execute("pragma ignore_check_constraints").fetchone() == (0,)
    desk.database.execute("insert into task_text (task_text) values ('integrity-check')")


def test_a_task_that_waits_for_an_open_one_is_blocked_even_when_that_comes_later_in_the_file(desk: Desk) -> None:
    take(
        desk,
        {"id": A, "title": "a", "depends_on": [C, B]},
        {"id": B, "title": "b", "status": "in_progress"},
        {"id": C, "title": "c"},
    )

    task = desk.task(A)
    assert (task.status, task.waits, task.blocked_reason) == ("blocked", True, f"waits for {B}, {C}")
    assert desk.history()[0].task.status == "blocked"
    completion.complete(desk.work(), B)
    completion.complete(desk.work(), C)
    assert desk.task(A).status == "pending"


def test_a_task_may_wait_for_one_that_was_there_before(desk: Desk) -> None:
    is_open, done = desk.add("open"), desk.add("done")
    completion.complete(desk.work(), done)
    take(desk, {"id": A, "title": "a", "depends_on": [is_open]}, {"id": B, "title": "b", "depends_on": [done]})

    assert desk.task(A).blocked_reason == f"waits for {is_open}"
    assert desk.task(B).status == "pending"


def test_a_finished_task_waits_for_nothing(desk: Desk) -> None:
    take(desk, {"id": A, "title": "a"}, {"id": B, "title": "b", "status": "cancelled", "depends_on": [A]})

    assert desk.task(B).status == "cancelled"


def test_a_task_in_progress_that_must_wait_goes_back_there_when_it_is_free(desk: Desk) -> None:
    take(desk, {"id": A, "title": "a"}, {"id": B, "title": "b", "status": "in_progress", "depends_on": [A]})
    completion.complete(desk.work(), A)

    assert desk.task(B).status == "in_progress"


def test_a_task_that_waited_only_for_finished_ones_is_free(desk: Desk) -> None:
    done = {"id": A, "title": "a", "status": "completed"}
    waits = {"id": B, "title": "b", "status": "blocked", "blocked_reason": f"waits for {A}", "depends_on": [A]}
    take(desk, done, waits)

    assert (desk.task(B).status, desk.task(B).blocked_reason) == ("pending", None)


def test_a_person_s_own_reason_is_kept_beside_dependencies(desk: Desk) -> None:
    own = {"title": "b", "status": "blocked", "blocked_reason": "waits for the API key", "depends_on": [A]}
    take(desk, {"id": A, "title": "a"}, {**own, "id": B})
    completion.complete(desk.work(), A)

    assert (desk.task(B).status, desk.task(B).blocked_reason) == ("blocked", "waits for the API key")


def test_the_times_that_are_missing_follow_from_those_that_are_there(desk: Desk) -> None:
    take(desk, {"id": A, "title": "a", "status": "completed", "updated_at": "2026-11-01T00:00:00Z"})
    take(desk, {"id": B, "title": "b", "status": "in_progress"})

    task, started = desk.task(A), desk.task(B)
    assert task.created_at == task.completed_at == task.updated_at == "2026-11-01T00:00:00.000000Z"
    assert started.created_at == started.started_at == NOW


def test_a_team_is_the_default_team_only_where_the_entry_is_silent(desk: Desk) -> None:
    take(desk, {"title": "a"}, {"title": "b", "team": None}, {"title": "c", "team": "x"}, team="core")

    assert [each["team"] for each in shown(desk)] == ["core", None, "x"]


def test_ratings_imported_by_automation_stay_out_of_people_s_averages(desk: Desk) -> None:
    take(desk, {"title": "a", "status": "completed", "feedback_quality": 5}, automated=True)

    assert only(desk).feedback_automated == 1


def test_what_only_a_whole_export_keeps_is_named(desk: Desk) -> None:
    log = [{"at": NOW, "actor": "ada", "note": "begun"}]
    work = take(desk, {"title": "a", "progress": log, "context": [], "links": [{"kind": "issue"}], "revision": 7})

    assert work.remarks == [
        "Left out, because only a whole export (tm export --all) keeps them: links, progress.",
    ]


def test_a_dry_run_finds_mistakes_and_stores_nothing(desk: Desk) -> None:
    there = desk.add("there")
    take(desk, {"title": "a"}, {"title": "b", "depends_on": [there]}, dry_run=True)

    assert desk.counts() == {"pending": 1}
    with pytest.raises(UsageError):
        take(desk, {"title": "a", "id": there}, dry_run=True)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({}, "the title is missing."),
        ({"title": None}, "the title is missing."),
        ({"title": "  "}, "A task needs a title."),
        ({"title": "x" * 501}, "The title has 501 characters"),
        ({"title": "a\nb"}, "The title holds the control character"),
        ({"title": 5}, "title must be text, not a number."),
        ({"title": "x", "prioritty": "high"}, "no field 'prioritty'. Did you mean priority?"),
        ({"title": "x", "zzz": "high"}, "no field 'zzz'. Fields: id, title,"),
        (
            {"title": "x", "priority": "urgent"},
            "Unknown priority 'urgent'. Choose one of: low, medium, high, critical.",
        ),
        ({"title": "x", "status": "done"}, "Unknown status 'done'."),
        ({"title": "x", "assignee": ["ada"]}, "assignee must be text, not an array."),
        ({"title": "x", "assignee": "a\tb"}, "The assignee must be one line"),
        ({"title": "x", "labels": "a"}, "labels must be an array, not text."),
        ({"title": "x", "labels": [["a"]]}, "labels must be an array of texts."),
        ({"title": "x", "labels": [""]}, "The label must be one line"),
        ({"title": "x", "description": "a\0"}, "The description holds a NUL"),
        ({"title": "x", "description": "a" * 100_001}, "The description has 100001 characters"),
        ({"title": "x", "deadline": "soonish"}, "deadline must be a time such as"),
        ({"title": "x", "created_at": "2026-02-30T00:00:00.000000Z"}, "created_at must be a time such as"),
        ({"title": "x", "created_at": 5}, "created_at must be text"),
        ({"title": "x", "estimated_hours": "2"}, "estimated_hours must be a number, not text."),
        ({"title": "x", "actual_hours": True}, "actual_hours must be a number, not true or false."),
        ({"title": "x", "actual_hours": -1}, "actual_hours must be 0 or more hours"),
        ({"title": "x", "actual_hours": 10**400}, "actual_hours is too large"),
        ({"title": "x", "feedback_quality": 4.5}, "feedback_quality must be a whole number from 1 to 5"),
        ({"title": "x", "feedback_note": "a" * 501}, "The feedback_note has 501 characters"),
        ({"title": "x", "completion_summary": 1}, "completion_summary must be text"),
        ({"title": "x", "criteria": "a > 1"}, "criteria must be an array"),
        ({"title": "x", "criteria": ["a > "]}, "criteria: entry 1: "),
        ({"title": "x", "criteria": [{"criterion": "a", "verdict": "maybe"}]}, "a verdict is met, unmet or unknown"),
        ({"title": "x", "criteria": [{"measurable": "a > 1"}]}, "entry 1: 'criterion' is missing"),
        ({"title": "x", "criteria": ["a > 1"] * 11}, "11 criteria are too many"),
        ({"title": "x", "measurements": [1]}, "measurements must be an object"),
        ({"title": "x", "measurements": {"a b": 1}}, "is no name"),
        ({"title": "x", "measurements": {"a": None}}, "the measurement 'a' must be a number"),
        ({"title": "x", "measurements": {"a": [1]}}, "the measurement 'a' must be a number"),
        ({"title": "x", "measurements": {"a": ""}}, "The value of a must have"),
        ({"title": "x", "id": "ABCDEF01"}, "the id must be 8 digits"),
        ({"title": "x", "id": "abcd"}, "the id must be 8 digits"),
        ({"title": "x", "depends_on": ["abcd"]}, "depends_on must hold whole ids"),
        ({"title": "x", "depends_on": [A]}, f"depends_on names {A}, which is neither in the file nor in the store."),
        (
            {"title": "x", "completed_at": "2026-11-01"},
            "completed_at belongs to a completed task; this one is pending.",
        ),
        ({"title": "x", "blocked_reason": "why"}, "blocked_reason belongs to a blocked task; this one is pending."),
        ({"title": "x", "status": "blocked"}, "blocked_reason is missing"),
        ("x", "a task must be an object, not text."),
        (None, "a task must be an object, not null."),
    ],
)
def test_a_mistake_names_its_line_and_its_field_and_nothing_is_stored(desk: Desk, entry: Any, words: str) -> None:
    said = refusal(desk, {"title": "before"}, entry, {"title": "after"})

    assert said.startswith("line 2: ")
    assert words in said


def test_a_mistake_in_the_last_of_many_entries_stores_none_of_them(desk: Desk) -> None:
    said = refusal(desk, *({"title": str(n)} for n in range(2500)), {"title": ""})

    assert said.startswith("line 2,501: ")


def test_an_id_that_is_taken_was_taken_or_comes_twice_is_refused(desk: Desk) -> None:
    there, gone = desk.add("there"), desk.add("gone")
    editing.delete(desk.work(), gone)

    assert refusal(desk, {"title": "x"}, {"title": "x", "id": there}).startswith(f"line 2: there is a task {there}")
    assert "was a deleted task's" in refusal(desk, {"title": "x", "id": gone})
    assert (
        refusal(desk, {"title": "x", "id": A}, {"title": "x", "id": A})
        == f"line 2: the id {A} is that of line 1 already."
    )


def test_a_circle_of_dependencies_is_refused_by_the_names_of_its_tasks(desk: Desk) -> None:
    said = refusal(
        desk,
        {"title": "outside", "depends_on": [A]},
        {"title": "a", "id": A, "depends_on": [B]},
        {"title": "b", "id": B, "depends_on": [C]},
        {"title": "c", "id": C, "depends_on": [A]},
    )

    assert "depends_on goes in a circle: " in said
    assert said.count("waits for") == 3
    assert refusal(desk, {"title": "a", "id": A, "depends_on": [A]}).endswith(f"circle: {A} waits for {A}.")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_a_circle_is_found_exactly_when_there_is_one(pairs: list[tuple[int, int]]) -> None:
    reached = {number: {target for waiter, target in pairs if waiter == number} for number in range(10)}
    for _ in range(10):
        for targets in reached.values():
            targets |= {further for target in targets for further in reached[target]}
    named = [(str(waiter), str(target)) for waiter, target in pairs]
    circle = cycle(named)

    assert bool(circle) == any(number in targets for number, targets in reached.items())
    assert all(step in named for step in zip(circle, [*circle[1:], *circle[:1]], strict=True))


def test_fresh_ids_that_are_taken_are_drawn_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    there, gone = desk.add("there"), desk.add("gone")
    editing.delete(desk.work(), gone)
    drawn = iter([there, gone, A, A, B])
    monkeypatch.setattr("tm.service.bulk.fresh_ids", lambda: drawn)
    take(desk, {"title": "1"}, {"title": "2"}, {"title": "3"}, {"title": "4"}, {"title": "5", "id": B})

    ids = {each["title"]: each["id"] for each in shown(desk)}
    assert len(set(ids.values())) == 6
    assert ids["5"] == B
    assert gone not in ids.values()


def test_fresh_ids_are_eight_hexadecimal_digits_and_a_small_import_s_are_spread_over_all_of_them() -> None:
    ids = list(islice(spool.fresh_ids(), 20_000))
    first = {next(spool.fresh_ids())[0] for _ in range(200)}

    assert all(len(each) == 8 and not each.strip("0123456789abcdef") for each in ids)
    assert len(set(ids)) > 19_990
    assert len(first) > 8


def test_event_ids_ascend_and_begin_with_their_moment() -> None:
    ids = list(islice(spool.fresh_event_ids(1_795_348_800.5), 20_000))

    assert ids == sorted(set(ids))
    assert {uuid.UUID(each).version for each in ids} == {7}
    assert {uuid.UUID(each).variant for each in ids} == {uuid.RFC_4122}
    assert ids[0][:13] == event_id(1_795_348_800.5)[:13]


def test_a_full_disk_stores_nothing_and_says_so(desk: Desk) -> None:
    pages = desk.database.execute("pragma page_count").fetchone()[0]
    desk.database.execute(f"pragma max_page_count = {pages + 20}")
    with pytest.raises(StoreError, match="full; nothing was stored"):
        take(desk, *({"title": f"task {n}", "labels": ["a", "b"]} for n in range(3000)))

    desk.database.execute("pragma max_page_count = 1000000")
    assert desk.counts() == {}
    take(desk, {"title": "fits"})
    assert desk.counts() == {"pending": 1}


def test_the_fields_that_are_advertised_are_those_that_are_read(desk: Desk) -> None:
    rules = Rules(now=desk.clock.now(), zone=zone(None), team=None, automated=False)
    for field in FIELDS:
        rules.check({"title": "x", field: None if field != "title" else "x"})

    export = json.loads(next(iter(_one(desk))))
    assert set(export) == set(FIELDS)


def _one(desk: Desk) -> Any:
    desk.add("x")
    return tasks(desk.database)


@given(text=st.text(max_size=600))
def test_a_title_is_judged_exactly_as_add_judges_it(text: str) -> None:
    rules = Rules(now=_NOON, zone=zone("UTC"), team=None, automated=False)
    wanted = _outcome(lambda: model.title(text))

    assert _outcome(lambda: rules.check({"title": text})[1]["title"]) == wanted


def _outcome(call: Any) -> str:
    try:
        return str(call())
    except UsageError as error:
        return f"refused: {error}"
