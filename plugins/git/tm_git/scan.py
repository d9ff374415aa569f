"""Finding in a repository's history what no hook told: old commits, merges on a host, other people's machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tm import UsageError
from tm_git.commits import heads, known, read
from tm_git.facts import branch_merged_by, task_in_branch
from tm_git.linking import Linking, default_branch
from tm_git.repo import GitFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tm import Hub
    from tm_git.commits import Commit
    from tm_git.repo import Repo

CURSOR, JUDGED = "scan", "judged"
AT_ONCE = 200
LONGEST_CURSOR = 500


class Scanned(NamedTuple):
    """How many commits were looked at, how many links were missing, and for which tasks."""

    commits: int
    links: int
    tasks: int


def scan(
    repo: Repo,
    hub: Hub,
    *,
    range_: str | None = None,
    since: str | None = None,
    is_dry: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Scanned:
    """Link what is not linked yet, and complete what reached the default branch since the last scan.

    Without a range: every branch and tag, but for what an earlier scan has seen. The first scan of a repository is
    silent, no plugin hears of it. Killed, it goes on where it was. Raises UsageError for a range git does not know.
    """
    cursor = f"{CURSOR}:{repo.common_dir}"[:LONGEST_CURSOR]
    seen = [] if range_ or since else json.loads(hub.cursors.get(cursor) or "[]")
    now = heads(repo)
    is_first = hub.cursors.get(cursor) is None
    linking = Linking(repo, hub, tasks=hub.tasks.quietly() if is_first else None)
    try:
        there = [f"^{each}" for each in known(repo, seen)]
        commits = list(read(repo, [range_] if range_ else [*now, *there], since=since)) if now else []
    except GitFailed as error:
        raise UsageError(f"git does not know {range_ or since!r}: {error}") from None
    main = _Main(repo, hub)
    branches = _branches(repo, commits, main=main)
    missing = [
        (commit, task_id)
        for commit in commits
        for task_id in linking.tasks_of(commit, branches.get(commit.sha, "") if len(commit.parents) < 2 else "")
        if task_id not in [each.task_id for each in linking.of_commit(commit.sha)]
    ]
    found = Scanned(len(commits), len(missing), len({task_id for _, task_id in missing}))
    if is_dry:
        return found
    _link(missing, linking, branches=branches, progress=progress)
    main.complete(linking, commits)
    linking.refresh({link.task_id for link in hub.links.all() if link.instance == linking.instance})
    if not range_ and not since:
        hub.cursors.set(json.dumps(now), name=cursor)
        main.remember()
    return found


def _link(
    missing: Sequence[tuple[Commit, str]],
    linking: Linking,
    *,
    branches: Mapping[str, str],
    progress: Callable[[int, int], None],
) -> None:
    for start in range(0, len(missing), AT_ONCE):
        progress(start, len(missing))
        chunk = missing[start : start + AT_ONCE]
        linking.learn(commit for commit, _ in chunk)
        for commit, task_id in chunk:
            linking.link(commit, task_id, branch=branches.get(commit.sha, ""), is_new=False)
    progress(len(missing), len(missing))


class _Main:
    """The default branch, here and at the remote: what is on either is on it."""

    def __init__(self, repo: Repo, hub: Hub) -> None:
        self._repo = repo
        self._hub = hub
        self._cursor = f"{JUDGED}:{repo.common_dir}"[:LONGEST_CURSOR]
        self.name = default_branch(repo, hub.settings.default_branch)
        wanted = (f"refs/heads/{self.name}", f"refs/remotes/{repo.remote}/{self.name}") if self.name else ()
        self.tips = [repo.ask("rev-parse", each) for each in wanted if repo.tells("rev-parse", "--verify", "-q", each)]

    def complete(self, linking: Linking, commits: Sequence[Commit]) -> None:
        """Complete what commits mean to that reached the branch since the last scan, whenever they were made."""
        if not self.tips:
            return
        judged = json.loads(self._hub.cursors.get(self._cursor) or "[]")
        there = [f"^{each}" for each in known(self._repo, judged)]
        reached = set(self._repo.ask("rev-list", *self.tips, *there, "--").split())
        seen = {commit.sha for commit in commits}
        older = read(self._repo, [*self.tips, *there]) if judged and reached - seen else ()
        for commit in [*commits, *(each for each in older if each.sha not in seen)]:
            if commit.sha in reached:
                linking.complete(commit, branch=self.name)

    def remember(self) -> None:
        """Note how far the branch was judged."""
        self._hub.cursors.set(json.dumps(self.tips), name=self._cursor)


def _branches(repo: Repo, commits: Sequence[Commit], *, main: _Main) -> dict[str, str]:
    """The task branch of commits that name no task: by a merge that says so, else by a branch that holds them alone.

    Of branches that stand on each other the lower one has what both hold.
    """
    found: dict[str, str] = {}
    for commit in commits:
        merged = branch_merged_by(commit.subject) if len(commit.parents) == 2 else None
        if merged and task_in_branch(merged):
            inside = repo.ask("rev-list", f"{commit.parents[0]}..{commit.parents[1]}", "--").split()
            found |= dict.fromkeys(inside, merged)
    if not main.tips:
        return found
    held = {
        name: repo.ask("rev-list", f"refs/heads/{name}", *(f"^{each}" for each in main.tips), "--").split()
        for name in repo.lines("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
        if task_in_branch(name)
    }
    for name in sorted(held, key=lambda each: (-len(held[each]), each)):
        found |= dict.fromkeys(held[name], name)
    return found
