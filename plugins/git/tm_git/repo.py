"""One git repository, asked through the real git: commands without anybody's `GIT_*`, answers as text."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tm import Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# what `git rev-parse --local-env-vars` names, and its like: they would lead to another repository
_LOCAL = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX", "GIT_QUARANTINE_PATH", "GIT_REFLOG_ACTION", "GIT_NAMESPACE",
)  # fmt: skip


class GitFailed(Refused):
    """Git refused a command; the text is what it said, on one line."""


def without_git(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables for a git that is to find its repository by its folder alone."""
    return {name: value for name, value in environ.items() if name not in _LOCAL} | {"GIT_OPTIONAL_LOCKS": "0"}


class Repo:
    """The repository that a folder lies in."""

    def __init__(self, folder: str, environ: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._environ = without_git(os.environ if environ is None else environ)

    @classmethod
    def here(cls, folder: str | None = None) -> Repo:
        """The repository of this folder (the current one by default). Raises UsageError where there is none."""
        repo = cls(folder or str(Path.cwd()))
        try:
            repo.ask("rev-parse", "--git-dir")
        except GitFailed:
            raise UsageError(f"{repo.folder} is in no git repository. Go into one, or: git init") from None
        return repo

    def ask(self, *words: str, stdin: str | None = None) -> str:
        """What a git command answers, without the last line's end. Raises GitFailed."""
        done = subprocess.run(  # noqa: S603 - words of ours and names that git checks
            ["git", *words],  # noqa: S607 - the user's git
            cwd=self.folder,
            env=self._environ,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
        )
        if done.returncode:
            said = " ".join(done.stderr.split())[:300] or f"it ended with {done.returncode}"
            raise GitFailed(f"git refuses: {said}")
        return done.stdout.removesuffix("\n")

    def tells(self, *words: str) -> bool:
        """Whether a git command ends well."""
        try:
            self.ask(*words)
        except GitFailed:
            return False
        return True

    def lines(self, *words: str) -> Iterator[str]:
        """The lines of an answer; a name may hold what else ends a line somewhere."""
        yield from filter(None, self.ask(*words).split("\n"))

    @property
    def common_dir(self) -> Path:
        """Git's folder that all work trees share."""
        return Path(self.ask("rev-parse", "--path-format=absolute", "--git-common-dir"))

    @property
    def remote(self) -> str | None:
        """The remote that counts: origin, or the first one where that is called otherwise; None without any."""
        names = list(self.lines("remote"))
        return "origin" if "origin" in names else next(iter(names), None)

    @property
    def is_shallow(self) -> bool:
        """Whether this clone has a part of the history only."""
        return self.ask("rev-parse", "--is-shallow-repository") == "true"

    @property
    def branch(self) -> str | None:
        """The branch that is checked out; None when HEAD is detached."""
        try:
            return self.ask("symbolic-ref", "--quiet", "--short", "HEAD")
        except GitFailed:
            return None

    def setting(self, name: str) -> str | None:
        """What git's configuration says here, "" included; None when it says nothing."""
        try:
            return self.ask("config", "--get", name)
        except GitFailed:
            return None

    @property
    def top(self) -> Path | None:
        """The top of the work tree; None in a bare repository and inside git's own folder."""
        try:
            return Path(self.ask("rev-parse", "--show-toplevel"))
        except GitFailed:
            return None
