"""What the notes of git's hooks mean for tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tm import Hub
    from tm_git.repo import Repo
    from tm_git.spool import Entry


def handle(entries: Sequence[Entry], repo: Repo, hub: Hub) -> list[str]:
    """Do what the entries ask for; the sentences a person should read. A repeat changes nothing."""
    return []
