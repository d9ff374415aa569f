"""`tm init`: a store of its own for a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tm.cli.say import say
from tm.cli.spec import Command
from tm.errors import Refused, StoreError
from tm.store.listing import Listing
from tm.store.migrate import refuse_network_folder
from tm.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session


def run_init(session: Session, _values: Mapping[str, Any]) -> int:
    """Make a `.tm` folder here, with an empty store in it."""
    folder = Path(session.cwd, ".tm")
    _refuse_to_hide(session, folder)
    is_there = (folder / "tm.db").exists()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}.") from error
    refuse_network_folder(str(folder))
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
)
