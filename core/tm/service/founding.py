"""Making a store of its own for a folder."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tm.config.made import is_made
from tm.config.projects import make
from tm.errors import Refused, StoreError
from tm.store.mounts import refuse_network_folder
from tm.store.sqlite import SqliteDatabase


def found(folder: Path, *, noted: str, adopt: bool = False) -> bool:
    """Make the folder `.tm` with an empty store in it and note, in the folder `noted`, that it is the user's own.

    Returns whether there was a store already. `adopt` takes over a folder that is there and not noted. Raises
    Refused for such a folder otherwise, StoreError where none can be made.
    """
    is_there = os.path.exists(folder / "tm.db")  # noqa: PTH110 - it never raises
    was_there = folder.exists()
    if folder.is_symlink() or (was_there and not (adopt or is_made(str(folder), noted))):
        raise Refused(
            f"{folder} is there already, and no tm init of yours made it. If it is yours all the same, moved or "
            "copied here: tm init --adopt. If it came with somebody's repository, delete it first."
        )
    refuse_network_folder(str(folder.parent))
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        make(str(folder), noted)
    except OSError as error:
        if not was_there:
            with suppress(OSError):
                folder.rmdir()  # unmarked, it would be a stranger's
        raise StoreError(
            f"{error.filename or folder} cannot be made: {error.strerror}. Check the owner and permissions of the "
            "folder it goes to."
        ) from error
    with SqliteDatabase(str(folder / "tm.db")) as database:
        database.execute("select 1")
    return is_there
