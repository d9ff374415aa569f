"""Every way a command or a delivery can fail, one class where a caller acts differently."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta


class TmError(Exception):
    """A sentence for a person: what went wrong, where, and what to do next.

    `exit_code` is what the `tm` command ends with when nobody handles the error.
    """

    exit_code = 1


class Refused(TmError):
    """A rule of the task core says no: a key reused, feedback before completion, a dependency cycle."""


class InvalidTransition(Refused):
    """The task's status does not allow this change."""


class RevisionConflict(Refused):
    """The task has changed since the caller looked at it."""


class UsageError(TmError):
    """What was typed cannot be understood."""

    exit_code = 2


class ConfigError(TmError):
    """A settings file or variable is wrong; the sentence names it. `further` has one for each other mistake there."""

    exit_code = 2

    def __init__(self, sentence: str = "", *, further: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.further = further


class NotFound(TmError):
    """No task, delivery or plugin answers to that name."""

    exit_code = 3


class StoreError(TmError):
    """The store cannot be opened, read or written now."""

    exit_code = 4


class CriteriaNotMet(TmError):
    """`complete --validate` found criteria unmet or unknown; the task is unchanged.

    `task_id` is the task, `missing` the names that have no value.
    """

    exit_code = 5

    def __init__(self, sentence: str, *, task_id: str = "", missing: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.task_id = task_id
        self.missing = missing


NOT_DELIVERED = 6
"""Exit code of a command that was to see a delivery through, where one is dead or still owed."""


class Outcome(Exception):
    """How a plugin's hook ends when it does not simply return (which means: delivered).

    Anything else a hook raises counts as `OutcomeUnknown`.
    """


class RetryLater(Outcome):
    """Certainly not done; try again after a while. Never counts as a failure.

    `after` is how long to wait (the dispatcher's backoff when None). `whole_plugin=True` pauses every
    delivery of the plugin for that long, False only this one. Raises TypeError for a bare number.
    """

    def __init__(self, reason: str = "", *, after: timedelta | None = None, whole_plugin: bool = False) -> None:
        super().__init__(reason)
        if after is not None and not hasattr(after, "total_seconds"):
            raise TypeError(f"after is a timedelta, not {after!r}. Example: after=timedelta(seconds=30)")
        self.after = after
        self.whole_plugin = whole_plugin


class NeedsLogin(Outcome):
    """The credentials are refused: the plugin pauses, its deliveries wait and lose no attempt."""


class PermanentFailure(Outcome):
    """Trying again cannot help: the delivery becomes a dead letter with this reason."""


class OutcomeUnknown(Outcome):
    """It may or may not have happened; the next attempt sees `hub.attempt.may_have_happened`."""
