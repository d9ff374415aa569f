"""`tm delivery …`: look at deliveries and steer them."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from tm.app import ALONE
from tm.cli.say import out, rows, say
from tm.cli.spec import FORMAT, Argument, Command, Option
from tm.clock import stamp
from tm.diagnosis.pauses import held_back
from tm.errors import NOT_DELIVERED, NotFound, UsageError
from tm.service.steering import dead_letters, drop, redeliver
from tm.store.events import Events
from tm.store.ledger import Ledger
from tm.times import duration, since, zone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tm.app import Session
    from tm.store.ledger import Row, Standing

HEADS = ("id", "plugin", "event", "task", "state", "attempts", "due", "error")
ATTEMPT_HEADS = ("attempt", "started", "ended", "outcome", "error", "what was done")
STANDING_HEADS = ("plugin", "owed", "oldest", "dead", "state", "why")
_FIELDS = {
    "unknown": "may have happened",
    "holds": "holds back later ones",
    "attempt": "attempts",
    "held_by": "goes after",
}
_OUTCOMES: dict[str | None, str] = {"unknown": "may have happened", "reclaimed": "cut off; may have happened"}
_OWED = ("pending", "claimed")


def run_list(session: Session, values: Mapping[str, Any]) -> int:
    """Print deliveries, newest first."""
    states: Sequence[str] = ("dead",) if values["dead"] else _OWED if values["owed"] else ()
    limit = 50 if values["limit"] is None else values["limit"]
    if values["plugin"]:
        _known(session, values["plugin"])
    found = Ledger(session.database).rows(plugin=values["plugin"], states=states, limit=limit)
    if values["format"] == "json":
        out(json.dumps([each.__dict__ for each in found], ensure_ascii=False))
    else:
        rows(HEADS, [_cells(each) for each in found], nothing="No deliveries.")
        _say_what_holds(session, {each.plugin for each in found if each.state in _OWED})
        if any(each.state == "dead" for each in found):
            say("Look into a dead one: tm delivery show ID · once mended: tm delivery redeliver ID")
    return 0


def _say_what_holds(session: Session, names: Collection[str]) -> None:
    now = stamp(session.clock.now())
    for each in Ledger(session.database).standings():
        if each.plugin in names and (held := held_back(each, now=now)):
            say(f"{each.plugin} is not called now: {': '.join(held)}")


def _cells(row: Row) -> tuple[Any, ...]:
    due = row.due_at if row.state in _OWED else ""
    why = f"delivery {row.held_by} goes first" if row.held_by else row.error
    return row.id, row.plugin, row.event_type, row.task_id, row.state, row.attempt, due, why


def run_show(session: Session, values: Mapping[str, Any]) -> int:
    """Print one delivery with every attempt on record, and what can be done."""
    ledger = Ledger(session.database)
    row = ledger.get(_number(values["number"]))
    attempts = ledger.attempts(row.id)
    if values["format"] == "json":
        out(json.dumps({**row.__dict__, "attempts": [each._asdict() for each in attempts]}, ensure_ascii=False))
        return 0
    rows(("field", "value"), [(_named(name), _worded(value)) for name, value in row.__dict__.items()])
    rows(
        ATTEMPT_HEADS,
        [each._replace(outcome=_OUTCOMES.get(each.outcome, each.outcome)) for each in attempts],
        nothing="No attempt is on record.",
    )
    if row.state in _OWED:
        _say_what_holds(session, {row.plugin})
    if row.state == "dead":
        say(f"Once the reason is mended: tm delivery redeliver {row.id} · to give it up: tm delivery drop {row.id}")
    return 0


def _named(field: str) -> str:
    return _FIELDS.get(field, field.replace("_", " "))


def _worded(value: object) -> object:
    return ("no", "yes")[value] if isinstance(value, bool) else value


def run_redeliver(session: Session, values: Mapping[str, Any]) -> int:
    """Put dead letters back in line."""
    chosen = _chosen(session, values)
    redeliver(session.database, chosen, at=stamp(session.clock.now()))
    for each in chosen:
        say(f"✓ delivery {each} is due again.")
    session.hand_over()
    return 0


def run_drop(session: Session, values: Mapping[str, Any]) -> int:
    """Give deliveries up for good."""
    chosen = _chosen(session, values)
    drop(session.database, chosen, at=stamp(session.clock.now()))
    for each in chosen:
        say(f"✓ delivery {each} dropped.")
    session.hand_over()
    return 0


def _chosen(session: Session, values: Mapping[str, Any]) -> list[int]:
    if values["plugin"] and not values["ids"]:
        _known(session, values["plugin"])
        return dead_letters(session.database, values["plugin"])
    if not values["ids"] or values["plugin"]:
        raise UsageError("Name deliveries by id, or all of a plugin: --plugin NAME. See them: tm delivery list")
    return [_number(each) for each in values["ids"]]


def _known(session: Session, name: str) -> None:
    names = {*session.core.plugins, *(each.plugin for each in Ledger(session.database).standings())}
    if name not in names:
        raise NotFound(f"There is no plugin {name[:60]!r} here. Known: {', '.join(sorted(names)) or 'none'}.")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"{text[:40]!r} is no delivery id. See the ids: tm delivery list")
    return int(text)


def run_replay(session: Session, values: Mapping[str, Any]) -> int:
    """Fan past events out to one plugin, on a person's word."""
    if not values["since"]:
        raise UsageError("Say since when. Example: tm delivery replay mirror --since 7d --dry-run")
    start = since(values["since"], now=session.clock.now(), zone=zone(session.core.timezone))
    if session.leaves_plugins_alone:
        raise UsageError(ALONE)
    from tm.hosting import Hosting  # dear to import, and the other verbs here need no plugin

    hosting = Hosting(session, names=(values["plugin"],))
    plugin = hosting.plugins[values["plugin"]]
    if not plugin.is_active:
        raise UsageError(f"The plugin {plugin.name} is not active ({plugin.state}): {plugin.reason}")
    events = Events(session.database).never_owed(plugin.name, since=stamp(start))
    if values["dry_run"] or not values["yes"]:
        say(f"{len(events)} events since {stamp(start)} were never owed to {plugin.name}. Send them: --yes")
        return 0
    dispatcher = hosting.dispatcher(logging.getLogger("tm"))
    dispatcher.fan.admit()
    say(f"✓ {dispatcher.fan.replay(plugin.name, events)} deliveries made of {len(events)} events.")
    session.hand_over()
    return 0


