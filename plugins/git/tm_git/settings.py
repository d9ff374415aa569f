"""What `[plugins.git]` may say."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from tm import PluginSettings
from tm_git.facts import WORDS


def _commit_url(text: str) -> str:
    if not text.startswith(("https://", "http://")) or "{sha}" not in text:
        raise ValueError("must be an address with {sha} in it, such as https://git.example.com/web/commit/{sha}")
    return text


def _kind(text: str) -> str:
    if not re.fullmatch("[a-z]+", text):
        raise ValueError("must be a type of conventional commits, such as feat")
    return text


class Settings(PluginSettings):
    """Settings of the git plugin."""

    trailers: bool = True
    """Whether hooks add `Task-ID: …` (and `Refs: PROJ-123`) to messages on a task's branch; then: tm git install."""
    default_branch: str | None = None
    """Where work is done, so that commits may complete tasks; the remote's default, main or master when unset."""
    completing_words: tuple[str, ...] = WORDS
    """Words that complete the task whose id follows on the same line, once that is on the default branch; or none."""
    create_on: tuple[Annotated[str, AfterValidator(_kind)], ...] = ()
    """Conventional types, such as feat: a commit of one that belongs to no task makes one."""
    create_template: str | None = None
    """Which [templates.*] such a task starts from."""
    commit_url: Annotated[str, AfterValidator(_commit_url)] | None = None
    """Address of a commit, with {sha} in it: the link in `tm show` and in every plugin's notices."""
