"""A task that exists and its file: out, in, and never in circles."""

from __future__ import annotations

import pytest
import tm_mirror


def test_a_new_task_gets_a_file_that_says_it(desk):
    task_id = desk.mirrored("Ship the parser", priority="high", assignee="ada", labels=("core",))

    record = desk.read(task_id)
    assert (record["id"], record["title"], record["status"]) == (task_id, "Ship the parser", "pending")
    assert (record["priority"], record["assignee"], record["labels"]) == ("high", "ada", ["core"])


def test_a_task_shows_its_file_as_a_link(desk):
    task_id = desk.mirrored()

    link = desk.link(task_id)
    assert (link.kind, link.key, link.exclusive) == ("file", f"{task_id}.json", True)
    assert link.url == desk.path(task_id).as_uri()


def test_what_happens_to_a_task_is_written_to_its_file(desk):
    task_id = desk.mirrored()
    desk.tasks.progress(task_id, "half way")
    desk.tasks.update(task_id, title="Ship it", deadline="2026-12-24T15:00:00.000000Z")
    desk.host.deliver()

    record = desk.read(task_id)
    assert (record["title"], record["status"]) == ("Ship it", "in_progress")
    assert record["deadline"] == "2026-12-24T15:00:00.000000Z"


def test_what_people_change_in_a_file_is_brought_into_the_task(desk):
    task_id = desk.mirrored()
    desk.edit(task_id, title="Ship it", priority="critical", labels=["core"], assignee="ada", description="All of it.")
    desk.pull()

    task = desk.tasks.get(task_id)
    assert (task.title, task.priority, task.labels) == ("Ship it", "critical", ("core",))
    assert (task.assignee, task.description) == ("ada", "All of it.")


def test_a_field_taken_out_of_a_file_stays_and_one_set_to_null_is_emptied(desk):
    task_id = desk.mirrored(assignee="ada", description="All of it.")
    record = desk.read(task_id)
    del record["description"]
    desk.put(f"{task_id}.json", **record | {"assignee": None})
    desk.pull()

    task = desk.tasks.get(task_id)
    assert (task.description, task.assignee) == ("All of it.", None)


def test_a_change_from_a_file_is_not_written_back_to_it(desk):
    task_id = desk.mirrored()
    content = desk.edit(task_id, title="Ship it", status="in_progress")
    desk.pull()

    assert desk.tasks.get(task_id).title == "Ship it"
    assert desk.path(task_id).read_bytes() == content
    assert desk.pull() == 0


def test_what_the_mirror_wrote_itself_wakes_nobody(opened_desk):
    task_id = opened_desk.mirrored()
    opened_desk.tasks.update(task_id, title="Ship it")
    opened_desk.host.deliver()

    assert opened_desk.pull() == 0


def test_changes_of_different_fields_on_both_sides_are_all_kept(desk):
    task_id = desk.mirrored()
    desk.edit(task_id, title="Theirs")
    desk.tasks.update(task_id, priority="low")
    desk.host.deliver()

    task, record = desk.tasks.get(task_id), desk.read(task_id)
    assert (task.title, task.priority) == (record["title"], record["priority"]) == ("Theirs", "low")
    assert desk.contexts() == []


def test_every_status_of_a_file_is_reached_by_its_use_case(desk):
    task_id = desk.mirrored()
    for status in (
        "in_progress",
        "blocked",
        "in_progress",
        "completed",
        "in_progress",
        "pending",
        "blocked",
        "pending",
    ):
        desk.edit(task_id, status=status)
        desk.pull()
        assert desk.tasks.get(task_id).status == status
    desk.edit(task_id, status="cancelled")
    desk.pull()

    assert desk.tasks.get(task_id).status == "cancelled"


def test_a_finished_task_is_taken_up_again_by_its_file(desk):
    task_id = desk.mirrored()
    desk.tasks.complete(task_id)
    desk.host.deliver()
    desk.edit(task_id, status="pending", title="Still wanted")
    desk.pull()

    task, record = desk.tasks.get(task_id), desk.read(task_id)
    assert (task.status, record["status"], task.title) == ("pending", "pending", "Still wanted")


