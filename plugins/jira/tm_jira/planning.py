"""What one task and its issue should do to each other, as steps. Touches nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from tm.sync import NOTHING, Agree, Agreed, Conflict, Pull, Push, plan
from tm_jira.fields import NAMES, UNKNOWN, ours_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tm import Task
    from tm.sync import Rule, Side, Step
    from tm_jira.fields import Issue, Translation
    from tm_jira.links import Record
    from tm_jira.settings import Settings


PATIENCE = 3
"""How often the same value is written, because it does not stay there, before a person is asked."""
TURNS = 10
"""How often the two sides may take turns with a field in that time, before a person is asked."""
FORGOTTEN = timedelta(days=1)


class View(NamedTuple):
    """A task and its issue as they are now, with what was agreed before and the words to compare them in."""

    task: Task
    issue: Issue
    record: Record
    translation: Translation
    now: datetime

    def base(self) -> dict[str, Agreed]:
        """What both said when they last agreed; right after its creation, what was sent for the issue.

        What the issue says because we wrote it, though its answer never came, is no change of theirs, and what the
        task says because it was taken over, though nobody lived to note it, none of ours.
        """
        record, theirs = self.record, self.issue.theirs
        base = dict(record.agreed) if record.fresh is None else _first_base(record.fresh, self.task, self.issue)
        for field, write in record.sending.items():
            arrived = _arrived(field, write, before=base.get(field), theirs=theirs.get(field))
            if arrived is not None:
                base[field] = arrived
        ours = ours_of(self.task)
        for field, pull in record.taking.items():
            if self._is_taken(field, ours[field], pull["value"]):
                base[field] = Agreed(ours[field], pull["theirs"])
        return base

    def _is_taken(self, field: str, ours: Any, value: Any) -> bool:
        """Whether the task says a value that was about to be taken over; a day is kept as its last second."""
        if field == "labels":
            return sorted(ours) == sorted(value)
        return bool(ours == value or (field == "deadline" and self.translation.words.day_of(ours) == value))

    def steps(self, settings: Settings, *, keep: Mapping[str, Side]) -> list[Step]:
        """What to do; an assignee whom Jira does not know, and what it has refused before, stays here alone."""
        rules = self.translation.rules(settings, born=self.record.born)
        base, ours, refused = self.base(), ours_of(self.task), self.record.refused
        found = plan(base, ours, self._theirs(base), rules=rules, keep=keep)
        return [
            self._without_strangers(self._without_quarrels(step, rules[step.field], keep))
            for step in found
            if not (isinstance(step, Push) and step.field in refused and refused[step.field] == ours[step.field])
        ]

    def readable(self, steps: Iterable[Step]) -> list[Step]:
        """The steps with Jira's values as people read them: a description as text, a status by its name."""
        return [self._readable(step) for step in steps]

    def _readable(self, step: Step) -> Step:
        if step.field not in ("description", "status"):
            return step
        match step:
            case Push(_, value, lost):
                return Push(step.field, self._reading(step.field, value), self._reading(step.field, lost))
            case Conflict(_, ours, theirs):
                return Conflict(step.field, ours, self._reading(step.field, theirs))
        return step

    def _reading(self, field: str, theirs: Any) -> Any:
        if theirs is NOTHING or theirs is None:
            return theirs
        if field == "status":
            return theirs.get("to") or theirs.get("name")
        return self.translation.reading(theirs)

    def _without_quarrels(self, step: Step, rule: Rule, keep: Mapping[str, Side]) -> Step:
        """A person decides where somebody, or an automation, undid the same value of ours again and again."""
        undone = self.record.undone.get(step.field)
        ours, theirs = ours_of(self.task)[step.field], self.issue.theirs.get(step.field)
        if not isinstance(step, Push) or undone is None or not is_quarrel(undone, ours, now=self.now):
            return step
        match keep.get(step.field):
            case "ours":
                return step
            case "theirs":
                value = [rule.read(each) for each in theirs or ()] if rule.is_set else rule.read(theirs)
                is_read = value is not NOTHING and not (rule.is_set and NOTHING in value)
                return Pull(step.field, value, ours) if is_read else Agree(step.field, ours, theirs)
        return Conflict(step.field, ours, theirs)

    def _theirs(self, base: Mapping[str, Agreed]) -> Mapping[str, Any]:
        """What the issue says; a status that only got another name is the one it was."""
        agreed = base.get("status")
        before = agreed.theirs if agreed is not None and isinstance(agreed.theirs, dict) else {}
        is_same = before.get("id") and before["id"] == self.issue.theirs["status"]["id"]
        return {**self.issue.theirs, "status": before} if is_same else self.issue.theirs

    def _without_strangers(self, step: Step) -> Step:
        if isinstance(step, Push) and isinstance(step.value, dict) and UNKNOWN in step.value:
            return Agree(step.field, ours_of(self.task)[step.field], self.issue.theirs[step.field])
        return step


