"""After a change: see that somebody delivers what it owes, and wait if asked to."""

from __future__ import annotations

from tm.handover import mode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tm.app import Session
    from tm.service.work import Work


def deliver(session: Session, work: Work, values: Mapping[str, Any]) -> int:
    """Hand over to a drain or wait for the outcomes, as the delivery mode says; the command's exit code."""
    if not work.recorded or not session.core.plugins or work.quiet:
        return 0
    if values.get("wait") or mode(session.core.delivery, session.environ) == "inline":
        from tm.cli.awaiting import wait_for_outcomes  # only who waits pays for it

        return wait_for_outcomes(session, work.recorded, is_strict=bool(values.get("wait")))
    session.hand_over()
    return 0
