"""Workers killed at random while a bot tells 2,000 events to a Slack that drops answers and asks to slow down."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
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
from tm_slack.standin import CHANNEL

if TYPE_CHECKING:
    from pathlib import Path

    from tm.testing.server import Request
    from tm_slack.standin import StandIn

pytestmark = pytest.mark.slow

TASKS, NOTES = 40, 49
DROPS = [
    Reply(fault="drop", is_stored=True), Reply(fault="drop"), Reply(fault="reset", is_stored=True),
    Reply(body="<html>", is_stored=True), Reply(status=502, is_stored=True),
    Reply(status=429, headers={"Retry-After": "1"}), Reply(body={"ok": False, "error": "ratelimited"}),
]  # fmt: skip


def test_one_card_per_task_and_every_event_once_in_its_thread_in_order(tmp_path: Path) -> None:
    dice = random.Random(20261127)
    with standin.open() as slack:
        trouble(slack, dice)
        environ = surroundings(tmp_path, slack)
        session = Session(environ, str(tmp_path))
        tasks = [add(session.work({}), {"title": f"Task {number}"}) for number in range(TASKS)]
        for number in range(NOTES):
            for task in tasks:
                progress(session.work({}), task, f"note {number:02}")
        hunt(environ, tmp_path, session, dice)
        [standing] = Ledger(session.database).standings()
        session.database.close()

        assert (standing.owed, standing.dead) == (0, 0)
        roots = slack.workspace.roots(CHANNEL)
        assert len(roots) == TASKS
        for root in roots:
            told = [text(each) for each in slack.workspace.thread(CHANNEL, root["ts"])]
            assert told == ["", *(f"note {number:02}" for number in range(NOTES))]


def trouble(slack: StandIn, dice: random.Random) -> None:
    """Let every thirtieth call go wrong in one of many ways."""
    passing, lock = slack.workspace.answer, threading.Lock()

    def answer(method: str, request: Request) -> Reply:
        reply = passing(method, request)
        with lock:
            if dice.random() < 1 / 30:
                slack.server.script(dice.choice(DROPS))
        return reply

    slack.workspace.answer = answer  # type: ignore[method-assign]


def surroundings(folder: Path, slack: StandIn) -> dict[str, str]:
    make_project(folder, home=folder)
    known = {name.upper(): str(value) for name, value in slack.as_bot.items()}
    known |= {"EVENTS": "created,progress,blocked,completed", "CONCURRENCY": "8", "PROGRESS_EXPIRES": "7d"}
    return {
        "HOME": str(folder), "PATH": os.environ["PATH"], "TM_DELIVERY": "worker", "TM_ACTOR": "tester",
        **{f"TM_PLUGINS__SLACK__{name}": value for name, value in known.items()},
    }  # fmt: skip


def hunt(environ: dict[str, str], folder: Path, session: Session, dice: random.Random) -> None:
    """Run workers, killing each after a while, until nothing is owed; the last ones may live longer."""
    until, life = time.monotonic() + 400, 1.0
    while owed(session) and time.monotonic() < until:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tm", "worker"], cwd=folder, env=environ, stderr=subprocess.PIPE, text=True
        )
        ends_at = time.monotonic() + dice.uniform(life, 2 * life)
        while time.monotonic() < ends_at and owed(session):
            time.sleep(0.05)
        kill(worker)
        life = min(life * 1.15, 20.0)


def owed(session: Session) -> bool:
    ledger = Ledger(session.database)
    return bool(ledger.unfanned()[0] or any(each.owed for each in ledger.standings()))


def text(message: dict[str, Any]) -> str:
    blocks = message["attachments"][0]["blocks"]
    notes = [block["text"]["text"] for block in blocks if block["type"] == "section" and "text" in block]
    return notes[0].removeprefix("*Note:* ") if notes else ""
