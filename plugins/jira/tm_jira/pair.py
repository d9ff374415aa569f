"""Carrying out what a task and its issue should do to each other, so that a crash at any place loses nothing.

Jira has no conditional writes. So an issue is read right before it is written and right after, and what somebody
changed in the moment between is found in its history: an overwritten value is kept, one that overwrote ours is looked
at again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import tm
from tm.sync import NOTHING, Agree, Agreed, Pull, Push
from tm_jira.accounts import account_for, name_of
from tm_jira.between import changes_since, crossed, is_of, last_change
from tm_jira.creating import refused_fields
from tm_jira.fields import WANTED, Translation, account_of, footer_of, issue_of, ours_of, sent
from tm_jira.links import PARKED, Record, keep, link_of, mark_for
from tm_jira.moves import Move, NoWay, move_to, move_via
from tm_jira.outcome import Forbidden, Refused
from tm_jira.planning import FORGOTTEN, View
from tm_jira.words import listed, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tm import Hub, HubTasks, Task
    from tm.sync import Side, Step
    from tm_jira.client import Site
    from tm_jira.fields import Issue


def translation(task: Task, issue: Issue, record: Record, *, hub: Hub, site: Site) -> Translation:
    """The words for one task and its issue; asks Jira for an account only when nobody was asked before."""
    accounts: dict[str, str] = {}
    agreed = record.agreed.get("assignee")
    if task.assignee and agreed is not None and agreed.ours == task.assignee:
        accounts = {task.assignee: agreed.theirs} if agreed.theirs else {}
    elif task.assignee:
        found = account_for(task.assignee, hub=hub, site=site, project=issue.project)
        accounts = {task.assignee: found} if found else {}
        if not found:
            hub.remark(f"Jira assigns {task.assignee} nothing: nobody there is certainly that person. See [people].")
    account = account_of(issue.raw_assignee, is_cloud=site.is_cloud)
    name = name_of(issue.raw_assignee, hub, is_cloud=site.is_cloud) if account else None
    return Translation(
        words=words_of(hub.settings, issue.project, issue_type=issue.issue_type, zone=hub.zone),
        is_cloud=site.is_cloud,
        accounts=accounts,
        people={account: name} if account and name else {},
    )


def view_of(task: Task, issue: Issue, record: Record, *, hub: Hub, site: Site) -> View:
    """A task and its issue beside each other."""
    return View(task, issue, record, translation(task, issue, record, hub=hub, site=site), hub.clock.now())


class Pair:
    """A task and its issue that are being brought together.

    `unsure` is whether somebody changed the issue in the moment in which it was written: it is to be looked at again.
    """

    def __init__(self, view: View, *, hub: Hub, site: Site, tasks: HubTasks) -> None:
        self._view = view
        self._hub = hub
        self._site = site
        self._tasks = tasks
        self._base = view.base()
        self._sending: dict[str, Any] = {}
        self._taking: dict[str, Any] = {}
        self._refused = dict(view.record.refused)
        self._undone = dict(view.record.undone)
        self._barred: str | None = None
        self._way: str | None = None
        self.unsure = False

    def settle(self, *, decided: Mapping[str, Side]) -> tuple[Issue, str | None]:
        """Do what both should do to each other, and keep what they agree on.

        Returns the issue as it is then, and why it could not follow its task, if it could not; all else is done.
        """
        hub, issue = self._hub, self._view.issue
        self._look_back()
        steps = self._view.steps(hub.settings, keep=decided)
        hub.conflicts.lose(self._view.task.id, self._losing(steps), place=issue.key)
        self._base |= {step.field: Agreed(step.ours, step.theirs) for step in steps if isinstance(step, Agree)}
        pulled = [step for step in steps if isinstance(step, Pull)]
        if pulled:
            for step in pulled:  # a value of ours that is written after a word of theirs is a fresh one
                before = self._before(step.field)
                self._undone[step.field] = {**before, "ours": None, "times": 0, "turns": before["turns"] + 1}
            theirs = issue.theirs
            self._taking = {step.field: {"value": step.value, "theirs": theirs[step.field]} for step in pulled}
            self._put_on_record()
        task = self._take(pulled)
        self._taking = {}
        pushed = [step for step in steps if isinstance(step, Push)]
        after = self._give(pushed, task) if pushed else issue
        self._sending = {}
        with hub.together():
            hub.conflicts.record(task.id, self._view.readable(steps), place=issue.key)
            keep(task.id, after, self._record(), hub=hub, state=PARKED if self._barred else None)
            if self.unsure:
                hub.wake(task.id, "changed at the same time")
        return after, self._barred

    def _record(self) -> Record:
        record = self._view.record
        return Record(
            born=record.born,
            agreed=self._base,
            updated=record.updated,
            since=record.since or self._view.issue.updated,
            sending=self._sending,
            looked=last_change(self._view.issue) if self._sending else 0,
            taking=self._taking,
            refused=self._refused,
            undone=self._undone,
            barred=self._barred or "",
        )

    def _about_to_send(self, values: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
        """Put on record what is about to be written, so that it is known as ours should no answer come.

        `ours` is what the task says by that: it may say something else before the outcome is known.
        """
        self._sending |= {name: {"sent": value, "ours": ours[name]} for name, value in values.items()}
        self._put_on_record()

    def _put_on_record(self) -> None:
        keep(self._view.task.id, self._view.issue, self._record(), hub=self._hub, state=self._state())

    def _state(self) -> str | None:
        link = link_of(self._view.task.id, self._hub)
        return link.state if link is not None else None

    def _losing(self, steps: list[Step]) -> list[Step]:
        """The steps as `tm conflicts lost` shows them; what plain text cannot hold is kept as it is."""
        opaque = [s for s in steps if isinstance(s, Push) and s.field == "description" and self._holds_more(s.lost)]
        return [*opaque, *self._view.readable(step for step in steps if step not in opaque)]

    def _holds_more(self, lost: Any) -> bool:
        return lost is not NOTHING and self._view.translation.is_opaque(lost)

    def _count(self, pushes: list[Push], ours: Mapping[str, Any]) -> None:
        """Note how often a value of ours was written, one after the other, without any other in between."""
        for step in pushes:
            before = self._before(step.field)
            times = before["times"] + 1 if before["ours"] == ours[step.field] else 1
            self._undone[step.field] = {**before, "ours": ours[step.field], "times": times}

    def _before(self, field: str) -> dict[str, Any]:
        """What is known of a field's writes and turns in the last day."""
        now, known = self._view.now, self._undone.get(field)
        if known is None or now - datetime.fromisoformat(known["since"]) > FORGOTTEN:
            return {"ours": None, "times": 0, "turns": 0, "since": tm.stamp(now)}
        return dict(known)

    # pulling

    def _take(self, pulls: list[Pull]) -> Task:
        """The task after it got what the issue has to give."""
        task = self._view.task
        if not pulls:
            return task
        values = {step.field: step.value for step in pulls}
        status = values.pop("status", None)
        try:
            task = self._updated(task, values, self._acting(values)) if values else task
            task = self._moved(task, status, self._acting(["status"])) if status else task
        except tm.RevisionConflict as moved_on:
            raise tm.RetryLater(str(moved_on), after=timedelta(seconds=1)) from None
        ours = ours_of(task)
        self._base |= {step.field: Agreed(ours[step.field], self._view.issue.theirs[step.field]) for step in pulls}
        return task

    def _acting(self, fields: Iterable[str]) -> HubTasks:
        """The use cases in the name of whoever changed these fields of the issue last."""
        touched = [
            each
            for each in self._view.issue.history
            if any(is_of(item, field) for item in each.get("items") or () for field in fields)
        ]
        author = touched[-1].get("author") if touched else None
        if not isinstance(author, dict) or account_of(author, is_cloud=self._site.is_cloud) == self._site.me:
            return self._tasks
        name = name_of(author, self._hub, is_cloud=self._site.is_cloud)
        return self._tasks.acting_for(name) if name else self._tasks

    def _updated(self, task: Task, values: dict[str, Any], tasks: HubTasks) -> Task:
        try:
            return tasks.update(task.id, revision=task.revision, **values)
        except tm.UsageError as wrong:
            if len(values) == 1:
                return self._declined(task, f"{next(iter(values))} cannot be taken over: {wrong}")
        for name, value in values.items():
            task = self._updated(task, {name: value}, tasks)
        return task

    def _moved(self, task: Task, status: str, tasks: HubTasks) -> Task:
        name = self._view.issue.theirs["status"]["name"]
        try:
            return tasks.bring(task.id, status, reason=f"{self._view.issue.key} is {name}", revision=task.revision)
        except tm.RevisionConflict:
            raise
        except (tm.Refused, tm.CriteriaNotMet) as refusal:
            return self._declined(task, f"it is {name}, and the task stays {task.status}: {refusal}")

    def _declined(self, task: Task, why: str) -> Task:
        return self._tasks.context(task.id, f"{self._view.issue.key}: {why}")

    # pushing

    def _give(self, pushes: list[Push], task: Task) -> Issue:
        """The issue after it got what the task has to give, as far as Jira takes it."""
        ours = ours_of(task)
        done = self._written(pushes, ours, task.status) if self._is_ours_to_write() else []
        after = read(self._view.issue.id, self._site)
        if self._way:
            self._bar(f"{after.key} stays {after.theirs['status']['name']}. {self._way}")
        overruled = self._journal(after, done)
        self._count(done, ours)
        for step in done:
            if step.field == "status" and not overruled and not self._has_arrived(after, task.status):
                self.unsure = True
                continue
            said = step.value if step.field in overruled else after.theirs.get(step.field)
            self._base[step.field] = Agreed(ours[step.field], said)
        if self._is_half_way(after) and "status" in self._base:
            self._base["status"] = Agreed(self._base["status"].ours, after.theirs["status"])
        return after

    def _written(self, pushes: list[Push], ours: Mapping[str, Any], status: str) -> list[Push]:
        """Write fields, then the status; returns what was written."""
        values = {step.field: step.value for step in pushes if step.field != "status"}
        refused = self._fields_written(values, ours) if values else frozenset()
        if any(step.field == "status" for step in pushes):
            self._way = self._transit(status)
            refused |= {"status"} if self._way else set()
        return [step for step in pushes if step.field not in refused]

    def _fields_written(self, values: dict[str, Any], ours: Mapping[str, Any]) -> frozenset[str]:
        """Write fields; returns those that were not."""
        self._about_to_send(values, ours)
        try:
            odd = self._edit(values)
        except tm.PermanentFailure as failure:
            self._bar(failure)
            return frozenset(values)
        self._refused = {name: said for name, said in self._refused.items() if name not in values}
        self._refused |= {name: ours[name] for name in odd}
        return frozenset(odd)

    def _is_half_way(self, after: Issue) -> bool:
        """Whether the issue stands at a stop where we brought it and could not go on."""
        return bool(self._barred) and after.theirs["status"]["id"] in self._on_the_way()

    def _on_the_way(self) -> list[str]:
        """The ids of the statuses that the issue was moved to by now."""
        found: list[str] = self._sending.get("status", {}).get("sent", [])
        return found

    def _is_ours_to_write(self) -> bool:
        """Claim the issue before anything is written to it; whether Jira lets us."""
        try:
            issue = claimed(self._view.issue, self._view.task.id, hub=self._hub, site=self._site)
        except tm.PermanentFailure as failure:
            self._bar(failure)
            return False
        self._view = self._view._replace(issue=issue)
        return True

    def _bar(self, why: object) -> None:
        """Note why the issue cannot follow its task, besides what is noted already."""
        self._barred = f"{self._barred} {why}" if self._barred else str(why)

    def _has_arrived(self, after: Issue, status: str) -> bool:
        """Whether the issue is where it was moved to; one that could not be moved is where it may stay."""
        now, moved = after.theirs["status"], self._on_the_way()
        return not moved or now["id"] in moved or self._view.translation.words.status_of(now) == status

    def _edit(self, values: dict[str, Any]) -> list[str]:
        """Write fields; returns those that Jira does not take on this issue, which may stay apart."""
        issue, born = self._view.issue, self._view.record.born
        footer = footer_of(self._view.task.id) if born == "here" else None

        def write(chosen: Mapping[str, Any]) -> None:
            fields, update = sent(chosen, is_cloud=self._site.is_cloud, footer=footer, before=issue.theirs)
            if fields or update:
                self._site.edit(issue.id, fields=fields, update=update)

        try:
            write(values)
        except Refused as refusal:
            odd = refused_fields(refusal)
            if not odd:
                raise
            self._hub.remark(f"{issue.key} does not take {listed(odd)}: {refusal}")
            write({name: value for name, value in values.items() if name not in odd})
            return odd
        return []

    def _transit(self, status: str) -> str | None:
        """Bring the issue to a status of ours; why not, if there is no way."""
        issue, words = self._view.issue, self._view.translation.words
        project = self._hub.settings.rule_for(issue.project, issue.issue_type)
        required, stops = (project.required, project.via) if project else ({}, ())
        found: Move | NoWay = NoWay("")
        for _ in range(len(stops) + 1):
            offered = self._site.transitions(issue.id)
            if not offered:
                self._site.account()
                return (
                    "Jira offers this account no transition from there: its workflow ends there, or the account lacks "
                    "the permission to transition issues."
                )
            found = move_to(status, offered, words=words, required=required)
            if isinstance(found, NoWay) and status == "cancelled" and status not in words.named:
                found = move_to("completed", offered, words=words, required=required)
            if isinstance(found, Move):
                return self._take_way(found, status, arrives=True)
            step = move_via(stops, offered, required=required)
            if step is None:
                break
            if barred := self._take_way(step, status, arrives=False):
                return barred
            stops = stops[[each.casefold() for each in stops].index(step.to.casefold()) + 1 :]
        if status == "blocked" and status not in words.named:
            self._hub.remark(f"{issue.key} has no status for blocked; it stays where it is.")
            return None
        return found.reason if isinstance(found, NoWay) else None

    def _take_way(self, move: Move, status: str, *, arrives: bool) -> str | None:
        """Take a transition; what Jira has against it, unless the issue got there by somebody else."""
        issue = self._view.issue
        ids = [*self._on_the_way(), move.target]
        self._sending["status"] = {"sent": ids, "ours": status, "arrives": arrives}
        self._put_on_record()
        try:
            self._site.transit(issue.id, move.id, fields=move.fields)
        except (Refused, Forbidden) as refusal:
            now = read(issue.id, self._site)
            return None if self._view.translation.words.status_of(now.theirs["status"]) == status else str(refusal)
        return None

    # what came in between

    def _journal(self, after: Issue, pushes: list[Push]) -> frozenset[str]:
        """Keep what others wrote between our look and our write; the fields that say something else than we wrote.

        Whatever else changed in that moment makes us unsure: it is looked at again.
        """
        before = self._view.issue
        writes = {step.field: self._on_the_way() if step.field == "status" else step.value for step in pushes}
        lost, overruled = crossed(changes_since(after, last_change(before)), writes, is_me=self._is_me)
        self._hub.conflicts.lose(self._view.task.id, lost, place=before.key)
        if "labels" in writes and sorted(after.theirs.get("labels", writes["labels"])) != sorted(writes["labels"]):
            overruled |= {"labels"}
        known = {*writes} | ({"status"} if self._is_half_way(after) else set())
        is_touched = any(after.theirs[name] != before.theirs.get(name) for name in after.theirs if name not in known)
        self.unsure = bool(overruled) or is_touched
        return overruled

    def _look_back(self) -> None:
        """Keep what an earlier write may have overwritten whose outcome nobody saw."""
        record, issue = self._view.record, self._view.issue
        writes = {field: write["sent"] for field, write in record.sending.items()}
        lost, _ = crossed(changes_since(issue, record.looked), writes, is_me=self._is_me)
        self._hub.conflicts.lose(self._view.task.id, lost, place=issue.key)

    def _is_me(self, author: Mapping[str, Any]) -> bool:
        return account_of(author, is_cloud=self._site.is_cloud) == self._site.me


def claimed(issue: Issue, task_id: str, *, hub: Hub, site: Site) -> Issue:
    """The issue with our mark on it, which it gets before anything is written to it."""
    if issue.mark is not None:
        return issue
    mark = mark_for(task_id, hub)
    site.set_mark(issue.id, mark)
    return issue._replace(mark=mark)


def read(issue: str, site: Site) -> Issue:
    """An issue as it is now."""
    return issue_of(site.issue(issue, fields=WANTED), is_cloud=site.is_cloud)
