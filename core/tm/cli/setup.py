"""`tm init`: a store of its own for a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tm.cli.say import say
from tm.cli.spec import Command, Option
from tm.config.made import is_made
from tm.config.places import records
from tm.config.projects import make
from tm.errors import Refused, StoreError
from tm.store.listing import Listing
from tm.store.mounts import refuse_network_folder
from tm.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session


def run_init(session: Session, values: Mapping[str, Any]) -> int:
    """Make a `.tm` folder here, with an empty store in it."""
    folder = Path(session.cwd, ".tm")
    _refuse_to_hide(session, folder)
    is_there = (folder / "tm.db").exists()
    noted = records(session.environ)
    if folder.is_symlink() or (folder.exists() and not (values["adopt"] or is_made(str(folder), noted))):
        raise Refused(
            f"{folder} is there already, and no tm init of yours made it. If it is yours all the same, moved or "
            "copied here: tm init --adopt. If it came with somebody's repository, delete it first."
        )
    refuse_network_folder(session.cwd)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        make(str(folder), noted)
    except OSError as error:
        raise StoreError(f"{error.filename or folder} cannot be made: {error.strerror}.") from error
    with SqliteDatabase(str(folder / "tm.db")) as database:
        database.execute("select 1")
    say(f'{"There already is" if is_there else "Made"} a store in {folder}. First task: tm add "…"')
    return 0


def _refuse_to_hide(session: Session, folder: Path) -> None:
    """A second store would hide the tasks that are there."""
    found = Path(session.path)
    if session.place.kind in ("git", "project") and found.parent != folder and found.exists():
        count = sum(Listing(session.database).counts().values())
        if count:
            raise Refused(f"This folder has {count} tasks already, in {found}; a store of its own would hide them.")


INIT = Command(
    name="init",
    help="Make a store for this folder (.tm). Inside a git repository you need none: it has one already.",
    run=run_init,
    panel="Setting up",
    options=(
        Option(flag="--adopt", kind="flag", help="Take a .tm that is there already, moved or copied, for yours."),
    ),
)
