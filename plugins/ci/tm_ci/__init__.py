"""Measures what pipelines wrote, and judges tasks by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tm
from tm_ci.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Finding, Hub

__all__ = ["Settings", "check", "supply"]


@tm.hookimpl
def supply(task_id: str, names: tuple[str, ...], hub: Hub) -> Iterator[str]:
    """The commands that measure these names."""
    from tm_ci.offering import commands  # most calls of the plugin want none of it

    yield from commands(task_id, names, settings=hub.settings)


@tm.hookimpl
def check(hub: Hub) -> Iterator[Finding]:
    """Whether the reports that the settings name are there, and SonarQube can be asked."""
    from tm_ci.offering import findings

    yield from findings(hub.settings)
