"""Measures what pipelines wrote, and judges tasks by it."""

from __future__ import annotations

from tm_ci.settings import Settings

__all__ = ["Settings"]
