"""What other hook managers are told: whether their settings run our hooks, and the lines that make them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm_git.repo import Repo

_LEFTHOOK = ("lefthook*", ".lefthook*", ".config/lefthook*")
_JOB = """{event}:
  jobs:
    - name: tm
      run: t="$(git rev-parse --git-common-dir)/tm-git/hook"; [ ! -r "$t" ] || sh "$t" {event}{words}
"""


def lefthook_job(event: str) -> str:
    """What goes into lefthook.yml for an event."""
    words = "" if event == "post-commit" else " {0}"
    return _JOB.replace("{event}", event).replace("{words}", words) + (
        "      use_stdin: true\n" if event == "post-rewrite" else ""
    )


def lefthook_advice(event: str) -> str:
    """What to say where lefthook keeps the hook of an event."""
    why = f"lefthook keeps {event} here and would put another file aside."
    return f"{why} Add this to lefthook.yml:\n\n{lefthook_job(event)}"


def runs(repo: Repo, keeper: str, *, event: str) -> bool:
    """Whether the settings of who keeps a hook make it run ours of this event."""
    if keeper == "lefthook":
        started = re.compile(rf"tm-git/hook.*\b{event}\b")
        return any(started.search(text) for text in _texts(repo, _LEFTHOOK))
    if keeper == "pre-commit":
        named = re.compile(rf"\bid: *['\"]?tm-{event}\b")
        return any(named.search(text) for text in _texts(repo, (".pre-commit-config.yaml",)))
    return False


def _texts(repo: Repo, patterns: tuple[str, ...]) -> Iterator[str]:
    top = repo.top or Path(repo.folder)
    for pattern in patterns:
        for path in sorted(top.glob(pattern)):
            if path.is_file():
                yield path.read_text(encoding="utf-8", errors="replace")
