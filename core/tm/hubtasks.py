"""The use cases as a plugin calls them: its name as origin, a key per call, full ids only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tm.clock import stamp
from tm.errors import NotFound
from tm.model import BLOCKED, CANCELLED, COMPLETED, IN_PROGRESS, PENDING
from tm.service import completion, editing, lifecycle, measuring
from tm.service.work import Caller, Work
from tm.store.links import Link
from tm.store.measurements import Measurements
from tm.store.tasks import Tasks
from tm.times import deadline, zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tm.clock import Clock
    from tm.config.schema import Template
    from tm.events import Event
    from tm.model import Task
    from tm.store.protocol import Database


class HubTasks:
    """Tasks, changed with this plugin as the origin, so that the event is not delivered back to it.

    During a delivery every changing call gets an idempotency key made of the plugin, the event, the use case
    and its position, so that a repeated delivery repeats no change; `key` names another. `revision` refuses
    the change when the task has moved on. Every change returns the task as it is afterwards.
    """

    def __init__(  # noqa: PLR0913 - composed here, named by keyword
        self,
        database: Database,
        clock: Clock,
        caller: Caller,
        *,
        owed_to: tuple[str, ...],
        event: Event | None = None,
        timezone: str | None = None,
        quiet: bool = False,
        calls: dict[str, int] | None = None,
        templates: Mapping[str, Template] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._caller = caller
        self._owed_to = owed_to
        self._event = event
        self._timezone = timezone
        self._quiet = quiet
        self._calls = {} if calls is None else calls
        self._templates = templates or {}

    def quietly(self) -> HubTasks:
        """The same tasks, but changes are history at once: no plugin is told (bulk work, first pulls)."""
        return self._variant(self._caller, quiet=True)

    def acting_for(self, actor: str) -> HubTasks:
        """The same tasks, with the person outside as the actor of the changes."""
        return self._variant(self._caller.with_(actor=actor), quiet=self._quiet)

    def _variant(self, caller: Caller, *, quiet: bool) -> HubTasks:
        return HubTasks(
            self._database,
            self._clock,
            caller,
            owed_to=self._owed_to,
            event=self._event,
            timezone=self._timezone,
            quiet=quiet,
            calls=self._calls,
            templates=self._templates,
        )

    def get(self, task_id: str) -> Task:
        """The task as it is now. Raises NotFound."""
        task = self.find(task_id)
        if task is None:
            raise NotFound(f"There is no task {task_id}.")
        return task

    def find(self, task_id: str) -> Task | None:
        """The task as it is now, or None if it was deleted or never there."""
        return Tasks(self._database).find(task_id)

    def resolve(self, ref: str) -> str:
        """The full id that a person typed in part, or by a link's key. Raises NotFound, UsageError if several fit."""
        return Tasks(self._database).resolve(ref)

    def add(
        self,
        title: str,
        *,
        key: str | None = None,
        depends_on: tuple[str, ...] = (),
        link: Mapping[str, Any] | None = None,
        template: str | None = None,
        **fields: Any,
    ) -> Task:
        """Add a task; `fields` as in `update`, over those of `[templates.<template>]`. Raises UsageError for another.

        `link` holds the fields of `hub.links.save` (kind, outside_id, key …): task and link are made in one
        transaction, and when the object is tied to a task already, that task comes back instead. Without an
        `outside_id` the task's own id is it.
        """
        tied = (
            Link(**{"instance": "", "outside_id": "", **link, "plugin": self._caller.origin, "task_id": ""})
            if link
            else None
        )
        under = _fields_of_template(self._templates, template) if template else {}
        asked = {**under, "title": title, **fields}
        wanted = self._read(asked)
        return self._run(
            "add", lambda w: editing.add(w, wanted, depends_on=depends_on, link=tied), key=key, typed=_typed(asked)
        )

    def update(self, task_id: str, *, key: str | None = None, revision: int | None = None, **fields: Any) -> Task:
        """Change title, description, priority, assignee, team, labels, deadline, hours or criteria.

        A deadline is an aware datetime, or text as people type it, read in the hub's time zone. None empties.
        """
        wanted = self._read(fields)
        return self._run(
            "update", lambda w: editing.update(w, task_id, wanted), key=key, revision=revision, typed=_typed(fields)
        )

    def _read(self, fields: dict[str, Any]) -> dict[str, Any]:
        due = fields.get("deadline")
        if isinstance(due, str):
            due = deadline(due, now=self._clock.now(), zone=zone(self._timezone))
        return {**fields, "deadline": stamp(due)} if isinstance(due, datetime) else fields

    def context(self, task_id: str, text: str, *, key: str | None = None) -> Task:
        """Append a piece of shared context."""
        return self._run("context", lambda w: editing.context(w, task_id, text), key=key)

    def delete(self, task_id: str, *, key: str | None = None, revision: int | None = None) -> None:
        """Delete a task, leaving its tombstone."""
        self._change("delete", lambda w: editing.delete(w, task_id), key=key, revision=revision)

    def progress(
        self, task_id: str, note: str, *, percent: int | None = None, starts: bool = True, key: str | None = None
    ) -> Task:
        """Note progress; the first note starts a pending task, unless it is not work: `starts=False`."""
        return self._run(
            "progress", lambda w: lifecycle.progress(w, task_id, note, percent=percent, starts=starts), key=key
        )

    def move(self, task_id: str, status: str, *, key: str | None = None, revision: int | None = None) -> Task:
        """Start a task (`in_progress`) or put it back (`pending`)."""
        return self._run("move", lambda w: lifecycle.move(w, task_id, status=status), key=key, revision=revision)

    def block(self, task_id: str, reason: str, *, key: str | None = None, revision: int | None = None) -> Task:
        """Block a task for a reason."""
        return self._run("block", lambda w: lifecycle.block(w, task_id, reason=reason), key=key, revision=revision)

    def unblock(self, task_id: str, *, key: str | None = None, revision: int | None = None) -> Task:
        """Send a blocked task back to where it came from."""
        return self._run("unblock", lambda w: lifecycle.unblock(w, task_id), key=key, revision=revision)

    def complete(self, task_id: str, *, key: str | None = None, revision: int | None = None, **options: Any) -> Task:
        """Complete a task; options `validate force summary actual_hours`. Raises CriteriaNotMet."""
        return self._run("complete", lambda w: completion.complete(w, task_id, **options), key=key, revision=revision)

    def reopen(self, task_id: str, *, key: str | None = None, revision: int | None = None) -> Task:
        """Take a finished task up again."""
        return self._run("reopen", lambda w: lifecycle.reopen(w, task_id), key=key, revision=revision)

    def cancel(
        self, task_id: str, *, reason: str | None = None, key: str | None = None, revision: int | None = None
    ) -> Task:
        """Give a task up."""
        return self._run("cancel", lambda w: lifecycle.cancel(w, task_id, reason=reason), key=key, revision=revision)

    def bring(self, task_id: str, status: str, *, reason: str, revision: int | None = None) -> Task:
        """Bring a task to a status, by the use cases that lead there; `reason` is kept where a person would give one.

        A task that is there already is left alone, and a finished one is taken up again on the way to another status.
        Raises Refused where a rule stands in the way, RevisionConflict if the task is no longer at `revision`.
        """
        task = self.get(task_id)
        revision = task.revision if revision is None else revision
        if task.status == status:
            return task
        if not task.is_open:
            task = self.reopen(task_id, revision=revision)
        elif task.status == BLOCKED and status in (PENDING, IN_PROGRESS):
            task = self.unblock(task_id, revision=revision)
        if task.status == status:
            return task
        revision = task.revision
        if status == BLOCKED:
            return self.block(task_id, reason, revision=revision)
        if status == COMPLETED:
            return self.complete(task_id, revision=revision)
        if status == CANCELLED:
            return self.cancel(task_id, reason=reason, revision=revision)
        return self.move(task_id, status, revision=revision)

    def measure(
        self,
        task_id: str,
        values: Mapping[str, Any],
        *,
        source: str | None = None,
        sources: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Task:
        """Record measurements; None says that the name was looked for and is unknown. `sources` is per name."""
        return self._run(
            "measure", lambda w: measuring.measure(w, task_id, values, source=source, sources=sources), key=key
        )

    def measurements(self, task_id: str) -> dict[str, tuple[Any, str | None]]:
        """What was measured last for a task: name to (value, source)."""
        return Measurements(self._database).of(task_id)

    def feedback(self, task_id: str, *, key: str | None = None, **rating: Any) -> Task:
        """Rate a completed task: `quality timeliness note`."""
        return self._run("feedback", lambda w: completion.feedback(w, task_id, **rating), key=key)

    def _run(self, use_case: str, change: Callable[[Work], str], **options: Any) -> Task:
        return self.get(self._change(use_case, change, **options))

    def _change(
        self,
        use_case: str,
        change: Callable[[Work], str],
        *,
        key: str | None,
        revision: int | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> str:
        work = Work(
            self._database,
            self._clock,
            self._caller,
            owed_to=self._owed_to,
            key=key or self._default_key(use_case, revision),
            key_is_own=key is not None,
            revision=revision,
            quiet=self._quiet,
            exact=True,
            caused_by=self._event.id if self._event else None,
            typed=typed,
        )
        return change(work)

    def _default_key(self, use_case: str, revision: int | None) -> str | None:
        if self._event is None:
            return None
        self._calls[use_case] = self._calls.get(use_case, 0) + 1
        key = f"{self._caller.origin}:{self._event.id}:{use_case}:{self._calls[use_case]}"
        # whoever names a revision has looked at the task as it is: what was done to an earlier one is another change
        return key if revision is None else f"{key}@{revision}"


def _fields_of_template(templates: Mapping[str, Template], name: str) -> dict[str, Any]:
    from tm.config.schema import fields_of_template  # pydantic is dear, and few calls name a template

    return fields_of_template(templates, name)


def _typed(fields: Mapping[str, Any]) -> dict[str, str]:
    due = fields.get("deadline")
    return {"deadline": due} if isinstance(due, str) else {}