def _arrived(field: str, write: Mapping[str, Any], *, before: Agreed | None, theirs: Any) -> Agreed | None:
    """What both agree on if a write whose answer never came has arrived all the same; None if it has not."""
    sent = write["sent"]
    if field == "status" and theirs["id"] in sent:
        is_there = write["arrives"] and theirs["id"] == sent[-1]
        return Agreed(write["ours"] if is_there or before is None else before.ours, theirs)
    if field == "labels" and before is not None and theirs is not None:
        # element by element: somebody may have added another one since
        taken_away, added = {*before.theirs} - {*sent}, {*sent} - {*before.theirs}
        return Agreed(write["ours"], sent) if not taken_away & {*theirs} and added <= {*theirs} else None
    return Agreed(write["ours"], theirs) if field != "status" and theirs == sent else None


def _first_base(fresh: Mapping[str, Any], task: Task, issue: Issue) -> dict[str, Agreed]:
    """What a new issue and its task agree on: all that nobody has touched since, be it what was sent or Jira's own.

    A field that somebody touched in between is compared with what was sent for it; of a description, which may be
    long, only a digest was kept, so that one that was touched counts as never agreed on.
    """
    touched = {
        str(item.get("fieldId") or item.get("field")) for each in issue.history for item in each.get("items") or ()
    }
    ours, sent = {**fresh["ours"], "status": "pending"}, fresh["sent"]
    base = {
        name: Agreed(
            ours.get(name, _empty(name)), sent.get(name, _empty(name)) if NAMES[name] in touched else issue.theirs[name]
        )
        for name in NAMES
        if name in issue.theirs
    }
    if "description" in touched or fresh.get("digest") != digest_of(task.description):
        base.pop("description", None)
    elif "description" in base:
        base["description"] = Agreed(task.description, issue.theirs["description"])
    return base


def digest_of(description: str | None) -> str:
    """What tells one description from another."""
    return sha256((description or "").encode()).hexdigest()


def _empty(name: str) -> Any:
    return {"labels": [], "status": {}}.get(name)


def is_quarrel(undone: Mapping[str, Any], ours: Any, *, now: datetime) -> bool:
    """Whether a value of ours does not stay there, or both sides take turns without an end, within a day."""
    if now - datetime.fromisoformat(undone["since"]) > FORGOTTEN:
        return False
    return bool((undone["ours"] == ours and undone["times"] >= PATIENCE) or undone["turns"] >= TURNS)


def is_changed_here(task: Task, record: Record) -> bool:
    """Whether the task says something else than when both last agreed."""
    if record.fresh is not None or not record.agreed:
        return True
    ours, refused = ours_of(task), record.refused
    return bool(record.sending) or any(
        ours[name] != each.ours and not (name in refused and refused[name] == ours[name])
        for name, each in record.agreed.items()
        if name in ours
    )
