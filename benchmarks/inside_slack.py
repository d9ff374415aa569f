"""Run by the measured interpreter inside a hub: `inside_slack.py WHAT COUNT ROUNDS`, WHAT being alone or cards.

Each round adds COUNT tasks of as many teams as there are channels, lets a worker render and send their notices with a
bot's token, then sends the same payloads by a bare loop of slack-sdk, in one thread and in as many as the worker has.
Prints a JSON list of [messages, worker's seconds, bare loop's seconds, bare threads' seconds].
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from slack_sdk.web import WebClient
from workspace import TOKEN, SlackProcess

from tm.app import Session
from tm.hosting import Hosting
from tm.logs import open_log
from tm.service.editing import add
from tm.worker import Plan

CHANNELS = 50


def main(what: str, *, count: int, rounds: int) -> None:
    """Measure, after one round that warms up."""
    with SlackProcess() as slack:
        os.environ.update(
            TM_PLUGINS__SLACK__TOKEN=TOKEN,
            TM_PLUGINS__SLACK__BASE_URL=slack.base_url,
            TM_PLUGINS__SLACK__CARDS=str(what == "cards").lower(),
            TM_PLUGINS__SLACK__ROUTES=json.dumps(
                [{"when": f"team == team-{number}", "channel": f"C0TEAM{number}"} for number in range(CHANNELS)]
            ),
        )
        hosting = Hosting(Session(os.environ, os.getcwd()))  # noqa: PTH109 - as the command line does
        threads = hosting.plugins["slack"].settings.concurrency
        client = WebClient(token=TOKEN, base_url=slack.base_url)
        found = []
        for number in range(rounds + 1):
            size = count if number else count // 10
            for task in range(size):
                add(hosting.session.work({}), {"title": f"Task {task}", "team": f"team-{task % CHANNELS}"})
            took = _deliver(hosting)
            payloads = [_payload(each) for each in slack.messages()]
            assert len(payloads) == size * (2 if what == "cards" else 1)
            bare = [_send(payloads, client, threads=each) for each in (1, threads)]
            assert len(slack.messages()) == 2 * len(payloads)
            found.append((len(payloads), took, *bare))
    print(json.dumps(found[1:]))


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in ("ts", "at")}


def _deliver(hosting: Hosting) -> float:
    log = open_log(os.environ, now=hosting.session.clock.now, clean=hosting.clean)
    worker = hosting.worker(log, does_pull=False)
    start = time.perf_counter()
    worker.run(Plan())
    return time.perf_counter() - start


def _send(payloads: list[dict[str, Any]], client: WebClient, *, threads: int) -> float:
    waiting, lock = iter(payloads), threading.Lock()

    def loop() -> None:
        while True:
            with lock:
                payload = next(waiting, None)
            if payload is None:
                return
            client.chat_postMessage(**payload)

    crew = [threading.Thread(target=loop) for _ in range(threads)]
    start = time.perf_counter()
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1], count=int(sys.argv[2]), rounds=int(sys.argv[3]))
