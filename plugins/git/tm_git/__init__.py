"""Ties commits and branches to tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tm
from tm_git.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Finding, Hub

__all__ = ["Settings", "check"]


@tm.hookimpl
def check(hub: Hub) -> Iterator[Finding]:
    """Whether git's hooks are in place, and what waits to be taken."""
    from tm_git.checkup import findings

    yield from findings(hub)
