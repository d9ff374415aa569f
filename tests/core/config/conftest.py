"""A home, an environment and a repository of the test's own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture
def git(environ: dict[str, str]):
    """Runs git in a folder, in the test's own environment."""

    def run(folder: Path, *arguments: str) -> str:
        who = [
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.com",
            "-c",
            "protocol.file.allow=always",
        ]
        done = subprocess.run(
            ["git", *who, *arguments], cwd=folder, env=environ, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def repository(home: Path) -> Path:
    """A repository without commits in the home folder, laid out as `git init` does."""
    folder = home / "work"
    for part in ("objects", "refs", "hooks"):
        (folder / ".git" / part).mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git" / "config").write_text("[core]\nrepositoryformatversion = 0\nbare = false\n")
    return folder


@pytest.fixture
def committed(repository: Path, git) -> Path:
    """The repository with its first commit."""
    git(repository, "commit", "-q", "--allow-empty", "-m", "first")
    return repository
