"""The little that tm asks of git itself: who the user is, and whether a file is tracked."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.config.places import Place

_PATIENCE = 5.0
_ABOUT_A_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")


def email(place: Place, environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Git's user.email at a place, and the file it stands in; (None, None) without git or e-mail."""
    repository = ["--git-dir", place.git_dir] if place.git_dir else ["-C", "/"]
    answer = git([*repository, "config", "--null", "--show-origin", "--get", "user.email"], environ)
    origin, _, value = (answer or "").rstrip("\0").partition("\0")
    return value.strip() or None, origin.removeprefix("file:") if origin.startswith("file:/") else None


def git(arguments: list[str], environ: Mapping[str, str] | None = None) -> str | None:
    """What git prints, or None when it fails, is missing or takes longer than a few seconds.

    Variables that point git at another repository are left out of `environ` (default: this process's).
    """
    kept = {k: v for k, v in (os.environ if environ is None else environ).items() if k not in _ABOUT_A_REPOSITORY}
    try:
        done = subprocess.run(  # noqa: S603  # no shell; the arguments are ours
            ["git", "-c", "core.fsmonitor=false", *arguments],  # noqa: S607  # the user's own git, wherever it is
            env=kept,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout)
