"""`tm conflicts …`: fields that two sides of a sync changed differently, and values that a sync replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tm.cli.say import out, rows, say
from tm.cli.spec import FORMAT, Argument, Command, Option
from tm.clock import stamp
from tm.errors import UsageError
from tm.service.steering import decide
from tm.store.conflicts import Conflicts
from tm.store.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tm.app import Session

HEADS = ("id", "task", "field", "here", "there", "where", "plugin", "decided")
LOST_HEADS = ("at", "task", "field", "lost", "kept", "whose", "where", "plugin")
_SIDES = {"here": "ours", "there": "theirs"}
_WORDS = {"ours": "here", "theirs": "there", None: ""}


def run_list(session: Session, values: Mapping[str, Any]) -> int:
    """Print the conflicts that wait for a person, oldest first."""
    found = Conflicts(session.database).open(task_id=_task(session, values["task"]))
    if values["format"] == "json":
        _print(found, ("ours", "theirs"))
        return 0
    shown = [
        (
            each.id, each.task_id, each.field, _short(each.ours), _short(each.theirs), each.place, each.plugin,
            _WORDS[each.keep],
        )
        for each in found
    ]  # fmt: skip
    rows(HEADS, shown, nothing="No conflicts.")
    if found:
        say("Settle one: tm conflicts resolve ID --keep here|there")
    return 0


def run_resolve(session: Session, values: Mapping[str, Any]) -> int:
    """Say which side of a conflict counts; its plugin carries that out."""
    if not values["keep"]:
        raise UsageError("Say which side counts. Example: tm conflicts resolve 3 --keep here")
    work = session.work(values)
    found = decide(
        work.database,
        _number(values["number"]),
        keep=_SIDES[values["keep"]],
        by=work.caller.actor,
        at=stamp(session.clock.now()),
    )
    say(f"✓ {found.field} of {found.task_id}: what is {values['keep']} counts; {found.plugin} is told.")
    session.hand_over()
    return 0


def run_lost(session: Session, values: Mapping[str, Any]) -> int:
    """Print values that syncs replaced, newest first."""
    limit = 50 if values["limit"] is None else values["limit"]
    found = Conflicts(session.database).lost(task_id=_task(session, values["task"]), limit=limit)
    if values["format"] == "json":
        _print(found, ("lost", "kept"))
        return 0
    shown = [
        (
            each.lost_at, each.task_id, each.field, _short(each.lost), _short(each.kept), _WORDS[each.side], each.place,
            each.plugin,
        )
        for each in found
    ]  # fmt: skip
    rows(LOST_HEADS, shown, nothing="No value was ever replaced.")
    return 0


def _task(session: Session, ref: str | None) -> str | None:
    return Tasks(session.database).resolve(ref) if ref else None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise UsageError(f"{text[:40]!r} is no conflict. See the ids: tm conflicts list")
    return int(text)


def _short(value: str) -> str:
    found = json.loads(value)
    text = found if isinstance(found, str) else value
    return text if len(text) <= 60 else f"{text[:59]}…"


def _print(found: Sequence[Any], values: Sequence[str]) -> None:
    out(
        json.dumps(
            [{**each.__dict__, **{name: json.loads(getattr(each, name)) for name in values}} for each in found],
            ensure_ascii=False,
        )
    )


_OF_TASK = Option(flag="--task", metavar="ID", help="Of this task only.")

COMMANDS = (
    Command(
        name="list",
        help="List the conflicts that wait for a person.",
        run=run_list,
        options=(_OF_TASK, FORMAT),
    ),
    Command(
        name="resolve",
        help="Say which side of a conflict counts.",
        run=run_resolve,
        arguments=(Argument(name="number", metavar="CONFLICT", help="As tm conflicts list shows it."),),
        options=(
            Option(flag="--keep", choices=tuple(_SIDES), metavar="SIDE", help="here (the task's) or there."),
            Option(flag="--by", metavar="WHO", help="Who does this; else TM_ACTOR, git's user.email, or user@host."),
        ),
    ),
    Command(
        name="lost",
        help="List values that a sync replaced, newest first.",
        run=run_lost,
        options=(
            _OF_TASK,
            Option(flag="--limit", kind="int", metavar="N", help="At most so many; 50 if not said."),
            FORMAT,
        ),
    ),
)
