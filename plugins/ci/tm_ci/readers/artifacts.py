"""What a build left behind: how many files, and how many bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm_ci.readers.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COUNT, BYTES = "_count", "_bytes"


def read(name: str, files: Sequence[Path]) -> Reading:
    """`dist` is `dist_count` and `dist_bytes`; where nothing is, the count is 0 and the size unknown."""
    name = name.removesuffix(COUNT)
    sizes = [file.stat().st_size for file in files]
    return {name + COUNT: len(sizes), name + BYTES: sum(sizes) if sizes else None}
