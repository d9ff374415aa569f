"""Whether a project folder is one this user's `tm init` made: a `.tm` that came with a repository is nobody's store."""
# ruff: noqa: PTH110, PTH118  # whoever has such a folder pays; pathlib is dear

from __future__ import annotations

import os
from os.path import exists, join

from tm.config.places import refuse_hidden

NAME = "made"
DIGITS = 32


def is_made(folder: str, records: str) -> bool:
    """Whether the mark in a `.tm` folder is on record among this user's own data.

    Whoever copies or moves the folder takes the mark along; nobody else can know which marks are on record.
    Raises ConfigError when the folder or the record cannot be looked at.
    """
    mark = _mark(join(folder, NAME))
    refuse_hidden(join(records, mark) if mark else join(folder, NAME))
    return bool(mark) and exists(join(records, mark))


def _mark(path: str) -> str:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return ""
    try:
        text = os.read(file, DIGITS + 2).decode("ascii", "replace").strip()
    except OSError:
        return ""
    finally:
        os.close(file)
    return text if len(text) == DIGITS and not text.strip("0123456789abcdef") else ""
