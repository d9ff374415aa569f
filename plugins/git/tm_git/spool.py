"""What git's hooks noted for later."""

from __future__ import annotations

from typing import Literal, NamedTuple

Moment = Literal["commit", "checkout", "merge", "rewrite"]


class Entry(NamedTuple):
    """One note of a hook: what happened at the unix time `at` in the work tree `folder`.

    `words` are, for a commit: its sha and the branch ("" when detached); for a checkout: old sha, new sha, "1" for a
    branch or "0" for files, and the branch; for a merge: "1" for a squash or "0", HEAD's sha, and the branch; for a
    rewrite: `amend` or `rebase`, old sha, new sha, one entry for each pair, or the first word alone when git's list
    did not reach the hook.
    """

    moment: Moment
    at: float
    folder: str
    words: tuple[str, ...]


_WORDS: dict[str, tuple[int, ...]] = {"commit": (2,), "checkout": (4,), "merge": (3,), "rewrite": (1, 3)}
_BEGIN = b"\0~tm1\0"  # no branch holds a ~, and a folder starts with /
END_OF_NOTE = b"\0\n\0"
"""What ends a note: no path, branch or number holds it."""


def read_note(note: bytes) -> Entry | None:
    """The entry that a hook wrote, None for garbage; what an interrupted hook left before it is passed over."""
    _, found, fields = note.rpartition(_BEGIN)
    if not found:
        return None
    texts = fields.decode("utf-8", "surrogateescape").split("\0")
    at, folder, moment, *words = texts if len(texts) > 3 else ("", "", "")
    if len(words) not in _WORDS.get(moment, ()) or not at.isdecimal() or not folder.startswith("/"):
        return None
    return Entry(moment, float(at), folder, tuple(words))  # type: ignore[arg-type]  # it is one of the table's
