"""Commits tied to tasks: one link for each commit and task, its story in the link, and one note for what is new."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tm import CriteriaNotMet, Refused
from tm_git import facts
from tm_git.commits import identities, known, reachable, roots

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tm import Hub, HubTasks, Link
    from tm_git.commits import Commit
    from tm_git.repo import Repo

COMMIT, BRANCH = "commit", "branch"
ROOT, CLONE = "root:", "clone:"
LIVE, SUPERSEDED = "live", "superseded"
TITLE_LIMIT = 200


class Linking:
    """The links of one repository's commits and branches."""

    def __init__(self, repo: Repo, hub: Hub, *, tasks: HubTasks | None = None) -> None:
        self.repo = repo
        self.hub = hub
        self.instance = instance_of(repo, hub)
        self._tasks = tasks or hub.tasks
        self._known: dict[str, bool] = {}
        self._identities: dict[str, str] = {}

    def exists(self, task_id: str) -> bool:
        """Whether there is a task of exactly that id."""
        if task_id not in self._known:
            self._known[task_id] = self.hub.tasks.find(task_id) is not None
        return self._known[task_id]

    def learn(self, commits: Iterable[Commit]) -> None:
        """Find out, at once for many, what stays of commits when they are rewritten."""
        new = [each for each in commits if each.sha not in self._identities]
        if new:
            self._identities |= identities(self.repo, new)

    def tasks_of(self, commit: Commit, branch: str = "") -> list[str]:
        """The tasks that a commit belongs to: those it names, else the one its branch names."""
        words = self.hub.settings.completing_words
        asked = facts.completed_by(commit.message, commit.statuses, named=commit.named, words=words)
        found = [each for each in dict.fromkeys([*commit.named, *asked]) if self.exists(each)]
        own = facts.task_in_branch(branch)
        return found or ([own.task_id] if own and not commit.named and self.exists(own.task_id) else [])

    def task_for(self, commit: Commit) -> list[str]:
        """The task that a commit without one makes, if the settings say so; the same for the same change."""
        settings = self.hub.settings
        kind, said = facts.kind_of(commit.subject)
        if kind not in settings.create_on or len(commit.parents) > 1:
            return []
        self.learn([commit])
        key = f"git:{self.instance}:{self._identities[commit.sha]}:task"
        tasks = self._tasks.acting_for(commit.author)
        return [tasks.add(said[:TITLE_LIMIT], template=settings.create_template, key=key).id]

    def unknown(self, commit: Commit) -> list[str]:
        """The ids a commit names that no task has."""
        return [each for each in commit.named if not self.exists(each)]

    def surviving(self, task_id: str) -> list[Link]:
        """The links of a task to commits that are still there, ancestors first."""
        live = {each.outside_id: each for each in self.links(task_id) if each.state == LIVE}
        return [live[sha] for sha in reachable(self.repo, live)]

    def links(self, task_id: str) -> list[Link]:
        """The links of a task to this repository's commits, oldest first."""
        return [each for each in self.hub.links.mine(task_id, kind=COMMIT) if each.instance == self.instance]

    def of_commit(self, sha: str) -> list[Link]:
        """The links of a commit."""
        return self.hub.links.of_object(sha, kind=COMMIT, instance=self.instance)

    def link(
        self, commit: Commit, task_id: str, *, branch: str, is_new: bool, before: str = "", is_joined: bool = False
    ) -> None:
        """Tie a commit to a task. A new one is noted, once for each change, not again when it is rewritten.

        `before` is the commit this one was made from by an amend. What was joined to another task's commit is not named
        by its message, and stays tied all the same.
        """
        self.learn([commit])
        identity = self._identities[commit.sha]
        if is_new and not self._is_told(task_id, (commit.sha, before), identity=identity):
            where = f", {branch}" if branch else ""
            note = f"{commit.short} {commit.subject[:TITLE_LIMIT]} ({commit.size}{where})"
            self._tasks.acting_for(commit.author).progress(task_id, note, key=f"git:{commit.sha}:{task_id}:note")
        story = {
            "identity": identity, "at": commit.at, "author": commit.author, "branch": branch, "files": commit.files,
            "insertions": commit.insertions, "deletions": commit.deletions, "joined": is_joined,
        }  # fmt: skip
        url = self.hub.settings.commit_url
        self._save(
            task_id,
            commit.sha,
            key=commit.short,
            title=commit.subject[:TITLE_LIMIT],
            detail=", ".join(filter(None, (branch, commit.size))),
            url=url.replace("{sha}", commit.sha) if url else None,
            state=LIVE,
            base=json.dumps(story, ensure_ascii=False),
        )

    def _is_told(self, task_id: str, shas: tuple[str, ...], *, identity: str) -> bool:
        return any(each.outside_id in shas or story_of(each)["identity"] == identity for each in self.links(task_id))

    def supersede(self, links: Iterable[Link]) -> None:
        """Mark links as rewritten away; they stay, for whoever meets the old commit."""
        for each in links:
            if each.state != SUPERSEDED:
                fields = {name: getattr(each, name) for name in ("key", "title", "detail", "url", "base")}
                self._save(each.task_id, each.outside_id, state=SUPERSEDED, **fields)

    def refresh(self, task_ids: Iterable[str]) -> None:
        """Mark what no branch, tag or work tree leads to any more: dropped, squashed, or rewritten by another tool.

        Of commits that this clone never had nothing is said: another clone may share the store.
        """
        live = [each for task_id in task_ids for each in self.links(task_id) if each.state == LIVE]
        here = known(self.repo, [each.outside_id for each in live])
        lost = set(here).difference(reachable(self.repo, here))
        self.supersede(each for each in live if each.outside_id in lost)

    def complete(self, commit: Commit, *, branch: str) -> None:
        """Complete what a commit on the default branch means to complete, validated; a refusal is noted, once."""
        if facts.is_revert(commit.message):
            return
        words = self.hub.settings.completing_words
        # one that names none may belong to its branch's task
        named = self.tasks_of(commit) or [each.task_id for each in self.of_commit(commit.sha) if each.state == LIVE]
        asked = facts.completed_by(commit.message, commit.statuses, named=named, words=words)
        for task_id in filter(self.exists, asked):
            self._complete(commit, task_id, branch=branch)

    def _complete(self, commit: Commit, task_id: str, *, branch: str) -> None:
        if not self.hub.tasks.get(task_id).is_open:
            return
        tasks, key = self._tasks.acting_for(commit.author), f"git:{commit.sha}:{task_id}"
        summary = f"{commit.short} {commit.subject[:TITLE_LIMIT]}"
        try:
            tasks.complete(task_id, validate=True, summary=summary, key=f"{key}:complete")
        except (CriteriaNotMet, Refused) as refusal:
            why = str(refusal).splitlines()[0]
            tasks.context(task_id, f"{summary}: on {branch}, but not completed. {why}", key=f"{key}:refused")

    def note_branch(self, branch: str, *, actor: str) -> None:
        """Tie a task to its branch and say so in its context, once."""
        named = facts.task_in_branch(branch)
        if named is None or not self.exists(named.task_id):
            return
        own = {"kind": BRANCH, "outside_id": branch, "instance": self.instance}
        if any(each.outside_id == branch for each in self.hub.links.mine(named.task_id, kind=BRANCH)):
            return
        key = f"git:{self.instance}:{named.task_id}:{branch}"[:200]
        self._tasks.acting_for(actor).context(named.task_id, f"Work goes on in branch {branch}.", key=key)
        self.hub.links.save(named.task_id, title=branch, state=LIVE, **own)

    def _save(self, task_id: str, sha: str, **fields: Any) -> None:
        self.hub.links.save(task_id, kind=COMMIT, outside_id=sha, instance=self.instance, **fields)


