"""What names and messages say: tasks in branches and commits, and whether a commit means to complete one. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

WORDS = (
    "close", "closes", "closed", "complete", "completes", "completed", "fix", "fixes", "fixed", "resolve", "resolves",
    "resolved",
)  # fmt: skip
"""Words that complete the task whose id follows them on the same line."""
SLUG_LIMIT = 40

_ID, _KEY = r"[0-9a-f]{8}", r"[A-Z][A-Z0-9_]+-[0-9]+"
_BRANCH = re.compile(rf"feature/(?P<id>{_ID})(?:-(?P<key>{_KEY})(?=-|$))?(?:-.*)?|(?P<other>{_ID})/.+")
_LINE = re.compile(r"^Task-ID:[ \t]*(\S+)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_REVERTED = re.compile(r"^This reverts commit ([0-9a-f]{7,64})", re.MULTILINE)
_PULL = re.compile(r"Merge pull request #\d+ from [^/\s]+/(\S+)|Merge (?:remote-tracking )?branch '([^']+)'")
_CONVENTIONAL = re.compile(r"([A-Za-z]+)(?:\([^()]*\))?!?: +(.*\S.*)")
_DONE = ("done", "complete", "completed", "closed", "resolved")


class Named(NamedTuple):
    """The task that a branch names, and what another tool calls it, such as PROJ-123."""

    task_id: str
    key: str | None = None


def task_in_branch(branch: str) -> Named | None:
    """The task in `feature/<id>`, `feature/<id>-slug`, `feature/<id>-PROJ-123-slug` or `<id>/slug`; None in others."""
    found = _BRANCH.fullmatch(branch)
    return Named(found["id"] or found["other"], found["key"]) if found else None


def branch_for(task_id: str, title: str, *, key: str | None = None) -> str:
    """The branch of a task, which `task_in_branch` reads again; a key that git or we would misread is left out."""
    known = key if key and re.fullmatch(_KEY, key) else None
    return "feature/" + "-".join(filter(None, (task_id, known, slug(title))))


def slug(title: str) -> str:
    """Lower-case ASCII words of a title, joined by hyphens, 40 characters at most; empty if there are none."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    kept = ""
    for word in re.findall(r"[a-z0-9]+", plain):
        if len(kept) + len(word) + 1 > SLUG_LIMIT:
            break
        kept = f"{kept}-{word}" if kept else word
    return kept


def tasks_in_message(message: str, trailers: Sequence[str]) -> tuple[str, ...]:
    """The ids a message names: its trailers as git read them, and any whole line `Task-ID: …`. Nobody checked them."""
    said = [*(each.strip() for each in trailers if each.strip()), *_LINE.findall(message)]
    return tuple(dict.fromkeys(each.lower() if re.fullmatch(_ID, each.lower()) else each for each in said))


def completed_by(message: str, statuses: Sequence[str], *, named: Sequence[str], words: Collection[str]) -> list[str]:
    """The tasks a commit means to complete.

    All that it names, with a trailer `Task-Status: done`; else those whose id stands after one of the words on the
    same line. `named` are the ids of the commit, `statuses` the values of its trailer.
    """
    if any(each.strip().lower() in _DONE for each in statuses):
        return list(named)
    if not words:
        return []
    asks = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})[ \t:]+#?({_ID})(?!\w)", re.IGNORECASE)
    return list(dict.fromkeys(each.lower() for each in asks.findall(message)))


def kind_of(subject: str) -> tuple[str, str]:
    """The type of a conventional commit, in lower case, and what it says; the type is empty for other subjects.

    https://www.conventionalcommits.org/en/v1.0.0/
    """
    found = _CONVENTIONAL.fullmatch(subject)
    return (found[1].lower(), found[2].strip()) if found else ("", subject)


def reverted_by(message: str) -> str | None:
    """The sha of the commit that this message takes back, as git writes it."""
    found = _REVERTED.search(message)
    return found[1] if found else None


def is_revert(message: str) -> bool:
    """Whether a message takes another commit back, as git says it or as hosts name such pull requests."""
    return reverted_by(message) is not None or message.startswith('Revert "')


def branch_merged_by(subject: str) -> str | None:
    """The branch that a merge commit of git or of a host says it merged."""
    found = _PULL.match(subject)
    return (found[1] or found[2]) if found else None
