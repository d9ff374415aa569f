"""What `[plugins.git]` may say."""

from __future__ import annotations

from tm import PluginSettings


class Settings(PluginSettings):
    """Settings of the git plugin."""
