"""Commits as git tells them: read many in one stream, with the tasks they name, their size and their identity."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from tm_git import facts
from tm_git.repo import GitFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tm_git.repo import Repo

# a message holds no NUL, so this many parts are a commit and what git prints of its files
_FIELDS = (
    "%H", "%P", "%T", "%ae", "%aI", "%(trailers:key=Task-ID,valueonly,separator=%x2C)",
    "%(trailers:key=Task-Status,valueonly,separator=%x2C)", "%s", "%B",
)  # fmt: skip
_FORMAT = "--format=%x00" + "%x00".join(_FIELDS) + "%x00"
_LOG = (
    "-c", "log.showSignature=false", "-c", "log.showRoot=true", "-c", "i18n.logOutputEncoding=UTF-8",
    "log", "--no-color", "--no-ext-diff", "--no-textconv", "--no-mailmap", "--diff-merges=first-parent", "--numstat",
    "-M", _FORMAT,
)  # fmt: skip


class Commit(NamedTuple):
    """One commit. `at` is the author's instant in UTC, ISO 8601; `named` are the ids its message names, unchecked."""

    sha: str
    parents: tuple[str, ...]
    tree: str
    author: str
    at: str
    subject: str
    message: str
    named: tuple[str, ...]
    statuses: tuple[str, ...]
    files: int
    insertions: int
    deletions: int

    @property
    def short(self) -> str:
        """What people call it."""
        return self.sha[:9]

    @property
    def size(self) -> str:
        """How much it changed, in words."""
        return size(self.files, self.insertions, self.deletions)


def size(files: int, insertions: int, deletions: int) -> str:
    """How much was changed, in words."""
    return f"{files} file{'' if files == 1 else 's'}, +{insertions} −{deletions}"


def printable(text: str) -> str:
    """A text for one line of a terminal: what is no sign to be seen is shown as its escape."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def read(repo: Repo, revisions: Sequence[str], *, since: str | None = None) -> Iterator[Commit]:
    """The commits of revisions or ranges, oldest first. Raises GitFailed for one that git does not know."""
    words = [*_LOG, "--reverse", "--topo-order", *([f"--since={since}"] if since else []), "--stdin", "--"]
    yield from _commits(repo.ask(*words, stdin="\n".join([*revisions, ""])))


def these(repo: Repo, shas: Iterable[str]) -> dict[str, Commit]:
    """Single commits by their shas; those that are gone are left out."""
    wanted = list(dict.fromkeys(shas))
    there = known(repo, wanted)
    if not there:
        return {}
    text = repo.ask(*_LOG, "--no-walk=unsorted", "--stdin", "--", stdin="\n".join([*there, ""]))
    return {each.sha: each for each in _commits(text)}


def known(repo: Repo, shas: Sequence[str]) -> list[str]:
    """Those of the commits that this clone has, whether anything leads to them or not."""
    if not shas:
        return []
    text = repo.ask("cat-file", "--batch-check=%(objecttype)", stdin="".join(f"{each}^{{commit}}\n" for each in shas))
    return [sha for sha, kind in zip(shas, text.splitlines(), strict=True) if kind == "commit"]


def _commits(text: str) -> Iterator[Commit]:
    parts = text.split("\0")[1:]
    for at in range(0, len(parts), len(_FIELDS) + 1):
        sha, parents, tree, author, when, trailers, statuses, subject, message, numbers = parts[at : at + 10]
        named = facts.tasks_in_message(message, trailers.split(","))
        yield Commit(
            sha, tuple(parents.split()), tree, author, _utc(when), subject, message, named,
            tuple(statuses.split(",")) if statuses else (), *_size(numbers),
        )  # fmt: skip


def _size(text: str) -> tuple[int, int, int]:
    rows = [line.split("\t") for line in text.splitlines() if line.count("\t") >= 2]
    counted = [(int(row[0]), int(row[1])) for row in rows if row[0].isdecimal() and row[1].isdecimal()]
    return len(rows), sum(each[0] for each in counted), sum(each[1] for each in counted)


def _utc(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):  # git keeps whatever a broken tool wrote
        return "1970-01-01T00:00:00Z"


def identities(repo: Repo, commits: Sequence[Commit]) -> dict[str, str]:
    """What stays of each commit when it is rewritten unchanged: git's patch id; a merge or empty one is its tree.

    https://git-scm.com/docs/git-patch-id
    """
    patches = repo.ask("diff-tree", "--stdin", "--root", "-p", stdin="".join(f"{each.sha}\n" for each in commits))
    lines = [line.split() for line in repo.ask("patch-id", "--stable", stdin=patches).splitlines()]
    found = {sha: patch for patch, sha in lines}
    return {each.sha: found.get(each.sha) or _of_tree(each) for each in commits}


def _of_tree(commit: Commit) -> str:
    return "tree:" + sha256(f"{commit.tree} {' '.join(commit.parents)}".encode()).hexdigest()[:32]


def heads(repo: Repo) -> list[str]:
    """Where the branches and tags stand, those of remotes included."""
    return sorted(
        set(repo.ask("for-each-ref", "--format=%(objectname)", "refs/heads", "refs/remotes", "refs/tags").split())
    )


def roots(repo: Repo) -> list[str]:
    """The commits without parents that branches and tags lead to; none before the first one."""
    where = ["--branches", "--remotes", "--tags", *(["HEAD"] if repo.tells("rev-parse", "--verify", "HEAD") else [])]
    return sorted(repo.ask("rev-list", "--max-parents=0", *where, "--").split())


def reachable(repo: Repo, shas: Iterable[str]) -> list[str]:
    """Those of the commits that a branch, tag or work tree still leads to, ancestors first."""
    wanted = set(shas)
    if not wanted:
        return []
    told = repo.ask("worktree", "list", "--porcelain", "-z").split("\0")  # a folder's name may hold a line's end
    heads = [line.split()[1] for line in told if line.startswith("HEAD ")]
    roots = [each for each in heads if each.strip("0")]
    there = repo.ask("rev-list", "--date-order", "--reverse", "--branches", "--tags", "--remotes", *roots, "--")
    return [sha for sha in there.split() if sha in wanted]


def deeds(repo: Repo) -> Mapping[str, list[tuple[str, str]]]:
    """What HEAD's log says of each commit, newest first: git's word for how HEAD came there, and whence."""
    try:
        lines = list(repo.lines("log", "-g", "--format=%H %gs", "-n", "5000", "HEAD", "--"))
    except GitFailed:
        return {}
    steps = [(line[: line.index(" ")], line[line.index(" ") + 1 :]) for line in lines if " " in line]
    found: dict[str, list[tuple[str, str]]] = {}
    for number, (sha, word) in enumerate(steps):
        before = steps[number + 1][0] if number + 1 < len(steps) else ""
        found.setdefault(sha, []).append((word, before))
    return found
