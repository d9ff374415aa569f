"""Asking over many tasks: search, metrics, events."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from tm.cli.listing import HEADS, write_json
from tm.cli.say import one_line, out, rows
from tm.cli.spec import FORMAT, FORMATS, Argument, Command, Option
from tm.clock import stamp
from tm.metrics import as_json_fields, period, summarise
from tm.store.events import Events
from tm.store.listing import Listing, match
from tm.store.tasks import Tasks
from tm.store.tombstones import Tombstones
from tm.times import since, zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tm.app import Session
    from tm.events import Event

FOLLOW_POLL = 0.2


def run_search(session: Session, values: Mapping[str, Any]) -> int:
    """Print the tasks whose title or description has all the words."""
    listing = Listing(session.database)
    limit = 20 if values["limit"] is None else values["limit"]
    filters = {"text": match(" ".join(values["words"]))}
    if values["format"] in ("json", "jsonl"):
        write_json(listing.json(filters, sort="-created", limit=limit), is_array=values["format"] == "json")
    else:
        rows(HEADS, listing.cells(filters, sort="-created", limit=limit), nothing="No tasks.")
    session.nudge()
    return 0


def run_metrics(session: Session, values: Mapping[str, Any]) -> int:
    """Print the metrics of a period."""
    wanted = period(values["period"] or "all", now=session.clock.now(), zone=zone(session.core.timezone))
    fields = as_json_fields(summarise(Listing(session.database).metric_rows(wanted), wanted))
    if values["format"] == "json":
        out(json.dumps(fields))
    else:
        rows(("metric", "value"), [(name.replace("_", " "), value) for name, value in fields.items()])
    session.nudge()
    return 0


def run_events(session: Session, values: Mapping[str, Any]) -> int:
    """Print the history, of all tasks or one; `--follow` goes on printing."""
    events, write = Events(session.database), _writer(values["format"], is_followed=values["follow"])
    task_id, upto = _task_id(session, values["id"]) if values["id"] else None, events.latest()
    start = ""
    if values["since"]:
        start = stamp(since(values["since"], now=session.clock.now(), zone=zone(session.core.timezone)))
    if task_id:
        write(each for each in events.of_task(task_id) if each.at >= start and each.seq <= upto)
    elif start:
        write(each for each in events.since(start) if each.seq <= upto)
    elif not values["follow"]:
        write(_all(events))
    if values["follow"]:
        _follow(events, write, task_id=task_id, seq=upto)
    return 0


def _task_id(session: Session, ref: str) -> str:
    """The task, also a deleted one by its full id: its history stays."""
    is_deleted = Tombstones(session.database).has(ref)
    return ref if is_deleted else Tasks(session.database).resolve(ref)


def _follow(events: Events, write: Callable[[Iterable[Event]], None], *, task_id: str | None, seq: int) -> None:
    while True:
        found = events.after(seq)
        write(each for each in found if task_id in (None, each.task_id))
        sys.stdout.flush()
        seq = found[-1].seq if found else seq
        if not found:
            time.sleep(FOLLOW_POLL)


def _all(events: Events) -> Iterable[Event]:
    seq = 0
    while found := events.after(seq):
        yield from found
        seq = found[-1].seq


def _writer(form: str | None, *, is_followed: bool) -> Callable[[Iterable[Event]], None]:
    """How events are printed; what is followed has no end, so its JSON is one object a line."""
    if form not in ("json", "jsonl"):
        return _write_text
    is_array = form == "json" and not is_followed
    return lambda events: write_json((json.dumps(envelope(e), ensure_ascii=False) for e in events), is_array=is_array)


def envelope(event: Event) -> dict[str, Any]:
    """An event as the JSON object people and programs get."""
    task = {name: getattr(event.task, name) for name in type(event.task).__annotations__}
    head = {name: getattr(event, name) for name in ("v", "id", "seq", "type", "task_id", "revision", "origin", "actor")}
    return {
        **head,
        "caused_by": event.caused_by,
        "at": event.at,
        "changes": event.changes,
        "data": event.data,
        "task": {**task, "labels": list(event.task.labels)},
    }


def _write_text(events: Iterable[Event]) -> None:
    for event in events:
        words = event.data.get("note") or event.data.get("reason") or event.data.get("text") or event.task.title
        cells = (event.at, event.task_id, event.type, event.actor, event.origin, str(words)[:200])
        out("\t".join(one_line(cell) for cell in cells))


SEARCH = Command(
    name="search",
    help="Find tasks by words of their title or description.",
    run=run_search,
    panel="Daily",
    arguments=(Argument(name="words", many=True, help="Words, or their beginnings; all must be there."),),
    options=(
        Option(flag="--limit", kind="int", metavar="N", help="At most so many; 20 if not said."),
        FORMATS,
    ),
)
METRICS = Command(
    name="metrics",
    help="Averages over tasks: ratings, completions, estimation accuracy.",
    run=run_metrics,
    panel="Tasks",
    options=(
        Option(
            flag="--period",
            metavar="PERIOD",
            help="last-week (7 days up to now), last-month, last-quarter, week, month, 30d, 2026-W47, 2026-11 …",
        ),
        FORMAT,
    ),
)
EVENTS = Command(
    name="events",
    help="Print the history: everything that happened, in order.",
    run=run_events,
    panel="Tasks",
    arguments=(Argument(name="id", is_required=False, help="Only this task's."),),
    options=(
        Option(flag="--since", metavar="WHEN", help="24h, yesterday, 2026-11-01."),
        Option(flag="--follow", kind="flag", help="Go on printing what happens, in JSON one object a line."),
        FORMATS,
    ),
)
