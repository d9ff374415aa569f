"""`tm doctor`: what is wrong here, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm.cli.spec import FORMAT, Argument, Command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session

UNWELL = 1


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Print every finding; exit 1 if one is an error."""
    from tm.cli.findings import show
    from tm.diagnosis.health import examine  # dear, and no other command needs it

    found = examine(session, only=values["plugin"])
    return UNWELL if show(found, as_json=values["format"] == "json") else 0


COMMAND = Command(
    name="doctor",
    help="Look at store, settings, worker, outbox and plugins; say what is wrong and what to do.",
    run=run,
    panel="Setting up",
    arguments=(Argument(name="plugin", is_required=False, help="Only this plugin."),),
    options=(FORMAT,),
    epilog="Exit code: 0 if nothing is an error, else 1. A good check ends a plugin's pause for its login.",
)
