"""`tm explain`: which plugin would hear of an event, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tm.app import ALONE
from tm.cli.queries import envelope
from tm.cli.say import out, rows, say
from tm.cli.spec import FORMAT, ID, Argument, Command, Option
from tm.errors import UsageError
from tm.store.plugins import PluginRecords
from tm.store.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm.app import Session
    from tm.diagnosis.whatif import Explanation
    from tm.events import Event

HEADS = ("plugin", "told", "hook", "why")


def run(session: Session, values: Mapping[str, Any]) -> int:
    """Print what each enabled plugin would make of the event; nothing is stored and nobody is told."""
    from tm.diagnosis.audit import open_hosting
    from tm.diagnosis.whatif import event_type, explain  # dear, and no other command needs them
    from tm.imagine import imagined

    kind = event_type(values["event"])
    task_id = Tasks(session.database).resolve(_task(values))
    event = imagined(
        session.database,
        session.clock,
        kind=kind,
        task_id=task_id,
        origin=values["origin"] or "cli",
        actor=session.actor,
    )
    hosting = open_hosting(session)
    health = PluginRecords(session.database).health()
    told = [
        explain(event, plugin, hosting=hosting, health=health.get(name)) for name, plugin in hosting.plugins.items()
    ]
    _print(event, told, as_json=values["format"] == "json")
    if not told:
        say(ALONE if session.leaves_plugins_alone else "No plugin is enabled. See them: tm plugins")
    return 0


def _task(values: Mapping[str, Any]) -> str:
    named = [each for each in (values["id"], values["task"]) if each is not None]
    if len(named) != 1:
        raise UsageError(f"Say of which task, once. Example: tm explain {values['event'][:60]} 7f3a0c11")
    return str(named[0])


def _print(event: Event, told: list[Explanation], *, as_json: bool) -> None:
    if as_json:
        plugins = [{name: getattr(each, name) for name in type(each).__annotations__} for each in told]
        out(json.dumps({"event": envelope(event), "plugins": plugins}, ensure_ascii=False))
        return
    rows(HEADS, [(each.plugin, each.told, each.hook, " ".join(each.why)) for each in told])


COMMAND = Command(
    name="explain",
    help="Say which plugins would hear of an event of a task, and why. Nothing is stored, nobody is told.",
    run=run,
    panel="Delivery",
    arguments=(
        Argument(name="event", help="Such as blocked, completed, progressed, created."),
        ID.with_(is_required=False),
    ),
    options=(
        Option(flag="--task", metavar="ID", help="The same task, said with an option."),
        Option(flag="--origin", metavar="NAME", help="As if it came from this plugin; cli if not said."),
        FORMAT,
    ),
)
