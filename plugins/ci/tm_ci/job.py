"""One job of a run: the lines it says, the file they go to, and the hub that is told when there is one."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import tm
from tm_ci import runfile
from tm_ci.contexts import LOCAL
from tm_ci.lines import START, STEP, VALUE, Line
from tm_ci.measured import Judged
from tm_ci.recording import Recorded, Recorder
from tm_ci.rules import default_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tm_ci.contexts import Context
    from tm_ci.gathering import Found
    from tm_ci.settings import Settings

T = TypeVar("T")

_COMMAND = re.compile(r"(?m)^\s*::")  # GitHub trims before it looks


def say(text: str) -> None:
    """A line on stderr, harmless to terminals and to the commands that CI systems look for in a log."""
    shown = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text)
    sys.stderr.write(_COMMAND.sub(": :", shown).replace("##[", "## [") + "\n")


def whole(said: Any) -> Any:
    """The same without half characters, which file names that are no UTF-8 bring along."""
    if isinstance(said, str):
        return said.encode("utf-8", "backslashreplace").decode() if not said.isascii() else said
    if isinstance(said, dict):
        return {name: whole(each) for name, each in said.items()}
    return [whole(each) for each in said] if isinstance(said, list) else said


class Job:
    """This job. With `is_strict` a hub that cannot be told is an error; else the build goes on without it."""

    def __init__(self, context: Context, settings: Settings, file: Path, *, is_strict: bool = False) -> None:
        self.context = context
        self.files = [str(file)]
        self.settings = settings
        self.file = file
        self._is_strict = is_strict

    @property
    def judged(self) -> Judged:
        """What this job's run is judged for."""
        return Judged(run=self.context.run, commit=self.context.commit)

    def line(self, kind: str, name: str, **more: Any) -> Line:
        """A line of this job, said now."""
        context = self.context
        more = {key: whole(text) for key, text in more.items()}
        return Line(
            kind=kind,
            name=whole(name),
            at=tm.stamp(tm.Clock().now()),
            run=context.run,
            attempt=context.attempt,
            commit=context.commit,
            job=context.job,
            leg=context.leg,
            **more,
        )

    def criteria_of(self, task: str) -> Sequence[tm.Criterion] | None:
        """What a task of the hub asks for, so that later jobs need no hub; None where no hub says.

        Raises NotFound when a hub answers that it has no such task: a gate that a mistyped id opens is none.
        """
        missing: list[tm.NotFound] = []

        def ask(hub: tm.Hub) -> Sequence[tm.Criterion] | None:
            try:
                return hub.tasks.get(hub.tasks.resolve(task)).criteria
            except tm.NotFound as error:
                missing.append(error)
                return None

        found = self.with_hub(ask)
        if missing:
            raise missing[0]
        return found

    def start(
        self, *, title: str, criteria: Sequence[tm.Criterion], is_hiding: bool, task: str | None, context: str
    ) -> Line:
        """The line that begins a run; `is_hiding` says that its task has criteria besides that could not be read."""
        asked = [{name: getattr(each, name) for name in ("criterion", "measurable", "manual")} for each in criteria]
        data = {"title": title, "criteria": asked, "is_hiding": is_hiding, "task": task, "context": context}
        return self.line(START, START, data=data)

    def step(self, name: str, *, status: str, note: str | None) -> Line:
        """The line of a step."""
        return self.line(STEP, name, data={"status": status, "note": note})

    def values(self, found: Found) -> list[Line]:
        """The lines of what was found in one place, under the names the settings give."""
        lines = []
        for own, value in found.reading.items():
            name = self.settings.names.get(own, own)
            rule = self.settings.rules.get(name) or self.settings.rules.get(own) or default_rule(own)
            reason = None if value is not None else found.reason or "nobody knows"
            data = {"value": value, "reason": reason, "rule": rule, "digest": found.digest}
            lines.append(self.line(VALUE, name, of=found.of, data=data))
        return lines

    def steps_of(self, found: Sequence[Found]) -> list[Line]:
        """A failed step for each report that should have been there, and a passed one when it is there at last."""
        failed = {line.name for line in runfile.lines_there(self.file) if line.kind == STEP}
        names = [(f"measure {each.of}", each) for each in found]
        lost = [self.step(name, status="failed", note=each.reason) for name, each in names if each.is_lost]
        made_good = [name for name, each in names if not each.is_lost and whole(name) in failed]
        return [*lost, *(self.step(name, status="passed", note=None) for name in made_good)]

    def begin(self) -> None:
        """Leave nothing of another run or attempt in the file."""
        if self.file.exists():
            lines, damage = runfile.lines_of(self.file)
            whose = {(line.run, line.attempt) for line in lines}
            if damage or whose - {(self.context.run, self.context.attempt)}:
                runfile.begin(self.file)

    def began_at(self) -> float | None:
        """When this run began on this machine, in seconds since 1970; None at a desk, where reports may be older."""
        starts = [line.at for line in runfile.lines_there(self.file) if line.kind == START]
        if not starts or self.context.system == LOCAL:
            return None
        return datetime.fromisoformat(max(starts)).timestamp()

    def write(self, lines: Sequence[Line]) -> list[Line]:
        """Append to the run file; the lines as they are there."""
        return runfile.append(self.file, lines)

    def tell(self, lines: Sequence[Line], *, task: str | None = None) -> Recorded | None:
        """Record lines in the hub; None where there is none, or it cannot be told and need not be."""
        rules = self.settings.rules
        return self.with_hub(lambda hub: Recorder(hub, self.context, self.judged, rules=rules).record(lines, task=task))

    def with_hub(self, use: Callable[[tm.Hub], T]) -> T | None:
        """What `use` makes of the hub, or None where there is none; CriteriaNotMet is an answer, not a failure."""
        try:
            if not tm.has_hub("ci"):
                return None
            with tm.open_hub("ci") as hub:
                return use(hub)
        except tm.CriteriaNotMet:
            raise
        except (tm.TmError, OSError) as error:
            if self._is_strict:
                raise
            say(f"The hub was not told, and the build goes on without it: {error}")
            say(f"To tell it later: tm ci finish {shlex.join(self.files)}")
            return None

    def ruled(self, rules: Mapping[str, Any]) -> Job:
        """The same job with other rules than the settings'."""
        settings = self.settings.model_copy(update={"rules": dict(rules)})
        return self._with(self.context, settings)

    def judging(self, *, run: str | None, commit: str | None) -> Job:
        """The same job, judging another run or commit than the variables name."""
        context = replace(self.context, run=run or self.context.run, commit=commit or self.context.commit)
        return self._with(context, self.settings)

    def _with(self, context: Context, settings: Settings) -> Job:
        job = Job(context, settings, self.file, is_strict=self._is_strict)
        job.files = self.files
        return job
