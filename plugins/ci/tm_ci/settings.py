"""What `[plugins.ci]` may say."""

from __future__ import annotations

from tm import PluginSettings


class Settings(PluginSettings):
    """Settings of the CI plugin."""
