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