@pytest.mark.parametrize(("conflict", "titles"), [("tm", ("Ours", "Theirs")), ("file", ("Theirs", "Ours"))])
def test_in_a_conflict_one_side_wins_where_the_settings_say_so_and_the_loser_is_kept(desk, conflict, titles):
    kept, lost = titles
    task_id = desk.mirrored()
    desk.host.replace("mirror", settings={"folder": str(desk.folder), "conflict": conflict})
    desk.edit(task_id, title="Theirs")
    desk.tasks.update(task_id, title="Ours")
    desk.host.deliver()

    assert desk.tasks.get(task_id).title == desk.read(task_id)["title"] == kept
    assert [(each.field, each.lost) for each in desk.host.lost_values()] == [("title", f'"{lost}"')]


def test_a_conflict_waits_for_a_person_while_other_fields_go_on(desk):
    task_id = desk.mirrored()
    desk.edit(task_id, title="Theirs", priority="high")
    desk.tasks.update(task_id, title="Ours")
    desk.host.deliver()
    assert (desk.tasks.get(task_id).title, desk.read(task_id)["title"]) == ("Ours", "Theirs")
    assert desk.tasks.get(task_id).priority == "high"
    [found] = desk.host.conflicts()
    assert (found.field, found.place) == ("title", f"{task_id}.json")

    desk.pull()
    desk.host.decide(found, keep="theirs")
    desk.host.deliver()
    assert desk.tasks.get(task_id).title == desk.read(task_id)["title"] == "Theirs"
    assert desk.host.conflicts() == []


def test_labels_are_merged_by_element(desk):
    task_id = desk.mirrored(labels=["a", "b"])
    desk.edit(task_id, labels=["b", "c"])
    desk.tasks.update(task_id, labels=["a", "b", "d"])
    desk.host.deliver()

    assert sorted(desk.tasks.get(task_id).labels) == sorted(desk.read(task_id)["labels"]) == ["b", "c", "d"]
    assert desk.host.conflicts() == []


def test_an_old_event_does_not_bring_back_an_old_file(desk):
    task_id = desk.mirrored("Old")
    desk.tasks.update(task_id, title="New")
    desk.host.deliver()
    content = desk.path(task_id).read_bytes()
    tm_mirror.on_event(event=desk.host.events()[0], hub=desk.host.hub("mirror"))

    assert desk.path(task_id).read_bytes() == content


def test_what_people_add_to_a_file_beside_the_fields_stays_there(desk):
    task_id = desk.mirrored()
    desk.edit(task_id, note="mine")
    desk.tasks.update(task_id, title="Ship it")
    desk.host.deliver()

    record = desk.read(task_id)
    assert (record["note"], record["title"]) == ("mine", "Ship it")


def test_the_file_of_a_deleted_task_is_removed(desk):
    task_id, kept = desk.mirrored(), desk.mirrored("Another")
    desk.tasks.delete(task_id)
    desk.host.deliver()

    assert not desk.path(task_id).exists()
    assert desk.path(kept).exists()


def test_a_deleted_file_is_reported_and_its_task_is_kept(opened_desk):
    task_id = opened_desk.mirrored()
    opened_desk.path(task_id).unlink()
    opened_desk.pull()

    assert opened_desk.tasks.get(task_id).status == "pending"
    assert opened_desk.link(task_id).state == "gone"
    assert [each.level for each in opened_desk.host.check("mirror")] == ["ok", "warning"]


def test_a_deleted_file_is_not_written_again_when_its_task_changes(desk):
    task_id = desk.mirrored()
    desk.path(task_id).unlink()
    desk.tasks.update(task_id, title="Ship it")
    desk.host.deliver()

    assert not desk.path(task_id).exists()


def test_a_file_that_comes_back_is_mirrored_again(desk):
    task_id = desk.mirrored()
    content = desk.path(task_id).read_bytes()
    desk.path(task_id).unlink()
    desk.pull()
    desk.tasks.update(task_id, priority="low")
    desk.host.deliver()
    desk.path(task_id).write_bytes(content)
    desk.pull()

    assert desk.link(task_id).state is None
    assert desk.read(task_id)["priority"] == "low"


def test_a_renamed_file_stays_the_file_of_its_task(opened_desk):
    task_id = opened_desk.mirrored()
    opened_desk.edit(task_id, title="Ship it")
    opened_desk.path(task_id).rename(opened_desk.folder / "parser.json")
    opened_desk.pull()

    assert (opened_desk.link(task_id).key, opened_desk.link(task_id).state) == ("parser.json", None)
    assert opened_desk.tasks.get(task_id).title == "Ship it"
    assert len([each for each in opened_desk.host.events() if each.type == "task.created"]) == 1
