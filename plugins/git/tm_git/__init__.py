"""Ties commits and branches to tasks."""

from __future__ import annotations

from tm_git.settings import Settings

__all__ = ["Settings"]
