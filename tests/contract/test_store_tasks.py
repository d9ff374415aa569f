"""Tasks in a store: every field comes back, ids are found as people type them, none is given twice."""

from __future__ import annotations

import pytest

from tm.errors import NotFound, StoreError, UsageError
from tm.model import Criterion, Task
from tm.store.links import Link, Links
from tm.store.tasks import Tasks
from tm.store.tombstones import Tombstones

AT, LATER = "2026-11-22T12:00:00.000000Z", "2026-11-23T12:00:00.000000Z"
ID = "0a1b2c3d"
FULL = Task(
    id=ID,
    title="Ship the pärser 🚀",
    description="Two lines\nand a tab\t",
    status="blocked",
    priority="critical",
    assignee="alice@example.com",
    team="platform",
    labels=("api", "später", "z"),
    deadline=LATER,
    estimated_hours=0.5,
    actual_hours=4.0,
    criteria=(
        Criterion(criterion="Covered", measurable="coverage >= 85", verdict="unmet"),
        Criterion(criterion="Alice has read it", manual="met", verdict="met"),
    ),
    feedback_quality=5,
    feedback_timeliness=1,
    feedback_note="well done",
    feedback_automated=True,
    completion_summary="It works",
    blocked_reason="waits for 11111111",
    blocked_from="in_progress",
    waits=True,
    revision=7,
    created_at=AT,
    started_at=AT,
    updated_at=LATER,
    completed_at=LATER,
)


def a_task(task_id=ID, **fields):
    return Task(**{"id": task_id, "title": "Ship it", "revision": 1, "created_at": AT, "updated_at": AT, **fields})


def keep(database, *tasks):
    with database.transaction():
        for each in tasks:
            Tasks(database).insert(each)


def link(database, task_id, *, key, **fields):
    with database.transaction():
        made = Link(
            plugin="jira", instance="site", kind="issue", task_id=task_id, outside_id="10001", key=key, **fields
        )
        Links(database).save(made, at=AT)


def test_every_field_of_a_task_comes_back_as_it_went_in(database):
    keep(database, FULL)

    assert Tasks(database).find(ID) == FULL


def test_what_is_unset_comes_back_unset(database):
    bare = a_task()
    keep(database, bare)

    assert Tasks(database).find(ID) == bare


def test_a_task_that_was_never_there_is_not_found(database):
    assert Tasks(database).find(ID) is None


def test_a_saved_task_replaces_every_field_of_the_one_it_was(database):
    keep(database, a_task())
    with database.transaction():
        Tasks(database).save(FULL, was=a_task())

    assert Tasks(database).find(ID) == FULL


def test_a_saved_task_can_lose_everything_it_may_lose(database):
    keep(database, FULL)
    bare = a_task(revision=8)
    with database.transaction():
        Tasks(database).save(bare, was=FULL)

    assert Tasks(database).find(ID) == bare


def test_saving_one_task_leaves_its_neighbour_alone(database):
    neighbour = FULL.with_(id="0a1b2c3e")
    keep(database, FULL, neighbour)
    with database.transaction():
        Tasks(database).save(a_task(revision=8), was=FULL)

    assert Tasks(database).find("0a1b2c3e") == neighbour


def test_labels_come_back_sorted_and_once(database):
    keep(database, a_task(labels=("z", "a", "z")))

    found = Tasks(database).find(ID)

    assert found is not None
    assert found.labels == ("a", "z")


def test_criteria_keep_their_order_when_they_are_replaced(database):
    first, second = Criterion(criterion="one"), Criterion(criterion="two")
    task = a_task(criteria=(first, second))
    keep(database, task)
    with database.transaction():
        Tasks(database).save(task.with_(criteria=(second, first)), was=task)

    found = Tasks(database).find(ID)

    assert found is not None
    assert found.criteria == (second, first)


def test_the_same_id_cannot_be_stored_twice(database):
    keep(database, a_task())

    with pytest.raises(StoreError):
        keep(database, a_task())


@pytest.mark.parametrize("fields", [{"status": "done"}, {"priority": "urgent"}])
def test_a_word_the_model_does_not_know_is_refused_by_the_store_too(database, fields):
    with pytest.raises(StoreError):
        keep(database, a_task(**fields))

    assert Tasks(database).find(ID) is None


