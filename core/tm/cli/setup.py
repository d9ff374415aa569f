"""`tm init`: a store of its own for a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tm.cli.say import say
from tm.cli.spec import Command, Option
from tm.config.places import records
from tm.errors import Refused
from tm.service.founding import found
from tm.store.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session


def run_init(session: Session, values: Mapping[str, Any]) -> int:
    """Make a `.tm` folder here, with an empty store in it."""
    folder = Path(session.cwd, ".tm")
    _refuse_to_hide(session, folder)
    is_there = found(folder, noted=records(session.environ), adopt=values["adopt"])
    say(f'{"There already is" if is_there else "Made"} a store in {folder}. First task: tm add "…"')
    return 0


def _refuse_to_hide(session: Session, folder: Path) -> None:
    """A second store would hide the tasks that are there."""
    store = Path(session.path)
    if session.place.kind in ("git", "project") and store.parent != folder and session.has_store():
        count = sum(Listing(session.database).counts().values())
        if count:
            raise Refused(f"This folder has {count} tasks already, in {store}; a store of its own would hide them.")


INIT = Command(
    name="init",
    help="Make a store for this folder (.tm). Inside a git repository you need none: it has one already.",
    run=run_init,
    panel="Setting up",
    options=(
        Option(flag="--adopt", kind="flag", help="Take a .tm that is there already, moved or copied, for yours."),
    ),
)
