"""Delivers the same owed work again and again, dying before statement 1, 2, 3 … until a run needs no more.

Run as a program: prints one JSON object per scenario with the number of points and what was found wrong.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import types
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.dying import DIED, DyingDatabase

import tm
from tm.clock import Clock
from tm.config.core import CoreSettings
from tm.config.places import find_place
from tm.config.schema import FullSettings
from tm.dispatcher import Dispatcher
from tm.hub import Attempt, Hub
from tm.hubtasks import HubTasks
from tm.plugins import adopt
from tm.service.work import Caller
from tm.worker import Plan, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

CORE = CoreSettings(plugins=("probe",))
# the attempt that delivered ends with its delivery
UNCLOSED = """
select count(*) from attempt a join delivery d on d.id = a.delivery_id where a.ended_at is null
  and not (d.state = 'delivered' and a.generation = d.generation)"""
LOG = logging.getLogger("crash")
LOG.addHandler(logging.NullHandler())
LOG.propagate = False


def probe(file: Path) -> types.ModuleType:
    """A plugin with two effects per event, a checkpoint between them, and a change of its own."""
    module = types.ModuleType("probe")

    def effect(name: str, may_have_happened: bool) -> None:
        if not (may_have_happened and name in file.read_text(encoding="utf-8")):
            with file.open("a", encoding="utf-8") as out:
                out.write(f"{name}\n")

    @tm.hookimpl
    def on_event(event: tm.Event, hub: tm.Hub) -> None:
        again = hub.attempt.may_have_happened
        effect(f"{event.id}/1 {event.task_id} {event.revision}", again)
        hub.state.add(f"half:{event.id}", True)
        effect(f"{event.id}/2 {event.task_id} {event.revision}", again)
        if event.type == "task.created":
            hub.tasks.context(event.task_id or "", "seen by the probe")

    module.on_event = on_event  # type: ignore[attr-defined]
    return module


class Scenario:
    """A store with work owed, copied fresh for every point."""

    def __init__(self, folder: Path, prepare: Callable[[Any], None]) -> None:
        self.template = folder / "template.db"
        database = DyingDatabase(str(self.template))
        prepare(HubTasks(database, Clock(), Caller(origin="cli", actor="t"), owed_to=CORE.plugins))
        database.execute("pragma wal_checkpoint(truncate)")
        database.close()
        self.path = folder / "tm.db"
        self.file = folder / "effects"
        self.folder = folder

    def fresh(self) -> None:
        for old in self.folder.glob("tm.db*"):
            old.unlink()
        shutil.copy(self.template, self.path)
        self.file.write_text("", encoding="utf-8")

    def worker(self) -> Worker:
        database = DyingDatabase(str(self.path))
        environ = {"HOME": str(self.folder), "TM_DATABASE_URL": str(self.path)}
        place = find_place(environ, str(self.folder))
        full = FullSettings(place=place, environ=environ, core=CORE, plugins={"probe": {}})
        plugin = adopt("probe", probe(self.file), full)

        def lend(_: Any, claimed: Any, own: Any) -> Hub:
            return Hub(
                own,
                Clock(),
                settings=plugin.settings,
                core=CORE,
                plugin="probe",
                event=claimed.event,
                attempt=Attempt.of(claimed),
            )

        dispatcher = Dispatcher(
            database, Clock(), plugins={"probe": plugin}, lend=lend, log=LOG, me="crash", random=lambda: 0.0
        )
        return Worker(database, Clock(), dispatcher=dispatcher, log=LOG)

    def run(self, *, dies_before: int) -> int:
        """One drain in a child process; its exit code."""
        pid = os.fork()
        if pid == 0:
            DyingDatabase.statements, DyingDatabase.dies_before = 0, dies_before
            self.worker().run(Plan(linger=timedelta(seconds=1)))
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def wrong(self) -> dict[str, int]:
        lines = self.file.read_text(encoding="utf-8").splitlines()
        repeated = sum(n - 1 for n in Counter(lines).values())
        order: dict[str, list[int]] = defaultdict(list)
        for line in lines:
            _, task, revision = line.split()
            order[task].append(int(revision))
        with DyingDatabase(str(self.path)) as database:
            events = {row[0] for row in database.execute("select id from event where origin <> 'probe'")}
            open_rows = database.execute("select count(*) from delivery where state <> 'delivered'").fetchone()[0]
            contexts = database.execute("select count(*) from event where type = 'task.context_added'").fetchone()[0]
            created = database.execute("select count(*) from event where type = 'task.created'").fetchone()[0]
            doubled = database.execute(
                "select count(*) from (select 1 from delivery group by event_seq, plugin having count(*) > 1)"
            ).fetchone()[0]
            unclosed = database.execute(UNCLOSED).fetchone()[0]
        owed = {f"{each}/{part}" for each in events for part in (1, 2)}
        return {
            "missing": len(owed - {line.split()[0] for line in lines}),
            "repeated": repeated,
            "disordered": sum(each != sorted(each) for each in order.values()),
            "unended": open_rows,
            "doubled": doubled,
            "own changes": abs(contexts - created),
            "attempts without an end": unclosed,
        }

    def every_point(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        point = 0
        while True:
            point += 1
            self.fresh()
            code = self.run(dies_before=point)
            if code == 0:
                return {"points": point - 1, "wrong": found}
            if code != DIED:
                return {"points": point, "wrong": {str(point): f"ended with {code}"}}
            self.run(dies_before=0)
            bad = {name: n for name, n in self.wrong().items() if n}
            if bad:
                found[str(point)] = bad


def two_tasks(tasks: Any) -> None:
    first = tasks.add("One")
    tasks.progress(first.id, "a")
    tasks.add("Two")


def main() -> None:
    folder = Path(sys.argv[1])
    print(json.dumps(Scenario(folder, two_tasks).every_point()))  # noqa: T201


if __name__ == "__main__":
    main()
