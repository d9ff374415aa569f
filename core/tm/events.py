"""The event envelope: what happened to a task, written once and never changed."""

from __future__ import annotations

from tm.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tm.model import Task

VERSION = 1

CREATED, STARTED, PROGRESSED = "task.created", "task.started", "task.progressed"
BLOCKED, UNBLOCKED, COMPLETED = "task.blocked", "task.unblocked", "task.completed"
REOPENED, CANCELLED, UPDATED = "task.reopened", "task.cancelled", "task.updated"
MEASURED, RATED, NOTED, DELETED = "task.measured", "task.rated", "task.noted", "task.deleted"
PAUSED, CONTEXT_ADDED = "task.paused", "task.context_added"
SYNC_REQUESTED = "sync.requested"

TYPES = (
    CREATED, STARTED, PAUSED, PROGRESSED, BLOCKED, UNBLOCKED, COMPLETED, REOPENED, CANCELLED, UPDATED,
    MEASURED, RATED, NOTED, CONTEXT_ADDED, DELETED,
)  # fmt: skip
HOOKS = {CREATED: "on_create", PROGRESSED: "on_progress", BLOCKED: "on_blocked", COMPLETED: "on_complete"}


class Snapshot(Value):
    """The task as it stood right after the change; never its description or criteria."""

    title: str
    status: str
    priority: str
    assignee: str | None = None
    team: str | None = None
    labels: tuple[str, ...] = ()
    deadline: str | None = None


class Event(Value):
    """One immutable fact about a task.

    `id` is the idempotency key for the outside: the same over retries, redelivery and replay. `seq` orders
    events within the store. `origin` is the door (`cli`, `api`, a plugin, `tm`), `actor` the person or agent.
    `changes` maps a field to (old, new); `data` holds what belongs to the type (note, reason, rating …).
    `at` is a UTC stamp. `v` is the version of this envelope.
    """

    id: str
    type: str
    task_id: str | None
    revision: int
    origin: str
    actor: str
    at: str
    task: Snapshot
    changes: Mapping[str, tuple[Any, Any]] = {}
    data: Mapping[str, Any] = {}
    caused_by: str | None = None
    seq: int = 0
    v: int = VERSION

    @property
    def name(self) -> str:
        """The type without its family: `task.blocked` is `blocked`."""
        return self.type.partition(".")[2]

    @property
    def hook(self) -> str:
        """The plugin hook that hears of it when the plugin has it; `on_event` otherwise."""
        return HOOKS.get(self.type, "on_event")


def snapshot(task: Task) -> Snapshot:
    """What an event says of the task after its change."""
    return Snapshot(
        title=task.title,
        status=task.status,
        priority=task.priority,
        assignee=task.assignee,
        team=task.team,
        labels=task.labels,
        deadline=task.deadline,
    )
