"""A folder as `tm init` leaves it, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.config.projects import make

if TYPE_CHECKING:
    from pathlib import Path


def make_project(folder: Path, *, home: Path) -> Path:
    """A `.tm` in the folder, on record as made by the user of this home; the folder is made if need be."""
    inside = folder / ".tm"
    inside.mkdir(parents=True, exist_ok=True)
    make(str(inside), str(home / ".local" / "share" / "tm" / "made"))
    return inside
