"""A Jira on a bad day, a hub tied to it, and a clock that both share and that runs many times as fast as ours."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.faults.worker_kit import kill
from tests.projects import make_project

from tm.app import Session
from tm.clock import Clock
from tm.store.conflicts import Conflicts
from tm.store.events import Events
from tm.store.ledger import Ledger
from tm.store.links import Links
from tm.store.plugins import PluginRecords
from tm.store.tasks import Tasks
from tm.testing import Reply
from tm_jira.standin import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tm.events import Event
    from tm.model import Task
    from tm.store.conflicts import OpenConflict
    from tm.store.links import Link
    from tm.testing import Request
    from tm_jira.standin.issues import Issue

SPEED, START = 30, time.time()
"""An issue in doubt is looked for during five minutes, which is ten seconds of this clock."""
_CHILD = f"""
import datetime, time, tm.clock
def now(self):
    return datetime.datetime.fromtimestamp({START!r} + (time.time() - {START!r}) * {SPEED}, datetime.UTC)
tm.clock.Clock.now = now
"""
FAULTS = {
    "lost after storing": Reply(fault="drop", is_stored=True),
    "lost before storing": Reply(fault="drop"),
    "reset after storing": Reply(fault="reset", is_stored=True),
    "a portal's page": Reply(body="<html>Log in</html>"),
    "a portal's page after storing": Reply(body="<html>Log in</html>", is_stored=True),
    "500": Reply(status=500),
    "502 after storing": Reply(status=502, is_stored=True),
    "limit": Reply(status=429, headers={"Retry-After": "10"}),
    "limit without a word": Reply(status=429),
}
CALLS = (
    ("POST", r"^issue$"),
    ("POST", r"^issue$"),
    ("PUT", r"^issue/\d+$"),
    ("POST", r"/transitions$"),
    ("POST", r"/comment$"),
    ("GET", r"^issue/\d+$"),
    ("GET", r"/comment$"),
    ("GET", r"/transitions$"),
    ("GET", r"^search"),
    ("GET", r"^myself"),
)


class QuickClock(Clock):
    """Real time, but SPEED times as fast: nothing stands still, and a wait of minutes is over in seconds."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(START + (time.time() - START) * SPEED, UTC)


class BadDay(StandIn):
    """A Jira where every fifteenth request brings on a fault, or a few, of one kind of call to come.

    And where somebody acts on an issue right before or after every twelfth request about one, before anybody hears the
    answer. `happened` counts the faults that hit a request, and those acts.
    """

    def __init__(self, dice: random.Random, *, data_center: bool = False) -> None:
        self._dice = dice
        self._act: Callable[[Issue], None] | None = None
        self.happened: Counter[str] = Counter()
        super().__init__(now=QuickClock().now, data_center=data_center)

    @property
    def calls(self) -> int:
        """How many requests came so far."""
        return len(self.server.requests)

    def begin(self, act: Callable[[Issue], None]) -> None:
        """From now on things go wrong, and somebody acts."""
        self._act = act

    def calm(self) -> None:
        self._act = None
        super().calm()

    def _answer(self, request: Request) -> Reply:
        if self._act is not None and self._dice.random() < 1 / 15:
            names = self._dice.choices(list(FAULTS), k=self._dice.choice([1, 1, 2, 3]))
            self.fault(*self._dice.choice(CALLS), *(FAULTS[name] for name in names))
        moment = self._dice.choice(["before", "after", *["never"] * 22])
        self._act_at("before", moment, request)
        reply = super()._answer(request)
        self._act_at("after", moment, request)
        return reply

    def _act_at(self, place: str, moment: str, request: Request) -> None:
        about = re.search(r"/issue/(\d+)", request.path)
        if self._act is not None and about is not None and place == moment:
            self.happened[f"somebody acts {place} a call"] += 1
            self._act(self.site.issue(about[1]))

    def _next_fault(self, request: Request) -> Reply | None:
        fault = super()._next_fault(request)
        self.happened.update(name for name, reply in FAULTS.items() if reply is fault)
        return fault


class Hub:
    """A hub in a folder whose every process goes by the quick clock; `session` is one in this process."""

    def __init__(self, folder: Path, jira: StandIn, **settings: Any) -> None:
        make_project(folder, home=folder)
        self.folder = folder
        (folder / "site").mkdir()
        (folder / "site" / "sitecustomize.py").write_text(_CHILD, encoding="utf-8")
        table = {**jira.settings, "interval": f"{SPEED}s", **settings}
        lines = "".join(f"{name} = {value!r}\n" for name, value in settings.items())
        text = f'[plugins.jira]\n{lines}[[plugins.jira.projects]]\nproject = "PROJ"\n'
        (folder / "tm.toml").write_text(text, encoding="utf-8")
        self.environ = {
            "HOME": str(folder), "PATH": os.environ["PATH"], "PYTHONPATH": str(folder / "site"),
            "TM_DELIVERY": "worker", "TM_DELIVERY_WAIT": "1", "TM_ACTOR": "tester", "TM_TIMEZONE": "UTC",
            **{f"TM_PLUGINS__JIRA__{name.upper()}": said for name, said in table.items() if isinstance(said, str)},
        }  # fmt: skip
        self.session = Session(self.environ, str(folder), clock=QuickClock())

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """A real `tm`, under way."""
        return subprocess.Popen(
            [sys.executable, "-m", "tm", *words],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[str]]:
        """A real worker, killed in the end, whatever happens."""
        process = self.start("worker")
        try:
            yield process
        finally:
            kill(process)

    # what is in the store

    def owed(self) -> bool:
        ledger = Ledger(self.session.database)
        return bool(ledger.unfanned()[0] or any(each.owed for each in ledger.standings()))

    def pulled_at(self) -> str | None:
        """When the last whole look at Jira ended, if one did."""
        return PluginRecords(self.session.database).pulls().get("jira", (None,))[0]

    def dead(self) -> list[str | None]:
        rows = Ledger(self.session.database).rows(plugin="jira", states=("dead",), limit=-1)
        return [f"{row.event_type} of {row.task_id}: {row.error}" for row in rows]

    def task(self, task_id: str) -> Task:
        found = Tasks(self.session.database).find(task_id)
        assert found is not None
        return found

    def links(self) -> list[Link]:
        return Links(self.session.database).of_plugin("jira")

    def events(self) -> list[Event]:
        return Events(self.session.database).after(0, limit=1_000_000)

    def lost(self, *, side: str, field: str) -> list[str]:
        rows = Conflicts(self.session.database).lost(task_id=None, limit=1_000_000)
        return [json.loads(each.lost) for each in rows if (each.side, each.field) == (side, field)]

    def conflicts(self) -> list[OpenConflict]:
        return Conflicts(self.session.database).open()
