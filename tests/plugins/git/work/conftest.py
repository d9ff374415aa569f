"""A repository with our hooks and a hub beside it: git works for real, its notes are taken in this process."""

import pytest

import tm_git
from tm.testing import Host
from tm_git.intake import take
from tm_git.linking import Linking


class Work:
    """A repository `box` and the hub `host` whose tasks its commits belong to."""

    def __init__(self, box, host):
        self.box = box
        self.host = host

    @property
    def hub(self):
        return self.host.hub("git")

    def task(self, title="Ship the parser", **fields):
        return self.host.tasks.add(title, **fields).id

    def take(self):
        """What the hooks noted is done; the remarks."""
        return take(self.box.repo, self.hub)

    def commits(self, task_id):
        """The subjects of the task's surviving commits, oldest first."""
        return [each.title for each in Linking(self.box.repo, self.hub).surviving(task_id)]

    def notes(self, task_id):
        return [
            each.data["note"]
            for each in self.host.events()
            if each.task_id == task_id and each.type in ("task.progressed", "task.noted")
        ]

    def context(self, task_id):
        return [
            each.data["text"]
            for each in self.host.events()
            if each.task_id == task_id and each.type == "task.context_added"
        ]

    def on_branch(self, task_id, slug="work"):
        name = f"feature/{task_id}-{slug}"
        self.box.git("switch", "-q", "-c", name)
        return name


@pytest.fixture
def make_work(box, tmp_path):
    opened = []

    def make(templates=None, **settings):
        folder = tmp_path / f"hub{len(opened)}"
        folder.mkdir()
        opened.append(Host(folder, plugins={"git": tm_git}, settings={"git": settings}, templates=templates))
        return Work(box, opened[-1])

    yield make
    for host in opened:
        host.close()


@pytest.fixture
def work(make_work):
    return make_work()