def test_a_text_with_a_lone_surrogate_is_refused_in_words(database):
    with pytest.raises(StoreError, match="not valid UTF-8"):
        keep(database, a_task(description="\ud800"))


# resolving what was typed


@pytest.mark.parametrize("ref", [ID, "0a1b", "0a1b2c3", "0A1B2C3D", "0A1B"])
def test_an_id_or_four_digits_of_it_find_the_task(database, ref):
    keep(database, a_task(), a_task("11111111"))

    assert Tasks(database).resolve(ref) == ID


@pytest.mark.parametrize("ref", ["0", "0a1", "0A1"])
def test_too_short_an_id_is_told_how_many_digits_it_needs(database, ref):
    keep(database, a_task())

    with pytest.raises(NotFound, match=f"'{ref}' is too short for an id: four digits at least"):
        Tasks(database).resolve(ref)


@pytest.mark.parametrize("ref", ["0a1b2c3d0", "0a1b2c3x", "ffff", "%", "____", "0a1_", "PROJ-1", "' or 1=1"])
def test_what_fits_no_task_is_not_found_by_name(database, ref):
    keep(database, a_task())

    with pytest.raises(NotFound) as caught:
        Tasks(database).resolve(ref)

    assert str(caught.value) == f"There is no task {ref!r}. See the ids: tm list"


def test_a_very_long_reference_is_cut_in_the_answer(database):
    with pytest.raises(NotFound) as caught:
        Tasks(database).resolve("a" * 10_000)

    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("ref", ["", " ", "\t\n"])
def test_an_empty_reference_asks_about_the_shell_variable(database, ref):
    with pytest.raises(UsageError, match="An unset shell variable"):
        Tasks(database).resolve(ref)


def test_an_ambiguous_prefix_names_the_candidates(database):
    keep(database, a_task(title="First"), a_task("0a1bffff", title="Second"))

    with pytest.raises(UsageError) as caught:
        Tasks(database).resolve("0a1b")

    assert str(caught.value) == ("'0a1b' fits several tasks: 0a1b2c3d (First), 0a1bffff (Second). Type more of the id.")


def test_many_candidates_are_cut_to_five_and_more(database):
    keep(database, *[a_task(f"0a1b000{n}", title="x" * 500) for n in range(7)])

    with pytest.raises(UsageError, match="and more") as caught:
        Tasks(database).resolve("0a1b")

    assert str(caught.value).count("0a1b000") == 5
    assert len(str(caught.value)) < 400


def test_an_exact_id_wins_over_nothing_else_when_automation_asks(database):
    keep(database, a_task())
    link(database, ID, key="PROJ-1")
    tasks = Tasks(database)

    assert tasks.resolve(ID, exact=True) == ID
    for ref in ("0a1b2c3", "0A1B2C3D", "PROJ-1"):
        with pytest.raises(NotFound):
            tasks.resolve(ref, exact=True)


def test_the_key_of_a_link_stands_for_its_task(database):
    keep(database, a_task())
    link(database, ID, key="PROJ-123")

    assert Tasks(database).resolve("PROJ-123") == ID


def test_a_key_of_hex_digits_loses_to_a_task_id(database):
    keep(database, a_task("beef0000"), a_task())
    link(database, ID, key="beef")

    assert Tasks(database).resolve("beef") == "beef0000"


def test_a_key_of_hex_digits_counts_when_no_task_begins_so(database):
    keep(database, a_task())
    link(database, ID, key="beef")

    assert Tasks(database).resolve("beef") == ID


def test_a_key_that_several_tasks_carry_names_them_by_title(database):
    keep(database, a_task(title="First"), a_task("11111111", title="Second"))
    for task_id in (ID, "11111111"):
        link(database, task_id, key="PROJ-1")

    with pytest.raises(UsageError, match=r"0a1b2c3d \(First\), 11111111 \(Second\)"):
        Tasks(database).resolve("PROJ-1")


# ids are given once


def test_an_id_is_taken_by_a_task_and_by_a_tombstone(database):
    tasks = Tasks(database)
    keep(database, a_task())

    assert tasks.is_taken(ID)
    assert not tasks.is_taken("11111111")

    with database.transaction():
        Tombstones(database).bury(ID, at=AT)

    assert tasks.find(ID) is None
    assert tasks.is_taken(ID)
