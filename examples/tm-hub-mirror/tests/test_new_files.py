"""Files that people put into the folder."""

from __future__ import annotations

import json
from datetime import timedelta

import tm_mirror

import tm
from tm.testing import Host


def created(desk):
    return [event for event in desk.host.events() if event.type == "task.created"]


def test_a_new_file_becomes_a_task_and_keeps_its_name(opened_desk):
    path = opened_desk.put("parser.json", title="Ship the parser", status="in_progress", priority="high")
    opened_desk.pull()

    [event] = created(opened_desk)
    task = opened_desk.tasks.get(event.task_id)
    assert (task.title, task.status, task.priority) == ("Ship the parser", "in_progress", "high")
    assert json.loads(path.read_text())["id"] == task.id
    assert opened_desk.link(task.id).key == "parser.json"


def test_a_file_without_a_title_is_called_by_its_name(opened_desk):
    opened_desk.put("Buy milk.json")
    opened_desk.pull()

    [event] = created(opened_desk)
    assert event.task.title == "Buy milk"


def test_a_new_file_is_taken_once(opened_desk):
    opened_desk.put("parser.json", title="Ship the parser")
    opened_desk.pull()
    opened_desk.pull()

    assert len(created(opened_desk)) == 1


def test_a_worker_that_dies_after_adding_the_task_adds_no_second_one(opened_desk, dying):
    opened_desk.put("parser.json", title="Ship the parser")
    opened_desk.host.replace("mirror", module=dying)
    opened_desk.pull()
    assert opened_desk.last().may_have_happened
    opened_desk.host.replace("mirror", module=tm_mirror)
    opened_desk.host.clock.advance(timedelta(hours=1))
    opened_desk.host.deliver()

    [event] = created(opened_desk)
    assert opened_desk.link(event.task_id).key == "parser.json"


def test_a_task_made_of_a_file_is_removed_with_its_file_when_deleted(opened_desk):
    path = opened_desk.put("parser.json", title="Ship the parser")
    opened_desk.pull()
    [event] = created(opened_desk)
    opened_desk.tasks.delete(event.task_id)
    opened_desk.host.deliver()

    assert not path.exists()
    assert opened_desk.pull() == 0


def test_a_copy_of_a_file_makes_no_second_task(opened_desk):
    task_id = opened_desk.mirrored()
    opened_desk.put("copy.json", **opened_desk.read(task_id))
    opened_desk.pull()

    assert len(created(opened_desk)) == 1
    assert opened_desk.last().state == "dead"
    assert "copy.json carries the id of task" in opened_desk.last().error


def test_a_file_with_the_id_of_no_task_gets_the_id_of_its_own(opened_desk):
    path = opened_desk.put("parser.json", id="00000000", title="From another hub")
    opened_desk.pull()

    [event] = created(opened_desk)
    assert json.loads(path.read_text())["id"] == event.task_id


def test_what_lay_in_the_folder_before_is_brought_in_quietly(tmp_path):
    listener, folder = Listener(), tmp_path / "mirrored"
    folder.mkdir()
    (folder / "parser.json").write_text('{"title": "Ship the parser", "status": "completed"}')
    plugins = {"mirror": tm_mirror, "listener": listener}
    with Host(tmp_path, plugins=plugins, settings={"mirror": {"folder": str(folder)}}) as host:
        host.pull("mirror")
        host.deliver()
        assert [event.task.status for event in host.events()][-1] == "completed"
        assert listener.heard == []
        (folder / "later.json").write_text('{"title": "Later"}')
        host.pull("mirror")
        host.deliver()

    assert listener.heard == ["task.created"]


class Listener:
    """Another plugin, which would be flooded."""

    def __init__(self):
        self.heard = []

    @tm.hookimpl
    def on_event(self, event, hub):
        self.heard.append(event.type)
