"""Which files a pattern names: `*`, `?`, `[…]`, and `**` for any depth, never through a link to a folder."""

from __future__ import annotations

import glob
import os
import re
from fnmatch import translate
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def matches(pattern: str) -> list[Path]:
    """The files a pattern names, in order, each once; a name with [ in it is also taken as it is."""
    found = {Path(pattern), *_found(pattern)}
    return sorted(path for path in found if path.is_file())


def has_magic(pattern: str) -> bool:
    """Whether a text is a pattern rather than a name."""
    return glob.has_magic(pattern)


def _found(pattern: str) -> Iterator[Path]:
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from map(Path, glob.glob(pattern, include_hidden=True))  # noqa: PTH207 - hidden ones too
        return
    at = parts.index("**")
    base = str(Path(*parts[:at])) if at else "."
    tops = glob.glob(base, include_hidden=True) if glob.has_magic(base) else [base]  # noqa: PTH207 - as above
    for top in tops:
        for folder, _, names in os.walk(top):  # follows no link
            inside = Path(folder).relative_to(top).parts
            yield from (Path(folder, name) for name in names if _fits((*inside, name), parts[at:]))


def _fits(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path are what the parts of a pattern say; `**` at the end means files at any depth."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        rest = pattern[1:] or ("*",)
        return any(_fits(path[skipped:], rest) for skipped in range(len(path)))
    return bool(path) and re.match(translate(pattern[0]), path[0]) is not None and _fits(path[1:], pattern[1:])
