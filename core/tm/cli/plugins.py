"""`tm plugins …`: every plugin with its state, and the end of a pause."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tm.cli.say import out, rows, say
from tm.cli.spec import FORMAT, Argument, Command
from tm.clock import stamp
from tm.handover import mode
from tm.service.steering import resume
from tm.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session

HEADS = ("plugin", "state", "why, and what to do", "version", "owed", "dead", "last success", "last error")
FIELDS = ("name", "state", "reason", "version", "owed", "dead", "last_success_at", "last_error")


def run_list(session: Session, values: Mapping[str, Any]) -> int:
    """Print every plugin, enabled or only installed."""
    from tm.diagnosis.audit import open_hosting
    from tm.diagnosis.roster import roster  # dear, and few other commands need them

    hosting = open_hosting(session)
    standings = Ledger(session.database).standings() if session.has_store() else []  # looking must not make a store
    now = stamp(session.clock.now())
    entries = roster(hosting.plugins, enabled=session.core.plugins, standings=standings, now=now)
    lines = [tuple(getattr(each, name) for name in FIELDS) for each in entries]
    if values["format"] == "json":
        out(json.dumps([dict(zip(FIELDS, line, strict=True)) for line in lines], ensure_ascii=False))
    else:
        rows(HEADS, lines, nothing="No plugin is installed.")
    return 0


def run_resume(session: Session, values: Mapping[str, Any]) -> int:
    """End a plugin's pause or open breaker, and see that somebody delivers."""
    ended = resume(session.database, values["plugin"], at=stamp(session.clock.now()))
    say(f"✓ {values['plugin']} is called again ({ended})." if ended else f"{values['plugin']} was not paused.")
    if mode(session.core.delivery, session.environ) == "background":
        session.hand_over()
    else:
        say("What it is owed goes out with the next tm deliver, or now if a worker is alive.")
    return 0


COMMANDS = (
    Command(name="list", help="Every plugin: its state, and what it is owed.", run=run_list, options=(FORMAT,)),
    Command(
        name="resume",
        help="Call a plugin again that is paused, once the reason is mended.",
        run=run_resume,
        arguments=(Argument(name="plugin", help="Which plugin."),),
    ),
)
