"""What a plugin that syncs both ways keeps for people: conflicts that wait for a word, and values that lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tm.store.conflicts import Conflicts
from tm.sync import NOTHING, Conflict, Push

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from tm.store.protocol import Database
    from tm.sync import Pull, Side, Step


class HubConflicts:
    """The plugin's conflicts and the values that its syncs replaced; `tm conflicts` shows and settles them."""

    def __init__(
        self,
        database: Database,
        *,
        plugin: str,
        now: Callable[[], str],
        transaction: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self._conflicts = Conflicts(database)
        self._plugin = plugin
        self._now = now
        self._transaction = transaction

    def decided(self, task_id: str) -> dict[str, Side]:
        """What people said about fields of a task in conflict, as `plan` takes it."""
        found = self._conflicts.open(plugin=self._plugin, task_id=task_id)
        return {each.field: each.keep for each in found if each.keep}  # type: ignore[misc]  # one of the two words

    def count(self) -> int:
        """How many conflicts of this plugin wait for a person."""
        return len(self._conflicts.open(plugin=self._plugin))

    def lose(self, task_id: str, steps: Iterable[Step], *, place: str) -> None:
        """Keep every value that a plan is about to replace, for `tm conflicts lost`; call it before carrying it out.

        `place` is what people call the object outside. Said twice, as after a crash in between, it is kept once.
        """
        losing = [step for step in steps if getattr(step, "lost", NOTHING) is not NOTHING]
        if not losing:
            return  # nobody else waits for a write of nothing
        at = self._now()
        with self._transaction():
            for step in losing:
                moved: Push | Pull = step  # type: ignore[assignment]  # only these lose anything
                side = "theirs" if isinstance(moved, Push) else "ours"
                values = {"lost": _text(moved.lost), "kept": _text(moved.value)}
                self._conflicts.lose(self._plugin, task_id, moved.field, place=place, side=side, at=at, **values)

    def record(self, task_id: str, steps: Iterable[Step], *, place: str) -> None:
        """Keep the conflicts of a plan that was carried out; those of the task that it does not name are settled.

        Call it in one commit with the base that the plan leaves behind (`hub.together`).
        """
        found, at = [step for step in steps if isinstance(step, Conflict)], self._now()
        parked = {step.field for step in found}
        with self._transaction():
            for step in found:
                values = {"ours": _text(step.ours), "theirs": _text(step.theirs)}
                self._conflicts.park(self._plugin, task_id, step.field, place=place, at=at, **values)
            for each in self._conflicts.open(plugin=self._plugin, task_id=task_id):
                if each.field not in parked:
                    self._conflicts.settle(each.id, at=at)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
