"""How git's hooks stand here, for `tm git status` and `tm doctor git`."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tm import Finding, Refused, UsageError
from tm_git import managers, scripts
from tm_git.installing import PROGRAM, events
from tm_git.places import all_files, hooks_folder, read, room, seats
from tm_git.repo import Repo
from tm_git.spooled import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tm import Hub
    from tm_git.places import Seat

State = Literal[
    "installed", "not installed", "missing", "replaced", "shadowed", "without list", "stale", "not executable"
]
_INSTALL = "Run: tm git install"
_WORDS: dict[State, tuple[str, str]] = {
    "installed": ("", ""),
    "not installed": ("tm has no hook for it", _INSTALL),
    "missing": ("the hook of tm is gone", _INSTALL),
    "replaced": ("another hook was put in the place of tm's", _INSTALL),
    "shadowed": ("core.hooksPath leads git past the folder with tm's hook", _INSTALL),
    "without list": (
        "pre-commit does not hand on git's list of rewritten commits, so tm has to recognise them by their content",
        "Nothing must be done; without pre-commit's own hook for it the list would come through.",
    ),
    "stale": ("the lines are of another version of tm", _INSTALL),
    "not executable": ("git skips the file because it is not executable", "Make it so: chmod +x"),
}


class HookState(NamedTuple):
    """How the hook of one event stands, in which file, and what to do about it."""

    event: str
    state: State
    path: Path
    by: str

    @property
    def advice(self) -> str:
        """What to do, "" if nothing."""
        if self.by == "lefthook" and self.state != "installed":
            return managers.lefthook_advice(self.event)
        if self.state == "not executable":
            return f"{_WORDS[self.state][1]} {self.path}"
        return _WORDS[self.state][1]

    def __str__(self) -> str:
        way = f" (by {self.by})" if self.by != "git" else ""
        why = f": {_WORDS[self.state][0]}" if _WORDS[self.state][0] else ""
        return f"{self.event}{way}: {self.state}{why}"


class Report(NamedTuple):
    """Everything there is to say about the hooks of a repository."""

    hooks: Sequence[HookState]
    tm: str | None
    is_tm_there: bool
    waiting: int
    trouble: str

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        hooks = [
            {"event": each.event, "state": each.state, "by": each.by, "path": str(each.path), "advice": each.advice}
            for each in self.hooks
        ]
        tm = {"path": self.tm, "is_found": self.is_tm_there}
        return {"hooks": hooks, "tm": tm, "waiting": self.waiting, "trouble": self.trouble or None}

    def as_lines(self) -> Iterator[str]:
        """The same for people."""
        for finding in self.findings():
            yield finding.message + (f" {finding.advice}" if finding.advice else "")

    def findings(self) -> Iterator[Finding]:
        """The same for `tm doctor`."""
        for each in self.hooks:
            level: Literal["ok", "warning"] = "ok" if each.state in ("installed", "without list") else "warning"
            yield Finding(level=level, message=f"{each}.", advice=each.advice)
        if self.tm is not None and not self.is_tm_there:
            message = f"The hooks look for tm at {self.tm}, where it is not, and it is not in PATH either."
            yield Finding(level="error", message=message, advice=_INSTALL)
        if self.trouble:
            yield Finding(level="error", message=f"{self.waiting} notes of the hooks wait.", advice=self.trouble)
        else:
            yield Finding(level="ok", message=f"{self.waiting} notes of the hooks wait.")


def report(repo: Repo, *, trailers: bool, trouble: str = "") -> Report:
    """Look at every hook. Raises Refused where git can run none."""
    program = read(room(repo) / PROGRAM)
    recorded = scripts.recorded_tm(program)
    wanted = events(trailers=trailers)
    hooks = [_state(repo, seat, program=program) for seat in seats(repo) if seat.event in wanted]
    is_there = bool(recorded and os.access(recorded, os.X_OK)) or shutil.which("tm") is not None
    return Report(hooks, recorded, is_there, Spool(room(repo)).waiting(), trouble)


def findings(hub: Hub) -> Iterator[Finding]:
    """What `tm doctor git` says of the repository one stands in."""
    try:
        repo = Repo.here()
    except UsageError:
        yield Finding(level="ok", message="This folder is in no git repository, so there are no hooks to look at.")
        return
    try:
        yield from report(repo, trailers=hub.settings.trailers).findings()
    except Refused as refusal:
        yield Finding(level="warning", message=str(refusal))


def _state(repo: Repo, seat: Seat, *, program: bytes) -> HookState:
    by: str = seat.keeper
    if managers.runs(repo, seat.keeper, event=seat.event):
        is_listless = seat.keeper == "pre-commit" and seat.event == "post-rewrite"
        return HookState(seat.event, "without list" if is_listless else "installed", seat.path, by)
    text = read(seat.path)
    if scripts.has_lines(text) and seat.keeper != "lefthook":
        return HookState(seat.event, _state_of_lines(seat, text, program=program), seat.path, by)
    return HookState(seat.event, _state_without(repo, seat, was_there=bool(program)), seat.path, by)


def _state_of_lines(seat: Seat, text: bytes, *, program: bytes) -> State:
    recorded = scripts.recorded_tm(program)
    if scripts.lines_for(seat.event) not in text or recorded is None or scripts.program(recorded) != program:
        return "stale"
    if seat.keeper != "husky" and not os.access(seat.path, os.X_OK):
        return "not executable"
    if seat.keeper == "pre-commit" and seat.event == "post-rewrite":
        return "without list"
    return "installed"


def _state_without(repo: Repo, seat: Seat, *, was_there: bool) -> State:
    folder = hooks_folder(repo).path
    elsewhere = [
        path for path in all_files(repo)
        if path.parent != folder and path.name == seat.event and scripts.has_lines(read(path))
    ]  # fmt: skip
    if elsewhere:
        return "shadowed"
    if not was_there:
        return "not installed"
    return "replaced" if read(seat.path) else "missing"
