"""What our git hooks cost a `git commit`, over one with a hook that does nothing."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import TYPE_CHECKING

from benchmarks.figures import heading, report
from benchmarks.hubs import Hub
from benchmarks.pairs import ROUNDS, Command, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

COMMIT, BRANCH = 2.0, "feature/1a2b3c4d-PROJ-123-ship"
_GIT = shutil.which("git") or "git"
_NOTHING = "#!/bin/sh\ntrue\n"


def run(*, is_quick: bool) -> None:
    """Measure a commit on the default branch and on a task's."""
    heading("git commit with the hooks of `tm git install`, over git commit with a post-commit hook that runs `true`")
    rounds = 11 if is_quick else ROUNDS
    plain = _repository("plain")
    hook = plain.root / ".git" / "hooks" / "post-commit"
    hook.write_text(_NOTHING)
    hook.chmod(0o755)
    ours = _repository("hooked")
    ours.tm("git", "install")
    for branch in ("main", BRANCH):
        for hub in (plain, ours):
            _git(hub, "checkout", "-q", "-B", branch)
        _settle(ours)
        found = ratio(_commit(ours), _commit(plain), rounds=rounds, after=lambda: _settle(ours))
        report(f"git commit -m on {branch.partition('-')[0]}: wall", found, at_most=COMMIT)


def _repository(name: str) -> Hub:
    hub = Hub(f"git-{name}", plugins="\n[plugins.git]\n")
    _git(hub, "config", "user.name", "bench")
    _git(hub, "commit", "-q", "--allow-empty", "-m", "first")
    return hub


def _git(hub: Hub, *words: str) -> None:
    subprocess.run([_GIT, *words], env=hub.environ, cwd=hub.root, check=True, capture_output=True)


def _commit(hub: Hub) -> Callable[[int], Command]:
    """A commit of a file that was changed before the clock runs."""

    def make(number: int) -> Command:
        (hub.root / "file").write_text(f"{number} {time.monotonic()}\n")
        _git(hub, "add", "file")
        return Command((_GIT, "commit", "-q", "-m", "subject"), hub.environ, hub.root)

    return make


def _settle(hub: Hub) -> None:
    """Wait for the take, so that it is not billed to the next commit; what it costs beside this one counts."""
    hub.tm("git", "take")
