"""Making a folder a project of this user."""

from __future__ import annotations

import os
from pathlib import Path

from tm.config.files import write_private
from tm.config.made import DIGITS, NAME, is_made


def make(folder: str, records: str) -> None:
    """Mark a `.tm` folder as made by this user and keep it out of git. Raises OSError.

    One that is marked already keeps its mark.
    """
    if not is_made(folder, records):
        mark = os.urandom(DIGITS // 2).hex()
        write_private(str(Path(records, mark)), f"{os.path.realpath(folder)}\n")  # for people who look there
        write_private(str(Path(folder, NAME)), f"{mark}\n")
    write_private(str(Path(folder, ".gitignore")), "*\n")
