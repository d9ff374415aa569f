"""The same lines in a hub: one task per run, whatever repeats, and no value that outlives the commit it is of."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tm_ci.contexts import LOCAL, short
from tm_ci.lines import START, STEP, Damaged, Line, merged, read
from tm_ci.measured import Judged, is_current, measured

if TYPE_CHECKING:
    import tm
    from tm_ci.contexts import Context
    from tm_ci.measured import Measured

KEPT = timedelta(days=90)
KIND = "run"
OURS = "CI: "


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What the hub knows afterwards: the task, all lines of the run, what they measure, whether it came late."""

    task_id: str
    lines: tuple[Line, ...]
    measured: Mapping[str, Measured]
    is_late: bool = False


class Recorder:
    """Writes lines of one run to a hub; the same lines again change nothing."""

    def __init__(self, hub: tm.Hub, context: Context, judged: Judged, *, rules: Mapping[str, Any]) -> None:
        self._hub = hub
        self._context = context
        self._judged = judged
        self._rules = rules

    def record(self, lines: Sequence[Line], *, task: str | None = None) -> Recorded | None:
        """Keep the lines and bring the task up to date; None where neither a task nor a start is known yet."""
        before = self._kept()
        known = merged([*before.values(), *lines])
        current = [line for line in known if is_current(line, self._judged)]
        starts = [line for line in current if line.kind == START]
        task_id = self._task(task, starts)
        fresh = [line for line in known if self._place_of(line) not in before]
        if task_id is not None:
            # what came before its start was not told yet; every telling has a key, so none is told twice
            is_new = any(line.kind == START for line in fresh)
            is_late = self._is_late(task_id, starts, known)
            for line in current if is_new else [line for line in fresh if line in current]:
                self._tell(task_id, line, is_late=is_late)
        for line in fresh:
            self._hub.state.add(self._place_of(line), json.loads(line.text), expire_after=KEPT)
        return None if task_id is None else self._brought_up(task_id, starts)

    def _brought_up(self, task_id: str, starts: Sequence[Line]) -> Recorded:
        """Measure the task by all lines; again, if a job beside this one kept others in the meantime."""
        while True:
            kept = self._kept()
            recorded = self._measured(task_id, merged(kept.values()), starts)
            if self._kept().keys() == kept.keys():
                return recorded

    def _measured(self, task_id: str, known: tuple[Line, ...], starts: Sequence[Line]) -> Recorded:
        found = measured(known, self._judged, rules=self._rules)
        is_late = self._is_late(task_id, starts, known)
        if not is_late:
            self._measure(task_id, found)
        return Recorded(task_id=task_id, lines=known, measured=found, is_late=is_late)

    @property
    def _place(self) -> str:
        return f"line:{_digest(self._judged.run)}:"

    def _place_of(self, line: Line) -> str:
        return self._place + _digest(line.text)

    def _kept(self) -> dict[str, Line]:
        found = {}
        for place, value in self._hub.state.list(self._place).items():
            with contextlib.suppress(Damaged):  # of another version; it counts for nothing
                found[place] = read(json.dumps(value))
        return found

    def _task(self, named: str | None, starts: Sequence[Line]) -> str | None:
        hub, run = self._hub, self._judged.run
        named = named or next((line.data["task"] for line in reversed(starts) if line.data.get("task")), None)
        if named:
            task_id = str(hub.tasks.resolve(named))
            if self._context.system != LOCAL:
                hub.links.save(task_id, **self._link)
            return task_id
        linked = hub.links.of_object(run, kind=KIND, instance=_system(run))
        if linked:
            return str(linked[0].task_id)
        if not starts:
            return None
        return str(hub.tasks.add(link=self._link, **_fields(starts[-1])).id)

    @property
    def _link(self) -> dict[str, Any]:
        context = self._context
        return {
            "kind": KIND,
            "instance": _system(context.run),
            "outside_id": context.run,
            "url": context.url,
            "title": context.title,
            "detail": ", ".join(filter(None, (context.branch, context.commit, f"attempt {context.attempt}"))),
        }

    def _tell(self, task_id: str, line: Line, *, is_late: bool) -> None:
        tasks = self._hub.tasks
        key = f"ci:{_digest(line.text)}"
        if line.kind == START:
            task = tasks.get(task_id)
            if task.status == "blocked" and (task.blocked_reason or "").startswith(OURS) and not is_late:
                task = tasks.unblock(task_id)
            if task.status == "pending":
                tasks.move(task_id, "in_progress")
            if line.data.get("context"):
                tasks.context(task_id, line.data["context"], key=key)
        elif line.kind == STEP:
            tasks.progress(task_id, step_note(line), key=key)

    def _is_late(self, task_id: str, starts: Sequence[Line], known: Sequence[Line]) -> bool:
        """Whether a run of another commit began after this one did, its first attempt; the newest run is noted."""
        begun = min((line.at for line in starts or known), default="")
        newest = self._hub.state.get(f"newest:{task_id}")
        mine = {"commit": self._judged.commit, "at": begun}
        if newest and newest["commit"] != mine["commit"] and newest["at"] > begun:
            return True
        self._put(f"newest:{task_id}", mine)
        return False

    def _measure(self, task_id: str, found: Mapping[str, Measured]) -> None:
        before = self._hub.state.get(f"names:{task_id}") or {}
        values = {name: each.value for name, each in found.items()}
        sources = {name: _source(each) for name, each in found.items()}
        for name, commit in before.items():
            if name not in values and commit != self._judged.commit:
                values[name] = None
                sources[name] = f"stale: not measured for {short(self._judged.commit)}"
        stored = self._hub.tasks.measurements(task_id)
        changed = {name: value for name, value in values.items() if stored.get(name) != (value, sources[name])}
        if not changed:
            return
        self._hub.tasks.measure(task_id, changed, sources={name: sources[name] for name in changed})
        self._put(f"names:{task_id}", {**before, **dict.fromkeys(values, self._judged.commit)})

    def _put(self, key: str, value: Any) -> None:
        state = self._hub.state
        for _ in range(10):
            was = state.get(key)
            if was == value or (state.add(key, value) if was is None else state.replace(key, value, was=was)):
                return


def step_note(line: Line) -> str:
    """A step as a note of progress."""
    note = line.data.get("note")
    head = f"{line.name}: {line.data.get('status') or 'noted'}"
    return f"{head}, {note}" if note else head


def _fields(start: Line) -> dict[str, Any]:
    from tm import Criterion  # the only place that makes them of lines for a store

    data = start.data
    named = data["criteria"] or ()
    criteria = tuple(Criterion(criterion=each["criterion"], measurable=each.get("measurable")) for each in named)
    return {"title": data["title"], "criteria": criteria}


def _source(one: Measured) -> str:
    return f"{one.source}; unknown: {one.reason}" if one.value is None else one.source


def _system(run: str) -> str:
    return run.partition(":")[0]


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
