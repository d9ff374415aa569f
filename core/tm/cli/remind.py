"""At most once a day, on a terminal: one line about plugins that are paused or owed for long."""

from __future__ import annotations

import contextlib
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tm.cli.say import say
from tm.clock import stamp
from tm.store.ledger import Ledger

if TYPE_CHECKING:
    from tm.app import Session

DAY = 86_400
TOO_LONG = timedelta(hours=1)


def remind(session: Session) -> None:
    """Say what a person should look at, and note that it was said."""
    limit = stamp(session.clock.now() - TOO_LONG)
    late = [each for each in Ledger(session.database).standings() if each.paused or (each.oldest or "~") < limit]
    if not late:
        return
    words = ", ".join(f"{each.plugin} ({each.paused or f'{each.owed} owed since {each.oldest}'})" for each in late)
    say(f"Not told yet: {words}. Look: tm delivery status")
    with contextlib.suppress(OSError):
        os.close(os.open(note(session.path), os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        os.utime(note(session.path))


def note(path: str) -> str:
    """The file whose age says when the last reminder was."""
    return f"{path}.reminded"


def is_time(session: Session) -> bool:
    """Whether nobody was reminded for a day."""
    try:
        age = session.clock.now().timestamp() - Path(note(session.path)).stat().st_mtime
    except OSError:
        return True
    return age > DAY
