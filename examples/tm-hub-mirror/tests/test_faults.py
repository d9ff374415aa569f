"""Disks that fail, files that are broken, files that mean harm."""

from __future__ import annotations

import json
import os
import resource
from contextlib import contextmanager
from datetime import timedelta

import pytest
import tm_mirror

import tm

BREAKDOWNS = {
    "half a file": lambda path: path.write_text('{"title": '),
    "a list": lambda path: path.write_text("[]"),
    "a title that is a number": lambda path: path.write_text('{"title": 5}'),
    "a priority nobody knows": lambda path: path.write_text('{"priority": "urgent"}'),
    "a status nobody knows": lambda path: path.write_text('{"status": "done"}'),
    "a title too long": lambda path: path.write_text(json.dumps({"title": "x" * 501})),
    "a file too long": lambda path: path.write_text(json.dumps({"title": "x" * 2_000_000})),
    "a link out of the folder": lambda path: path.symlink_to("/etc/hostname"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a pipe": lambda path: os.mkfifo(path),
    "a folder": lambda path: path.mkdir(),
}


@contextmanager
def a_disk_with_room_for(size):
    """No file may grow beyond `size` bytes, as on a full disk."""
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, was[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)


def names(desk):
    return sorted(path.name for path in desk.folder.iterdir())


def test_a_folder_that_is_not_there_holds_the_whole_plugin_and_nothing_is_lost(desk):
    task_id = desk.mirrored()
    away = desk.folder.rename(desk.folder.with_name("away"))
    desk.folder.mkdir()
    desk.tasks.update(task_id, title="Ship it")
    desk.mirrored("Another")
    first, second = desk.host.deliveries("mirror")[-2:]
    assert (first.state, first.failures, second.attempt) == ("pending", 0, 0)
    assert "is not there" in first.error
    desk.folder.rmdir()
    away.rename(desk.folder)
    desk.host.clock.advance(timedelta(minutes=1))
    desk.host.deliver()

    assert desk.read(task_id)["title"] == "Ship it"
    assert len(names(desk)) == 3


@pytest.mark.parametrize("is_left", [True, False])
def test_a_look_at_an_unmounted_folder_takes_no_file_for_deleted(desk, is_left):
    task_id = desk.mirrored()
    desk.folder.rename(desk.folder.with_name("away"))
    if is_left:
        desk.folder.mkdir()

    with pytest.raises(tm.RetryLater, match="is not there") as later:
        desk.host.pull("mirror")
    assert later.value.whole_plugin
    assert desk.link(task_id).state is None
    assert [each.level for each in desk.host.check("mirror")] == ["error"]


def test_a_folder_that_cannot_be_made_is_tried_again(desk):
    desk.folder.write_text("in the way")
    task_id = desk.mirrored()
    assert desk.last().state == "pending"
    desk.folder.unlink()
    desk.host.clock.advance(timedelta(minutes=1))
    desk.host.deliver()

    assert desk.read(task_id)["id"] == task_id


def test_a_full_disk_leaves_the_old_file_whole_and_is_tried_again(desk):
    task_id = desk.mirrored("Old")
    content = desk.edit(task_id, padding="x" * 1_000_000)
    desk.tasks.update(task_id, title="New")
    with a_disk_with_room_for(900_000):
        desk.host.deliver()
    assert (desk.last().state, desk.last().failures) == ("pending", 0)
    assert "cannot be used now" in desk.last().error
    assert desk.path(task_id).read_bytes() == content
    assert names(desk) == [".tm-mirror", f"{task_id}.json"]
    desk.host.clock.advance(timedelta(minutes=1))
    desk.host.deliver()

    assert desk.read(task_id)["title"] == "New"


def test_a_value_that_loses_on_a_full_disk_is_kept_once(desk):
    task_id = desk.mirrored("Old")
    desk.host.replace("mirror", settings={"folder": str(desk.folder), "conflict": "tm"})
    desk.edit(task_id, title="Theirs", padding="x" * 1_000_000)
    desk.tasks.update(task_id, title="Ours")
    with a_disk_with_room_for(900_000):
        desk.host.deliver()
    desk.host.clock.advance(timedelta(minutes=1))
    desk.host.deliver()

    assert desk.read(task_id)["title"] == "Ours"
    assert len(desk.host.lost_values()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written_is_tried_again(desk):
    desk.mirrored()
    desk.folder.chmod(0o555)
    task_id = desk.mirrored("Another")
    assert desk.last().state == "pending"
    desk.folder.chmod(0o755)
    desk.host.clock.advance(timedelta(minutes=1))
    desk.host.deliver()

    assert desk.read(task_id)["title"] == "Another"


def test_a_worker_that_dies_between_file_and_link_makes_no_second_file(desk, dying):
    desk.host.replace("mirror", module=dying)
    task_id = desk.mirrored("Old")
    assert desk.path(task_id).exists()
    assert desk.last().may_have_happened
    desk.tasks.update(task_id, title="New")
    desk.host.replace("mirror", module=tm_mirror)
    desk.host.clock.advance(timedelta(hours=1))
    desk.host.deliver()

    assert names(desk) == [".tm-mirror", f"{task_id}.json"]
    assert desk.read(task_id)["title"] == "New"
    assert desk.contexts() == []


def test_a_look_that_comes_between_file_and_link_makes_no_second_task(desk, dying):
    desk.host.replace("mirror", module=dying)
    task_id = desk.mirrored()
    desk.host.replace("mirror", module=tm_mirror)
    desk.pull()
    desk.host.clock.advance(timedelta(hours=1))
    desk.host.deliver()

    assert [event.type for event in desk.host.events()].count("task.created") == 1
    assert desk.link(task_id).key == f"{task_id}.json"


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
def test_a_broken_file_is_said_to_be_so_and_the_others_go_on(opened_desk, breakdown):
    desk = opened_desk
    broken, fine = desk.mirrored("Broken"), desk.mirrored("Fine")
    desk.path(broken).unlink()
    BREAKDOWNS[breakdown](desk.path(broken))
    desk.edit(fine, title="Finer")
    desk.pull()

    dead = [row for row in desk.host.deliveries("mirror") if row.state == "dead"]
    assert [row.task_id for row in dead] == [broken]
    assert f"{broken}.json" in dead[0].error
    assert "Mend the file" in dead[0].error
    assert desk.tasks.get(fine).title == "Finer"
    assert desk.tasks.get(broken).title == "Broken"


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
def test_a_broken_new_file_makes_no_harm(opened_desk, breakdown):
    desk = opened_desk
    BREAKDOWNS[breakdown](desk.folder / "new.json")
    desk.put("fine.json", title="Fine")
    desk.pull()

    assert "dead" in [row.state for row in desk.host.deliveries("mirror")]
    assert "Fine" in [event.task.title for event in desk.host.events() if event.type == "task.created"]
    assert desk.pull() == 0


def test_a_broken_file_is_found_by_the_doctor_and_never_overwritten(desk):
    task_id = desk.mirrored()
    desk.path(task_id).write_text('{"title": ')
    desk.tasks.update(task_id, title="Ship it")
    desk.host.deliver()

    assert desk.path(task_id).read_text() == '{"title": '
    [finding] = [each for each in desk.host.check("mirror") if each.level == "warning"]
    assert "is not JSON" in finding.message
    assert finding.advice


def test_a_mended_file_is_brought_in_with_all_that_was_missed(desk):
    task_id = desk.mirrored()
    desk.path(task_id).write_text('{"title": ')
    desk.tasks.update(task_id, priority="low")
    desk.pull()
    desk.path(task_id).write_text(json.dumps({"id": task_id, "title": "Ship it"}))
    desk.pull()

    task = desk.tasks.get(task_id)
    assert (task.title, task.priority) == ("Ship it", "low")
    assert desk.read(task_id)["priority"] == "low"


def test_an_edit_while_the_file_is_being_written_is_not_lost(desk):
    task_id = desk.mirrored()
    folder = tm_mirror.folder.Folder(desk.folder)
    read = folder.read(f"{task_id}.json")
    content = desk.edit(task_id, title="Just now")

    with pytest.raises(tm.RetryLater):
        folder.write(read, b"{}")
    assert desk.path(task_id).read_bytes() == content


def test_a_task_that_changes_during_the_sync_is_looked_at_again(desk):
    task_id = desk.mirrored()
    desk.edit(task_id, title="Theirs")
    desk.host.replace("mirror", module=Overtaken(desk.tasks))
    desk.pull()
    desk.host.clock.advance(timedelta(seconds=10))
    desk.host.deliver()

    task, record = desk.tasks.get(task_id), desk.read(task_id)
    assert (task.title, task.priority) == (record["title"], record["priority"]) == ("Theirs", "low")
    assert desk.contexts() == []


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil.json", ".hidden.json", "evil.txt", "e\nvil.json", ""])
def test_a_name_that_leads_elsewhere_is_never_followed(opened_desk, name):
    (opened_desk.folder.parent / "evil.json").write_text('{"title": "Evil"}')
    opened_desk.host.hub("mirror").wake_outside(name)
    opened_desk.host.deliver()

    assert opened_desk.last().state == "dead"
    assert opened_desk.host.events() == []


def test_an_id_in_a_file_is_never_part_of_a_path(opened_desk):
    outside = opened_desk.folder.parent / "victim.json"
    outside.write_text("{}")
    path = opened_desk.put("new.json", title="New", id="../victim")
    opened_desk.pull()
    task_id = json.loads(path.read_text())["id"]
    opened_desk.tasks.delete(task_id)
    opened_desk.host.deliver()

    assert outside.read_text() == "{}"
    assert not path.exists()


def test_names_nobody_can_print_and_drafts_are_passed_over(opened_desk):
    for name in (b"a\xff.json", b"b\n.json", b".c.json", b"d.txt"):
        opened_desk.folder.joinpath(os.fsdecode(name)).write_text('{"title": "x"}')

    assert opened_desk.pull() == 0


@pytest.mark.parametrize("folder", ["relative", "", 5])
def test_a_folder_that_depends_on_where_one_stands_is_refused(desk, folder):
    desk.host.replace("mirror", settings={"folder": folder})

    plugin = desk.host.plugins["mirror"]
    assert plugin.state == "config error"
    assert "folder" in plugin.reason


class Overtaken:
    """The mirror, with somebody changing the task between its look and its change."""

    Settings = tm_mirror.Settings
    pull = staticmethod(tm_mirror.pull)

    def __init__(self, tasks):
        self._others = tasks

    @tm.hookimpl
    def on_event(self, event, hub):
        hub.tasks = SlowTasks(hub.tasks, self._others)
        tm_mirror.on_event(event=event, hub=hub)


class SlowTasks:
    """Tasks as they were a moment ago, the first time one looks."""

    def __init__(self, tasks, others):
        self._tasks, self._others = tasks, others

    def find(self, task_id):
        task = self._tasks.find(task_id)
        self._others.update(task_id, priority="low")
        return task

    def __getattr__(self, name):
        return getattr(self._tasks, name)
