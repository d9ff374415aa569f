"""What becomes of the task when its run is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tm
from tm_ci.recording import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm_ci.outcome import Outcome

_OVER = ("completed", "cancelled")
_LONGEST_REASON = 400


def settle(hub: tm.Hub, task_id: str, outcome: Outcome, *, headline: str, rating: Mapping[str, Any]) -> str:
    """Complete the task if the gates hold, else block it or note why; returns what was done, in words.

    Raises CriteriaNotMet when the task itself has more to ask than the run knew of.
    """
    task = hub.tasks.get(task_id)
    if outcome.is_passed:
        if task.status in _OVER:
            return f"Task {task_id} was {task.status} before."
        hub.tasks.complete(task_id, validate=True, summary=headline)
        if rating:
            hub.tasks.feedback(task_id, **rating)
        return f"Task {task_id} completed."
    why = f"{OURS}{headline}; {'; '.join(outcome.why)}"[:_LONGEST_REASON]
    wanted = hub.settings.on_cancel if outcome.state == "cancelled" else hub.settings.on_failure
    if wanted == "block" and task.status in ("pending", "in_progress"):
        hub.tasks.block(task_id, why)
        return f"Task {task_id} blocked."
    hub.tasks.progress(task_id, why)
    return f"Task {task_id}: noted."
