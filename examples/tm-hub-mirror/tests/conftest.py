"""A hub with the mirror in it, and a person at the folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tm_mirror

import tm
from tm.testing import Host


class Desk:
    """A host with the mirror, and what people do in the folder; `folder` is there after the first delivery."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.folder = home / "mirrored"
        table = {"folder": str(self.folder), **settings}
        self.host = Host(home, plugins={"mirror": tm_mirror}, settings={"mirror": table})
        self.tasks = self.host.tasks

    def mirrored(self, title: str = "Ship the parser", **fields: Any) -> str:
        """The id of a new task that has its file."""
        task = self.tasks.add(title, **fields)
        self.host.deliver()
        return task.id

    def path(self, task_id: str) -> Path:
        return self.folder / f"{task_id}.json"

    def read(self, task_id: str) -> dict[str, Any]:
        return dict(json.loads(self.path(task_id).read_text()))

    def edit(self, task_id: str, **fields: Any) -> bytes:
        """Change a file as a person does; returns what it then holds."""
        self.path(task_id).write_text(json.dumps(self.read(task_id) | fields))
        return self.path(task_id).read_bytes()

    def put(self, name: str, **fields: Any) -> Path:
        """A file of a person's own."""
        path = self.folder / name
        path.write_text(json.dumps(fields))
        return path

    def pull(self) -> int:
        """Look at the folder and deliver; how many calls that took."""
        self.host.pull("mirror")
        return self.host.deliver()

    def link(self, task_id: str) -> Any:
        [link] = self.host.hub("mirror").links.mine(task_id)
        return link

    def contexts(self) -> list[str]:
        return [event.data["text"] for event in self.host.events() if event.type == "task.context_added"]

    def last(self) -> Any:
        return self.host.deliveries("mirror")[-1]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.host.close()


@pytest.fixture
def opened_desk(desk: Desk) -> Desk:
    """A desk whose folder exists and was looked at once."""
    desk.pull()
    return desk


@pytest.fixture
def dying():
    """The mirror in a worker that is killed before it notes which file is a task's."""
    return DiesBeforeLinking()


class DiesBeforeLinking:
    Settings = tm_mirror.Settings
    pull = staticmethod(tm_mirror.pull)

    @tm.hookimpl
    def on_event(self, event, hub):
        hub.links = DyingLinks(hub.links)
        tm_mirror.on_event(event=event, hub=hub)


class DyingLinks:
    """Links that can be read; whoever writes one dies."""

    def __init__(self, links):
        self.mine, self.all = links.mine, links.all

    def save(self, *_, **__):
        raise SystemExit