def run_status(session: Session, values: Mapping[str, Any]) -> int:
    """Print how much each plugin is owed; exit 6 if the oldest is older than `--max-age`."""
    ledger = Ledger(session.database)
    standings, (waiting, oldest) = ledger.standings(), ledger.unfanned()
    if values["format"] == "json":
        found = {"not_fanned_out": waiting, "plugins": [each.__dict__ for each in standings]}
        out(json.dumps(found, ensure_ascii=False))
    else:
        now = stamp(session.clock.now())
        rows(
            STANDING_HEADS,
            [_standing(each, ledger, now=now) for each in standings],
            nothing="No plugin was ever owed anything.",
        )
        if waiting and session.core.plugins:
            say(f"{waiting} events are yet to be handed to the plugins, since {oldest}.")
    if not values["max_age"]:
        return 0
    oldest = oldest if session.core.plugins else None  # nobody is owed anything where no plugin is enabled
    limit = stamp(session.clock.now() - duration(values["max_age"]))
    late = [each for each in (oldest, *(s.oldest for s in standings)) if each and each < limit]
    return NOT_DELIVERED if late or any(each.dead for each in standings) else 0


def _standing(each: Standing, ledger: Ledger, *, now: str) -> tuple[Any, ...]:
    why = (each.owed and ledger.why_owed(each.plugin)) or (each.dead and ledger.why_dead(each.plugin)) or ""
    state, why = held_back(each, now=now) or (each.state, why)
    return each.plugin, each.owed, each.oldest, each.dead, state, why


_IDS = Argument(name="ids", many=True, is_required=False, help="Deliveries by id.")
_PLUGIN = Option(flag="--plugin", metavar="NAME", help="All of this plugin.")
_DEAD = Option(flag="--plugin", metavar="NAME", help="All dead letters of this plugin.")

COMMANDS = (
    Command(
        name="list",
        help="List deliveries, newest first.",
        run=run_list,
        options=(
            _PLUGIN,
            Option(flag="--dead", kind="flag", help="Only dead letters."),
            Option(flag="--owed", kind="flag", help="Only those still owed."),
            Option(flag="--limit", kind="int", metavar="N", help="At most so many; 50 if not said."),
            FORMAT,
        ),
    ),
    Command(
        name="show",
        help="Show one delivery and every attempt.",
        run=run_show,
        arguments=(Argument(name="number", metavar="DELIVERY", help="As tm delivery list shows it."),),
        options=(FORMAT,),
    ),
    Command(
        name="redeliver",
        help="Put dead letters back in line.",
        run=run_redeliver,
        arguments=(_IDS,),
        options=(_DEAD,),
    ),
    Command(name="drop", help="Give deliveries up for good.", run=run_drop, arguments=(_IDS,), options=(_DEAD,)),
    Command(
        name="replay",
        help="Tell a plugin of the past: events it was never owed.",
        run=run_replay,
        arguments=(Argument(name="plugin", help="Which plugin."),),
        options=(
            Option(flag="--since", metavar="WHEN", help="24h, 7d, yesterday, 2026-11-01."),
            Option(flag="--dry-run", kind="flag", help="Only count them (as without --yes)."),
            Option(flag="--yes", kind="flag", help="Really send them."),
        ),
    ),
    Command(
        name="status",
        help="How much each plugin is owed, since when, and why.",
        run=run_status,
        options=(
            Option(
                flag="--max-age",
                metavar="TIME",
                help="Exit 6 if something is owed longer, or dead. Such as 15m.",
            ),
            FORMAT,
        ),
    ),
)
