"""What the notes of git's hooks mean for tasks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tm import StoreError, TmError
from tm_git.commits import deeds, read, these
from tm_git.facts import reverted_by
from tm_git.linking import Linking, default_branch, story_of
from tm_git.repo import Repo
from tm_git.scan import scan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tm import Hub
    from tm_git.commits import Commit
    from tm_git.spool import Entry

NEW = ("commit", "cherry-pick", "revert", "am")
MADE, MERGED = (*NEW, "rebase", "merge"), ("merge", "pull")
AMENDED = "commit (amend)"
# what was rewritten is committed anew, as far as the clocks of tm and git agree
_A_DAY = 24 * 3600.0
_PAIR = 3
_LAST_SECOND = 253_402_300_799


def handle(entries: Sequence[Entry], repo: Repo, hub: Hub) -> list[str]:
    """Do what the entries ask for; the sentences a person should read. A repeat changes nothing.

    Raises StoreError when the hub's store cannot be used: then nothing was the fault of an entry, and all are repeated.
    """
    taking = _Taking(entries, repo, hub)
    for entry in entries:
        try:
            taking.take(entry)
        except StoreError:
            raise
        except TmError as error:  # one strange commit must not keep the others waiting for ever
            taking.remarks.append(f"{entry.moment} {' '.join(entry.words)[:60]} was passed over: {error}")
    taking.tidy()
    return taking.remarks


class _Taking:
    def __init__(self, entries: Sequence[Entry], repo: Repo, hub: Hub) -> None:
        self.remarks: list[str] = []
        self._repo = repo
        self._hub = hub
        self._linking = Linking(repo, hub)
        self._default = default_branch(repo, hub.settings.default_branch)
        self._deeds: dict[str, Mapping[str, list[tuple[str, str]]]] = {}
        self._commits = these(repo, _shas(entries))
        self._linking.learn(self._commits.values())
        self._rewritten: set[str] = set()
        pairs = {each.words for each in entries if each.moment == "rewrite" and len(each.words) == _PAIR}
        self._sources = Counter(new for _, old, new in pairs if old != new)
        self._lost_since: float | None = None

    def take(self, entry: Entry) -> None:
        """One entry."""
        match entry.moment, entry.words:
            case "commit", (sha, branch):
                self._commit(sha, branch, folder=entry.folder)
            case "checkout", (old, _, "1", branch) if branch and old.strip("0"):
                self._linking.note_branch(branch, actor=self._me())
            case "merge", ("0", sha, branch) if branch and branch == self._default:
                self._merge(sha, branch, folder=entry.folder)
            case "rewrite", (_, old, new):
                self._rewrite(old, new)
            case "rewrite", _:  # git told that it rewrote something, but the list of what is lost
                self._lost_since = min(entry.at, self._lost_since or entry.at)

    def tidy(self) -> None:
        """What rewriting left behind."""
        self._linking.refresh(self._rewritten)
        if self._lost_since is not None:
            since = datetime.fromtimestamp(min(max(self._lost_since - _A_DAY, 0), _LAST_SECOND), UTC)
            scan(self._repo, self._hub, since=since.isoformat())

    def _deed(self, sha: str, folder: str, *, words: tuple[str, ...]) -> tuple[str, str]:
        """How HEAD last came to a commit by one of these words, by the log of the work tree; each has its own.

        It may have come there in other ways since: what is noted may be taken much later.
        """
        if folder not in self._deeds:
            there = Repo(folder) if Path(folder).is_dir() else self._repo
            self._deeds[folder] = deeds(there)
        known = self._deeds[folder].get(sha, [])
        return next((each for each in known if each[0].startswith(words)), ("commit", "") if not known else ("", ""))

    def _commit(self, sha: str, branch: str, *, folder: str) -> None:
        commit = self._commits.get(sha)
        if commit is None:
            return
        self._remark(commit)
        word, before = self._deed(sha, folder, words=MADE)
        is_amended = word.startswith(AMENDED)
        tasks = self._linking.tasks_of(commit, branch)
        if not tasks and not commit.named and word.startswith(("commit", "cherry-pick")) and not is_amended:
            tasks = self._linking.task_for(commit)
        for task_id in tasks:
            self._linking.link(
                commit,
                task_id,
                branch=branch,
                is_new=word.startswith(NEW),
                before=before if is_amended else "",
            )
        self._rewritten |= set(tasks)  # an earlier one of theirs may be gone by now: reset, or of a rebase given up
        self._note_revert(commit)
        if branch and branch == self._default:
            # a merge that a person finished is told as a commit
            self._judge(f"{commit.parents[0]}..{sha}" if len(commit.parents) > 1 else "", commit, branch)

    def _judge(self, merged: str, commit: Commit, branch: str) -> None:
        """Complete what came to the default branch with a commit, unless it is gone from there by now."""
        if not self._repo.tells("merge-base", "--is-ancestor", commit.sha, f"refs/heads/{branch}"):
            return
        for each in read(self._repo, [merged]) if merged else [commit]:
            for task_id in self._linking.tasks_of(each):
                if not any(link.task_id == task_id for link in self._linking.of_commit(each.sha)):
                    self._linking.link(each, task_id, branch="", is_new=False)
            self._linking.complete(each, branch=branch)

    def _remark(self, commit: Commit) -> None:
        for task_id in self._linking.unknown(commit):
            self.remarks.append(f"{commit.short} names task {task_id[:60]}, which is not here. See the ids: tm list")

    def _note_revert(self, commit: Commit) -> None:
        old = reverted_by(commit.message)
        for link in self._linking.of_commit(old) if old else ():
            note = f"{commit.short} took back {link.key} {link.title}."
            tasks = self._hub.tasks.acting_for(commit.author)
            tasks.context(link.task_id, note, key=f"git:{commit.sha}:{link.task_id}:revert")

    def _merge(self, sha: str, branch: str, *, folder: str) -> None:
        _, before = self._deed(sha, folder, words=MERGED)
        commit = these(self._repo, [sha]).get(sha)
        if commit is not None:
            self._judge(f"{before}..{sha}" if before else sha, commit, branch)

    def _rewrite(self, old: str, new: str) -> None:
        links = self._linking.of_commit(old)
        self._rewritten |= {each.task_id for each in links}
        commit = self._commits.get(new)
        if commit is None or old == new:
            return
        named = self._linking.tasks_of(commit)
        is_joined = self._sources[new] > 1  # squashed or fixed up: the message may be of one of them only
        for link in links:
            story = story_of(link)
            if link.task_id in named or not commit.named or is_joined or story["joined"]:
                joined = link.task_id not in named and (is_joined or story["joined"])
                self._linking.link(commit, link.task_id, branch=story["branch"], is_new=False, is_joined=joined)
        there = [each.task_id for each in self._linking.of_commit(new)]
        for task_id in named:
            if task_id not in there:
                self._linking.link(commit, task_id, branch="", is_new=False)
        self._linking.supersede(links)

    def _me(self) -> str:
        return self._hub.actor or self._repo.setting("user.email") or "git"


def _shas(entries: Sequence[Entry]) -> list[str]:
    found = []
    for entry in entries:
        match entry.moment, entry.words:
            case "commit", (sha, _):
                found.append(sha)
            case "rewrite", (_, _, new):
                found.append(new)
    return found
