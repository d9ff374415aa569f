"""`tm demo`: one task from add to rating, and what every installed tool received, on this machine alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm.cli.spec import Command, Option
from tm.errors import TmError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Walk the demo in a temporary folder, which `--keep` keeps."""
    from tm.walk import Walk, show

    with Walk(session.environ, keep=values["keep"]) as walk:
        steps = show(walk)
    if any(not step.went_as_told for step in steps):
        raise TmError("The demo did not go as it should; see above. Please report it with the output.")
    return 0


COMMAND = Command(
    name="demo",
    help="Show the main job in ten seconds: a task's whole life, and what each tool hears of it.",
    run=run,
    panel="Setting up",
    options=(Option(flag="--keep", kind="flag", help="Keep the temporary folder, to look around in it."),),
)
