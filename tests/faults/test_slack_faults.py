"""Workers killed at random while a bot tells 2,000 events to a Slack that drops answers and asks to slow down.

Each event is told twice: at once, as a card with its thread, and by a second route in a digest of another channel.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tests.faults.worker_kit import kill
from tests.projects import make_project

from tm.app import Session
from tm.service.editing import add
from tm.service.lifecycle import progress
from tm.store.ledger import Ledger
from tm.testing import Reply
from tm_slack import standin

if TYPE_CHECKING:
    from pathlib import Path

    from tm.testing.server import Request
    from tm_slack.standin import StandIn

pytestmark = pytest.mark.slow

TASKS, NOTES, TEAMS = 80, 24, 8
DIGEST = "C0DIGEST"
LEAST_KILLS, LEAST_FAULTS = 15, 50
LONGEST_LIFE = 15.0
# both forms of a limit say for how long: without a word it is 30 s for the whole channel, and the test would wait
FAULTS = {
    "lost after storing": Reply(fault="drop", is_stored=True),
    "lost before storing": Reply(fault="drop"),
    "reset after storing": Reply(fault="reset", is_stored=True),
    "a portal's page after storing": Reply(body="<html>", is_stored=True),
    "502 after storing": Reply(status=502, is_stored=True),
    "limit by status": Reply(status=429, headers={"Retry-After": "1"}),
    "limit by word": Reply(body={"ok": False, "error": "ratelimited"}, headers={"Retry-After": "1.5"}),
}


def test_one_card_per_task_every_event_once_in_its_thread_in_order_and_once_in_a_digest(tmp_path: Path) -> None:
    with standin.open() as slack:
        happened = trouble(slack)
        environ = surroundings(tmp_path, slack)
        session = Session(environ, str(tmp_path))
        tell_of_tasks(session)
        kills = hunt(environ, tmp_path, slack, session)
        [standing] = Ledger(session.database).standings()
        session.database.close()

        assert (standing.owed, standing.dead) == (0, 0)
        assert kills >= LEAST_KILLS
        assert happened.total() >= LEAST_FAULTS
        assert set(happened) == set(FAULTS)
        for team in range(TEAMS):
            roots = slack.workspace.roots(channel(team))
            assert len(roots) == TASKS / TEAMS
            for root in roots:
                told = [text(each) for each in slack.workspace.thread(channel(team), root["ts"])]
                assert told == ["", *(f"note {number:02}" for number in range(NOTES))]
        assert gathered(slack) == TASKS * (NOTES + 1)
        assert not [each for each in slack.workspace.messages() if "Repeat" in str(each)]


def tell_of_tasks(session: Session) -> None:
    """So many tasks, and the notes of all of them in turn."""
    fields = [{"title": f"Task {number}", "team": f"team-{number % TEAMS}"} for number in range(TASKS)]
    tasks = [add(session.work({}), each) for each in fields]
    for number in range(NOTES):
        for task in tasks:
            progress(session.work({}), task, f"note {number:02}")


def gathered(slack: StandIn) -> int:
    """How many notices the digests told: as many as their headlines say, and those told alone, in threads."""
    messages = slack.workspace.messages(DIGEST)
    counts = [int(found[1]) for each in messages if (found := re.match(r"📋 (\d+) notices", each["text"]))]
    return sum(counts) + sum(each.get("thread_ts", each["ts"]) != each["ts"] for each in messages)


def channel(team: int) -> str:
    return f"C0TEAM{team}"


def trouble(slack: StandIn) -> Counter[str]:
    """Let every thirtieth call go wrong in one of many ways; how often each did."""
    happened: Counter[str] = Counter()
    dice = random.Random(20261127)
    passing, lock = slack.workspace.answer, threading.Lock()

    def answer(method: str, request: Request) -> Reply:
        reply = passing(method, request)
        with lock:
            if dice.random() < 1 / 30:
                name = dice.choice(list(FAULTS))
                happened[name] += 1
                slack.server.script(FAULTS[name])
        return reply

    slack.workspace.answer = answer  # type: ignore[method-assign]
    return happened


def surroundings(folder: Path, slack: StandIn) -> dict[str, str]:
    make_project(folder, home=folder)
    routes: list[dict[str, object]] = [
        {"when": f"team == team-{team}", "channel": channel(team), "continue": True} for team in range(TEAMS)
    ]
    routes.append({"when": "status != cancelled", "channel": DIGEST, "digest": "2s"})
    known = {name.upper(): str(value) for name, value in slack.as_bot.items()}
    known |= {"EVENTS": "created,progress,blocked,completed", "CONCURRENCY": "8", "PROGRESS_EXPIRES": "7d"}
    known |= {"ROUTES": json.dumps(routes)}
    return {
        "HOME": str(folder), "PATH": os.environ["PATH"], "TM_DELIVERY": "worker", "TM_ACTOR": "tester",
        **{f"TM_PLUGINS__SLACK__{name}": value for name, value in known.items()},
    }  # fmt: skip


def hunt(environ: dict[str, str], folder: Path, slack: StandIn, session: Session) -> int:
    """Run workers until nothing is owed, killing each amid its calls; how many were killed with work before them.

    A life is counted in calls, so that a quick machine kills as often as a slow one.
    """
    dice, until, kills = random.Random(7), time.monotonic() + 400, 0
    while owed(session) and time.monotonic() < until:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tm", "worker"], cwd=folder, env=environ, stderr=subprocess.PIPE, text=True
        )
        last, ends_at = len(slack.workspace.calls) + dice.randint(20, 150), time.monotonic() + LONGEST_LIFE
        while len(slack.workspace.calls) < last and time.monotonic() < ends_at and owed(session):
            time.sleep(0.01)
        kill(worker)
        kills += owed(session)
    return kills


def owed(session: Session) -> bool:
    ledger = Ledger(session.database)
    return bool(ledger.unfanned()[0] or any(each.owed for each in ledger.standings()))


def text(message: dict[str, Any]) -> str:
    blocks = message["attachments"][0]["blocks"]
    notes = [block["text"]["text"] for block in blocks if block["type"] == "section" and "text" in block]
    return notes[0].removeprefix("*Note:* ") if notes else ""