def instance_of(repo: Repo, hub: Hub) -> str:
    """What names the repository in this hub, whatever its clones are called: the first root commit it was seen with.

    It stays when that root is rewritten, for this clone and for those that share a root with it. A shallow clone has
    no root of its own: it is the repository whose commits it has.
    """
    there = [] if repo.is_shallow else roots(repo)
    keys = [ROOT + each for each in there]
    place = f"{CLONE}{sha256(str(repo.common_dir).encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    name = next(filter(None, map(hub.state.get, keys)), None) or _known_here(repo, hub, place)
    name = str(name or min(there or roots(repo), default=""))
    if name and not hub.dry_run:
        for key in (place, *keys):
            if not hub.state.add(key, name) and key == place:
                hub.state.replace(key, name, was=hub.state.get(key))
    return name[:16]


def _known_here(repo: Repo, hub: Hub, place: str) -> str | None:
    """What the repository at this place was called, if it is the same one: it still has the commit of that name."""
    name = hub.state.get(place)
    if name and repo.tells("cat-file", "-e", str(name)):
        return str(name)
    if not repo.is_shallow:
        return None
    linked = {each.outside_id: each.instance for each in hub.links.all() if each.kind == COMMIT}
    return next((linked[each] for each in known(repo, list(linked))), None)


def story_of(link: Link) -> dict[str, Any]:
    """What a link keeps of its commit: identity, author, instant, branch and size."""
    nothing = {
        "identity": "", "at": "", "author": "", "branch": "", "files": 0, "insertions": 0, "deletions": 0,
        "joined": False,
    }  # fmt: skip
    try:
        return {**nothing, **json.loads(link.base or "{}")}
    except ValueError:
        return nothing


def default_branch(repo: Repo, named: str | None) -> str:
    """Where work is done: by the settings, the remote's HEAD, or the usual names; empty if none is there."""
    if named:
        return named
    remote = repo.remote
    if remote and repo.tells("rev-parse", "--verify", "--quiet", f"refs/remotes/{remote}/HEAD"):
        return repo.ask("symbolic-ref", "--short", f"refs/remotes/{remote}/HEAD").removeprefix(f"{remote}/")
    usual: Sequence[str] = filter(None, (repo.setting("init.defaultBranch"), "main", "master"))  # type: ignore[assignment]
    return next((each for each in usual if repo.tells("rev-parse", "--verify", "--quiet", f"refs/heads/{each}")), "")
