"""The unit of work every use case runs in: one transaction, one set of events, one idempotency key."""

from __future__ import annotations

import os

from tm.clock import stamp
from tm.errors import NotFound, Refused, RevisionConflict
from tm.events import BLOCKED, Event, snapshot
from tm.store.events import Events
from tm.store.tasks import Tasks
from tm.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tm.clock import Clock
    from tm.model import Task
    from tm.store.protocol import Database

TOLD = (
    "title", "status", "priority", "assignee", "team", "labels", "deadline", "estimated_hours", "actual_hours",
    "blocked_reason", "feedback_quality", "feedback_timeliness",
)  # fmt: skip
NAMED_ONLY = ("description", "criteria", "completion_summary", "feedback_note")


class Caller(Value):
    """Who asks, and through which door.

    `origin` is the door (`cli`, `api`, a plugin's name), `actor` the person or agent. `automated` marks
    ratings that stay out of people's averages.
    """

    origin: str
    actor: str
    automated: bool = False


class Work:
    """One use case about to run: what it needs, and afterwards what it left behind.

    `owed_to` names the plugins enabled as far as the caller knows. `key` is the idempotency key. `revision`
    refuses the change when the task is no longer at that revision. `quiet` keeps the events out of the
    outbox; `exact` accepts full ids only. `key_is_own=False` marks a key nobody chose: a different change under
    it simply runs. `typed` holds fields as they were asked for where that reads differently from day to day.
    `recorded` holds the seqs of the events after the commit, `remarks` what a person should hear besides success.
    """

    def __init__(  # noqa: PLR0913 - composed here, named by keyword
        self,
        database: Database,
        clock: Clock,
        caller: Caller,
        *,
        owed_to: tuple[str, ...] = (),
        key: str | None = None,
        revision: int | None = None,
        quiet: bool = False,
        exact: bool = False,
        caused_by: str | None = None,
        key_is_own: bool = True,
        typed: Mapping[str, str] | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.caller = caller
        self.owed_to = owed_to
        self.key = key
        self.revision = revision
        self.quiet = quiet
        self.exact = exact
        self.caused_by = caused_by
        self.key_is_own = key_is_own
        self._typed = typed or {}
        self.tasks = Tasks(database)
        self.events = Events(database)
        self.recorded: list[int] = []
        self.remarks: list[str] = []
        self.is_repeat = False
        self.now = ""

    def asked(self, fields: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """The fields as part of a fingerprint: `tomorrow` asked for twice is the same change, whenever that is."""
        return tuple(sorted((name, repr(self._typed.get(name, value))) for name, value in fields.items()))

    def once(self, use_case: str, arguments: tuple[object, ...], change: Callable[[], str]) -> str:
        """Run `change` in one transaction and return its answer, a task id.

        With a key that was used before for the same use case and arguments, nothing runs and the first
        answer comes back. Raises Refused when the key belongs to something else.
        """
        with self.database.transaction():
            self.now = stamp(self.clock.now())
            if self.key is None:
                return change()
            return self._keyed(use_case, arguments, change)

    def _keyed(self, use_case: str, arguments: tuple[object, ...], change: Callable[[], str]) -> str:
        from hashlib import sha256  # only a keyed command pays for it

        from tm.store.keys import Keys

        keys, key = Keys(self.database), self.key or ""
        fingerprint = sha256(repr((self.caller.origin, use_case, arguments)).encode()).hexdigest()
        first = keys.find(key)
        if first is None:
            answer = change()
            keys.keep(key, use_case=use_case, fingerprint=fingerprint, answer=answer, at=self.now)
            return answer
        if first[:2] != (use_case, fingerprint):
            if not self.key_is_own and not key.endswith(fingerprint[:16]):
                self.key = f"{key}:{fingerprint[:16]}"
                return self._keyed(use_case, arguments, change)
            raise Refused(
                f"The key {key[:60]!r} was already used for another change (tm {first[0]} on task {first[2]}). "
                "Use a fresh key; nothing was stored."
            )
        self.is_repeat = True
        return first[2]

    def get(self, ref: str) -> Task:
        """The task a reference stands for, at the revision the caller expects."""
        task_id = self.tasks.resolve(ref, exact=self.exact)
        task = self.tasks.find(task_id)
        if task is None:
            raise NotFound(f"There is no task {task_id}.")
        if self.revision is not None and task.revision != self.revision:
            raise RevisionConflict(
                f"Task {task_id} is at revision {task.revision}, not {self.revision}: somebody changed it. "
                f"Look again: tm show {task_id}"
            )
        return task

    def keep(
        self,
        was: Task | None,
        task: Task,
        kind: str,
        *,
        data: Mapping[str, Any] | None = None,
        then: tuple[tuple[str, tuple[str, ...]], ...] = (),
        caused_by: str | None = None,
    ) -> str:
        """Store the changed task with its event and return the event's id.

        `then` lists consequences the service drew, each a type and the fields it explains; they are events
        of their own with origin `tm`. `caused_by` marks the whole change as such a consequence.
        """
        revision = was.revision if was else 0
        task = task.with_(revision=revision + 1 + len(then), updated_at=self.now)
        if was is None:
            self.tasks.insert(task)
        else:
            self.tasks.save(task, was=was)
        taken = tuple(name for _, fields in then for name in fields)
        told = changes(was, task, without=taken) if was else {}
        first = self._record(task, kind, revision=revision + 1, told=told, data=data or {}, caused_by=caused_by)
        for step, (consequence, fields) in enumerate(then, start=2):
            told = changes(was, task, only=fields) if was else {}
            why = {"reason": task.blocked_reason} if consequence == BLOCKED else {}
            self._record(task, consequence, revision=revision + step, told=told, data=why, caused_by=first)
        return first

    def _record(
        self,
        task: Task,
        kind: str,
        *,
        revision: int,
        told: Mapping[str, Any],
        data: Mapping[str, Any],
        caused_by: str | None,
    ) -> str:
        named = [name for name in NAMED_ONLY if name in told]
        event = Event(
            id=event_id(self.clock.now().timestamp()),
            type=kind,
            task_id=task.id,
            revision=revision,
            origin="tm" if caused_by else self.caller.origin,
            actor=self.caller.actor,
            at=self.now,
            changes={name: pair for name, pair in told.items() if name not in NAMED_ONLY},
            data={**data, "fields": named} if named else data,
            task=snapshot(task),
            caused_by=caused_by or self.caused_by,
        )
        seq = self.events.record(event, owed_to=self.owed_to, fanned_out_at=self.now if self.quiet else None)
        self.recorded.append(seq)
        return event.id


def changes(
    was: Task, task: Task, *, without: tuple[str, ...] = (), only: tuple[str, ...] = TOLD + NAMED_ONLY
) -> dict[str, tuple[Any, Any]]:
    """What differs between two states of a task: field to (old, new)."""
    pairs = {name: (getattr(was, name), getattr(task, name)) for name in only if name not in without}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def event_id(seconds: float) -> str:
    """A fresh id that sorts by time: a version 7 UUID (RFC 9562, section 5.7)."""
    random = os.urandom(10).hex()
    digits = f"{int(seconds * 1000):012x}7{random[:3]}{'89ab'[int(random[3], 16) % 4]}{random[4:19]}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
