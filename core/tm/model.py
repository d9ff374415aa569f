"""A task, its statuses and the transitions between them: the rules that need no store."""

from __future__ import annotations

from tm.errors import InvalidTransition, UsageError
from tm.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PENDING, IN_PROGRESS, BLOCKED = "pending", "in_progress", "blocked"
COMPLETED, CANCELLED = "completed", "cancelled"
STATUSES = (PENDING, IN_PROGRESS, BLOCKED, COMPLETED, CANCELLED)
OPEN = (PENDING, IN_PROGRESS, BLOCKED)
PRIORITIES = ("low", "medium", "high", "critical")

TITLE_LIMIT, NOTE_LIMIT, SUMMARY_LIMIT, TEXT_LIMIT = 500, 500, 20_000, 100_000
NAME_LIMIT = 200

# they make one sign of several, as in families of emoji and in Persian words
_JOINERS = {0x200C: None, 0x200D: None}
_ALLOWED = {
    PENDING: (IN_PROGRESS, BLOCKED, COMPLETED, CANCELLED),
    IN_PROGRESS: (PENDING, BLOCKED, COMPLETED, CANCELLED),
    BLOCKED: (COMPLETED, CANCELLED),
    COMPLETED: (IN_PROGRESS,),
    CANCELLED: (IN_PROGRESS,),
}


class Criterion(Value):
    """A statement that must hold before the task is completed.

    `measurable` is the expression, or None when only a person can say (`manual`: "met", "unmet" or None).
    `verdict` is what the latest measurements say: "met", "unmet" or "unknown".
    """

    criterion: str
    measurable: str | None = None
    manual: str | None = None
    verdict: str = "unknown"


class Task(Value):
    """A piece of work. Instants are UTC stamps (`tm.clock.stamp`), hours are decimals."""

    id: str
    title: str
    description: str | None = None
    status: str = PENDING
    priority: str = "medium"
    assignee: str | None = None
    team: str | None = None
    labels: tuple[str, ...] = ()
    deadline: str | None = None
    estimated_hours: float | None = None
    actual_hours: float | None = None
    criteria: tuple[Criterion, ...] = ()
    feedback_quality: int | None = None
    feedback_timeliness: int | None = None
    feedback_note: str | None = None
    feedback_automated: bool = False
    completion_summary: str | None = None
    blocked_reason: str | None = None
    blocked_from: str | None = None
    waits: bool = False
    revision: int = 0
    created_at: str = ""
    started_at: str | None = None
    updated_at: str = ""
    completed_at: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether work is still expected: pending, in progress or blocked."""
        return self.status in OPEN

    def moved_to(self, status: str) -> Task:
        """This task with another status.

        Raises InvalidTransition when the rules do not allow it. A blocked task may be completed or
        cancelled, or go back to the status it came from; leaving `blocked` forgets the reason.
        """
        if status not in _ALLOWED[self.status] and not (self.status == BLOCKED and status == self.blocked_from):
            raise InvalidTransition(_why_not(self, status))
        blocked_from = self.status if status == BLOCKED else None
        return self.with_(
            status=status,
            blocked_from=blocked_from,
            blocked_reason=self.blocked_reason if status == BLOCKED else None,
            waits=self.waits and status == BLOCKED,
        )


def _why_not(task: Task, status: str) -> str:
    if task.status == status:
        return f"Task {task.id} is already {status}; nothing was changed."
    if task.status in (COMPLETED, CANCELLED):
        return f"Task {task.id} is {task.status}; it cannot become {status}. Reopen it first: tm reopen {task.id}"
    if task.status == BLOCKED:
        return f"Task {task.id} is blocked; it cannot become {status}. Unblock it first: tm unblock {task.id}"
    return f"Task {task.id} is {task.status}; it cannot become {status}."


def title(text: str) -> str:
    """A valid title: one line of 1 to 500 characters, no control characters. Raises UsageError."""
    clean = text.strip()
    if not clean:
        raise UsageError('A task needs a title. Example: tm add "Ship the parser"')
    if len(clean) > TITLE_LIMIT:
        raise UsageError(
            f"The title has {len(clean)} characters; at most {TITLE_LIMIT} are kept. Move the rest to --description."
        )
    if not clean.translate(_JOINERS).isprintable():
        bad = next(c for c in clean.translate(_JOINERS) if not c.isprintable())
        raise UsageError(f"The title holds the control character {bad!r}; use one line of plain text.")
    return clean


def text(value: str, *, of: str, limit: int = TEXT_LIMIT) -> str:
    """A valid longer text: at most `limit` characters, no NUL, no half characters. Raises UsageError naming `of`."""
    if len(value) > limit:
        raise UsageError(f"The {of} has {len(value)} characters; at most {limit} are kept.")
    if "\0" in value or not _is_whole(value):
        raise UsageError(f"The {of} holds {'a NUL' if chr(0) in value else 'half a'} character; remove it.")
    return value


def _is_whole(value: str) -> bool:
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def name(value: str, *, of: str) -> str:
    """A valid short name (assignee, team, label): one line, 1 to 200 characters. Raises UsageError."""
    clean = value.strip()
    if not clean or len(clean) > NAME_LIMIT or not clean.translate(_JOINERS).isprintable():
        raise UsageError(f"The {of} must be one line of 1 to {NAME_LIMIT} characters, not {value[:60]!r}.")
    return clean


def choice(value: str, *, of: str, among: Iterable[str]) -> str:
    """One of a few words. Raises UsageError listing them."""
    if value not in among:
        raise UsageError(f"Unknown {of} {value[:60]!r}. Choose one of: {', '.join(among)}.")
    return value


def hours(value: float, *, of: str) -> float:
    """A number of hours: 0 or more, finite. Raises UsageError naming `of`."""
    if not 0 <= value < 1_000_000:
        raise UsageError(f"{of} must be 0 or more hours (a decimal like 0.5), not {value:g}.")
    return value


def rating(value: int, *, of: str) -> int:
    """A rating from 1 to 5. Raises UsageError naming `of`."""
    if value not in range(1, 6):
        raise UsageError(f"The {of} must be a whole number from 1 to 5, not {value}.")
    return value
