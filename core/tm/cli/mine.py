"""Bare `tm`: my open tasks that nothing blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm.cli.listing import HEADS
from tm.cli.say import rows, say
from tm.store.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session

LIMIT = 50


def run(session: Session, _values: Mapping[str, Any]) -> int:
    """Print the open, unblocked tasks assigned to whoever asks."""
    filters = {"assignee": session.actor, "is_open": True}
    found = list(Listing(session.database).cells(filters, sort="-priority", limit=LIMIT))
    if found:
        rows(HEADS, found)
    else:
        say(f"No open tasks for {session.actor}. All tasks: tm list · help: tm --help")
    session.nudge()
    return 0
