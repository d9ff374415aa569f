"""What `[plugins.mirror]` may say."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import tm


class Settings(tm.PluginSettings):
    """The settings of the mirror."""

    folder: Path
    """Where the files are: an absolute path, or one that begins with ~. It is made at the first use."""
    conflict: Literal["park", "tm", "file"] = "park"
    """What becomes of a field that changed on both sides: left to a person, or whose value counts."""

    def model_post_init(self, _context: object) -> None:
        """Refuse a folder that would depend on where the worker was started."""
        if not self.path.is_absolute():
            raise ValueError("folder should be an absolute path like /srv/tasks or ~/tasks")

    @property
    def path(self) -> Path:
        """The folder, with ~ as the home folder."""
        return self.folder.expanduser()
