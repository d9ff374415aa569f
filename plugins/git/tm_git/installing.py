"""Putting our lines into git's hooks and taking them out again: plans that say what is to change."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tm import Refused
from tm_git import managers, scripts
from tm_git.changes import Move, Remove, Write
from tm_git.places import all_files, hooks_folder, kept, outside_folder, read, room, seats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tm_git.changes import Change
    from tm_git.places import Seat
    from tm_git.repo import Repo

PROGRAM = "hook"
_OUTSIDE = (
    "Git runs hooks from {path} here, outside this repository, so others that use it would run these as well. "
    "Say --follow-hooks-path if that is wanted, or give this one its own: git config core.hooksPath .githooks"
)


class Plan:
    """What an installation changes, and what it leaves to a person."""

    def __init__(self, changes: Sequence[Change], advice: Sequence[str] = ()) -> None:
        self.changes = changes
        self.advice = advice


def events(*, trailers: bool) -> tuple[str, ...]:
    """The events that get a hook; without trailers messages are left alone."""
    return scripts.EVENTS if trailers else scripts.NOTING


def plan_install(repo: Repo, tm: str, *, trailers: bool = True, follows: bool = False) -> Plan:
    """What it takes to have our hooks here, nothing if they are. Raises Refused where that cannot or may not be."""
    folder = hooks_folder(repo)
    if folder.is_outside and not follows:
        raise Refused(_OUTSIDE.format(path=folder.path))
    program = Write(room(repo) / PROGRAM, scripts.program(tm), 0o755, "what the hooks run")
    changes: list[Change] = [] if read(program.path) == program.text else [program]
    wanted, advice = events(trailers=trailers), []
    for seat in seats(repo):
        if seat.event not in wanted:
            changes += _without(seat.path, seat.event)
        elif managers.runs(repo, seat.keeper, event=seat.event):
            continue
        elif seat.keeper == "lefthook":
            advice.append(managers.lefthook_advice(seat.event))
        else:
            changes += _with(seat)
    return Plan(changes, advice)


def plan_uninstall(repo: Repo, *, follows: bool = False) -> Plan:
    """What it takes to leave no line of ours; every file that was there before is as it was."""
    outside = None if follows else outside_folder(repo)
    changes: list[Change] = []
    advice: list[str] = []
    for path in dict.fromkeys(all_files(repo)):
        found = list(_without(path, path.name.partition(".")[0]))
        if found and path.parent == outside:
            advice.append(f"The lines in {path} stay for other repositories; --follow-hooks-path takes them out.")
        else:
            changes += found
    program = room(repo) / PROGRAM
    if program.exists():
        changes.append(Remove(program, "what the hooks ran"))
    return Plan(changes, advice)


def own_path() -> str:
    """The absolute path of the `tm` that runs now."""
    started = Path(sys.argv[0])
    for path in (started.absolute(), Path(sys.executable).with_name("tm")):
        if path.name == "tm" and os.access(path, os.X_OK):
            return str(path)
    found = shutil.which("tm")
    if found is None:
        raise Refused("No program tm can be found for the hooks to run. Put its folder into PATH, then install again.")
    return str(Path(found).absolute())


def _with(seat: Seat) -> Iterator[Change]:
    path, event = seat.path, seat.event
    text, mode = read(path), 0o644 if seat.keeper == "husky" else 0o755
    why = f"runs tm on {event}"
    if not path.exists() and not path.is_symlink():
        yield Write(path, scripts.alone(event), mode, why)
    elif scripts.has_lines(text) or _can_hold(seat, text):
        changed = scripts.with_lines(text, event)
        if scripts.has_lines(scripts.without_lines(text)):
            raise Refused(f"The lines of tm in {path} have lost their end. Take them out by hand, then install again.")
        if changed != text:
            yield Write(path, changed, path.stat().st_mode & 0o7777, f"{why}, before what stands there")
    else:
        yield from _around(path, event, why=why)


def _can_hold(seat: Seat, text: bytes) -> bool:
    """Whether our lines can stand in a file of somebody else, and can be told from it again."""
    if seat.path.is_symlink() or text == scripts.SHEBANG or not scripts.is_shell(text):
        return False
    return seat.keeper == "husky" or os.access(seat.path, os.X_OK)


def _around(path: Path, event: str, *, why: str) -> Iterator[Change]:
    aside = kept(path, event)
    if aside.exists() or aside.is_symlink():
        raise Refused(f"{aside} is there from an earlier time. Move it away or back, then install again.")
    yield Move(path, aside, "kept as it is, the new file goes on with it")
    yield Write(path, scripts.wrapper(event), 0o755, why)


def _without(path: Path, event: str) -> Iterator[Change]:
    text = read(path)
    if not scripts.has_lines(text):
        return
    left, aside = scripts.without_lines(text), kept(path, event)
    if left == scripts.SHEBANG + scripts.rest(event) and (aside.exists() or aside.is_symlink()):
        yield Move(aside, path, "back where it was")
    elif left == scripts.SHEBANG:
        yield Remove(path, "nothing but lines of tm")
    elif scripts.has_lines(left):
        raise Refused(f"The lines of tm in {path} have lost their end. Take them out by hand.")
    else:
        yield Write(path, left, path.stat().st_mode & 0o7777, "without the lines of tm")
