"""What `[plugins.git]` may say."""

from __future__ import annotations

from tm import PluginSettings


class Settings(PluginSettings):
    """Settings of the git plugin."""

    trailers: bool = True
    """Whether hooks add `Task-ID: …` (and `Refs: PROJ-123`) to messages on a task's branch; then: tm git install."""
