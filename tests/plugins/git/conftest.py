"""Repositories of their own for real git: no settings but theirs, a `tm` that does nothing, hooks installed at will."""

import os
import subprocess
from pathlib import Path

import pytest

from tm_git.changes import make
from tm_git.installing import plan_install, plan_uninstall
from tm_git.places import room
from tm_git.repo import Repo
from tm_git.spooled import Spool

NOBODY_S = {
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
    "LANG": "C.UTF-8", "GIT_EDITOR": "true", "GIT_SEQUENCE_EDITOR": "true",
}  # fmt: skip


class Sandbox:
    """One repository with its work tree in `folder`."""

    def __init__(self, folder: Path, *, home: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.home = home
        self.environ = environ

    def run(self, *words, text=None, check=True, cwd=None, **environ):
        """A program in the work tree; variables set to None are taken away."""
        known = {name: value for name, value in {**self.environ, **environ}.items() if value is not None}
        folder, as_text = cwd or self.folder, {"text": True, "errors": "surrogateescape"}
        done = subprocess.run(words, cwd=folder, env=known, input=text, capture_output=True, timeout=60, **as_text)
        assert done.returncode == 0 or not check, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def git(self, *words, **more):
        return self.run("git", *words, **more).stdout.removesuffix("\n")

    def commit(self, subject, *words, file=None, **more):
        """A commit of one changed file; its sha."""
        path = self.folder / (file or "file")
        path.write_text(f"{subject}\n{path.read_text() if path.exists() else ''}")
        self.git("add", "--all")
        self.git("commit", "-m", subject, *words, **more)
        return self.sha()

    def sha(self, name="HEAD"):
        return self.git("rev-parse", name)

    def message(self, name="HEAD"):
        return self.git("log", "-1", "--format=%B", name).rstrip("\n")

    def trailers(self, name="HEAD", key="Task-ID"):
        return self.git("log", "-1", f"--format=%(trailers:key={key},valueonly)", name).split()

    def put_tm(self, text):
        """Another `tm` at the path that hooks know; the old one may be running."""
        path = self.home / "bin" / "tm"
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"tm.{len(list(path.parent.iterdir()))}")
        beside.write_text(f"#!/bin/sh\n{text}\n")
        beside.chmod(0o755)
        beside.replace(path)

    @property
    def repo(self):
        return Repo(str(self.folder), self.environ)

    @property
    def room(self):
        return room(self.repo)

    @property
    def hooks(self):
        return Path(self.git("rev-parse", "--path-format=absolute", "--git-path", "hooks"))

    def write_hook(self, event, text, mode=0o755, folder=None):
        path = (folder or self.hooks) / event
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def install(self, tm=None, **words):
        plan = plan_install(self.repo, str(tm or self.home / "bin" / "tm"), **words)
        for change in plan.changes:
            make(change)
        return plan

    def uninstall(self, **words):
        plan = plan_uninstall(self.repo, **words)
        for change in plan.changes:
            make(change)
        return plan

    def notes(self):
        """What the hooks noted since the last call: (moment, *words)."""
        spool, found = Spool(self.room), []
        while not (batch := spool.read()).is_empty:
            assert batch.garbage == 0
            found += [(each.moment, *each.words) for each in batch.entries]
            spool.advance(batch)
        return found

    def another(self, folder):
        """The same surroundings in another work tree."""
        return Sandbox(folder, home=self.home, environ=self.environ)


@pytest.fixture
def make_sandbox(tmp_path):
    def make_one(name="repo", *words, has_commit=True):
        home = tmp_path / "home"
        environ = {"HOME": str(home), "PATH": os.environ["PATH"], **NOBODY_S}
        box = Sandbox(tmp_path / name, home=home, environ=environ)
        box.put_tm("exit 0")
        subprocess.run(["git", "init", "-q", "-b", "main", *words, str(box.folder)], env=environ, check=True)
        if has_commit:
            box.commit("first")
        return box

    return make_one


@pytest.fixture
def box(make_sandbox):
    """A repository with one commit and our hooks."""
    box = make_sandbox()
    box.install()
    return box


@pytest.fixture
def bare_box(make_sandbox):
    """A repository with one commit and no hook."""
    return make_sandbox()
