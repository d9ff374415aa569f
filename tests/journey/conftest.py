"""Places to try tm as a person does: a new folder, a home of its own, the installed `tm`, nothing of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.journey import requested

if TYPE_CHECKING:
    from collections.abc import Sequence

    Finished = subprocess.CompletedProcess[str]

TM = Path(sys.executable).with_name("tm")
PERSON = "ada@example.com"
PATIENCE = 60
HOOKS = ("pre-commit", "post-commit", "post-checkout")
SCRIPTS = ("slack-integration.sh", "jira-integration.sh", "prometheus-exporter.sh", "weekly-report.sh")


class Workplace:
    """A folder with an executable `./tm` in it, and all the variables its programs see.

    Variables given by keyword are added for one call. Programs from `add_program` come first on the PATH.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder `work` in `folder`, and beside it a home and a place for programs."""
        self.folder, self._programs = folder / "work", folder / "programs"
        home = folder / "home"
        for each in (self.folder, self._programs, home):
            each.mkdir()
        self.environ = {
            "PATH": f"{self._programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local" / "share"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "USER": "ada",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        (self.folder / "tm").symlink_to(TM)

    def run(self, words: Sequence[str | Path], *, cwd: Path | None = None, **variables: str) -> Finished:
        """Run a program to its end, and the end of everybody who holds its streams."""
        return subprocess.run(
            words,
            cwd=cwd or self.folder,
            env=self.environ | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def shell(self, script: str, **variables: str) -> Finished:
        """Run a bash script."""
        return self.run(["bash", "-c", script], **variables)

    def tm(self, *words: str, cwd: Path | None = None, **variables: str) -> Finished:
        """Run the installed tm."""
        return self.run([TM, *words], cwd=cwd, **variables)

    def told(self, *words: str, **variables: str) -> str:
        """What tm prints on stdout, without the line's end; it must succeed."""
        answer = self.tm(*words, **variables)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.removesuffix("\n")

    def git(self, *words: str) -> Finished:
        """Run git, which must succeed."""
        answer = self.run(["git", *words])
        assert answer.returncode == 0, answer.stderr
        return answer

    def show(self, task_id: str) -> dict[str, Any]:
        """One task as `tm show` gives it."""
        task: dict[str, Any] = json.loads(self.told("show", task_id, "--format", "json"))
        return task

    def tasks(self) -> list[dict[str, Any]]:
        """All tasks as `tm list` gives them."""
        tasks: list[dict[str, Any]] = json.loads(self.told("list", "--format", "json"))
        return tasks

    def criteria(self, task_id: str) -> list[dict[str, str]]:
        """What a task's criteria were when it was added."""
        return [{name: each[name] for name in ("criterion", "measurable")} for each in self.show(task_id)["criteria"]]

    def write(self, name: str, text: str) -> Path:
        """An executable file in the folder, for a script that is to be run as a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return path

    def add_program(self, name: str, script: str) -> None:
        """Put a shell script on the PATH under a program's name."""
        program = self._programs / name
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)


def become_repository(workplace: Workplace) -> Workplace:
    """Make the folder a git repository whose user is PERSON; git takes no notice of `./tm`."""
    workplace.git("init", "--quiet", "--initial-branch=main")
    workplace.git("config", "user.name", "Ada")
    workplace.git("config", "user.email", PERSON)
    (workplace.folder / ".git" / "info" / "exclude").write_text("/tm\n", encoding="utf-8")
    return workplace


def install_scripts(workplace: Workplace, document: str) -> Workplace:
    """Put the requested document's git hooks and scripts where they say they belong, unchanged."""
    for file in (*(f".git/hooks/{name}" for name in HOOKS), *(f"scripts/{name}" for name in SCRIPTS)):
        workplace.write(file, requested.script(document, file))
    return workplace


@pytest.fixture
def folder(tmp_path: Path) -> Workplace:
    """An empty folder that belongs to no git repository."""
    return Workplace(tmp_path)


@pytest.fixture
def repository(folder: Workplace) -> Workplace:
    """A new git repository without a commit."""
    return become_repository(folder)


@pytest.fixture(params=["folder", "repository"])
def workplace(request: pytest.FixtureRequest) -> Workplace:
    """First an empty folder, then a git repository."""
    found: Workplace = request.getfixturevalue(request.param)
    return found


def require_document() -> None:
    """Skip the module that calls this unless the requested document, which is not part of this project, is there."""
    missing = [name for name in ("bash", "bc", "curl", "git", "jq") if shutil.which(name) is None]
    if not Path(os.environ.get("TM_SEED_DOCUMENT", "")).is_file():
        pytest.skip("TM_SEED_DOCUMENT names no file: the requested document is not here", allow_module_level=True)
    if missing:
        pytest.skip(f"the scripts of the requested document need {', '.join(missing)}", allow_module_level=True)


@pytest.fixture(scope="session")
def document() -> str:
    """The requested document."""
    return Path(os.environ["TM_SEED_DOCUMENT"]).read_text(encoding="utf-8")


@pytest.fixture
def checkout(document: str, repository: Workplace) -> Workplace:
    """A new git repository with the requested document's scripts in it."""
    return install_scripts(repository, document)
