"""Slack with a bot's token: messages a second over a bare loop of its SDK, and how soon an urgent one leaves."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from benchmarks.figures import heading, median, report, report_absolute
from benchmarks.hubs import Hub
from benchmarks.installed import PYTHON
from benchmarks.workspace import TOKEN, SlackProcess

PACE = 1.1
CROWD = 500
THREADS = 4
_LOOP = Path(__file__).with_name("inside_slack.py")
_KINDS = {"alone": "notices by themselves", "cards": "cards with their threads"}


def run(*, is_quick: bool) -> None:
    """Send as fast as it goes to 50 channels, then urgent notices into a channel where hundreds wait."""
    count, rounds = (300, 3) if is_quick else (1000, 5)
    heading(f"{count} tasks in 50 channels, rendered and sent, over a bare slack-sdk loop of the same payloads")
    for what, name in _KINDS.items():
        _against_the_sdk(what, name, count=count, rounds=rounds)
    _urgent(2 if is_quick else 5)


def _against_the_sdk(what: str, name: str, *, count: int, rounds: int) -> None:
    hub = Hub("slack", plugins=f'[plugins.slack]\nevents = ["created"]\npace = 0\nconcurrency = {THREADS}\n')
    for path in hub.store.parent.glob("tm.db*"):
        path.unlink()
    command = [str(PYTHON), str(_LOOP), what, str(count), str(rounds)]
    with (hub.folder / "worker.log").open("w") as log:
        done = subprocess.run(
            command, env=hub.environ, cwd=hub.root, check=True, stdout=subprocess.PIPE, stderr=log, text=True
        )
    found = json.loads(done.stdout)
    report(f"{name}, over a bare loop", median([bare / worker for _, worker, bare, _ in found]), at_least=0.7)
    report(f"{name}, over {THREADS} bare loops at once", median([bare / worker for _, worker, _, bare in found]))
    report_absolute(f"{name}: tm", median([sent / worker for sent, worker, *_ in found]), unit="a second")


def _urgent(times: int) -> None:
    heading(f"An urgent notice behind {CROWD} others to its channel, at one message every {PACE} s")
    with SlackProcess() as slack:
        table = f'[plugins.slack]\nevents = ["created", "urgent"]\ncards = false\nstorm = 0\npace = {PACE}\n'
        hub = Hub("urgent", plugins=table)
        hub.environ.update(
            TM_PLUGINS__SLACK__TOKEN=TOKEN,
            TM_PLUGINS__SLACK__BASE_URL=slack.base_url,
            TM_PLUGINS__SLACK__CHANNEL="C0TEAM",
        )
        for number in range(CROWD):
            hub.tm("add", f"Task {number}")
        with hub.worker():
            time.sleep(5 * PACE)  # until all stand in line
            took = [_left_after(hub, slack, f"Fire {number}") for number in range(times)]
    report("the longest wait, over the pace", max(took) / PACE, at_most=2)
    report("the middle one", median(took) / PACE)


def _left_after(hub: Hub, slack: SlackProcess, title: str) -> float:
    """Seconds from the commit, or a little before, to the request at the server."""
    start = time.monotonic()
    hub.tm("add", title, "--priority", "critical")
    while True:
        for each in slack.messages():
            if title in each["text"]:
                return float(each["at"]) - start
        time.sleep(0.05)
