"""Run by the measured interpreter inside a hub: `inside_slack.py WHAT COUNT ROUNDS`, WHAT being alone or cards.

Each round adds COUNT tasks of as many teams as there are channels, lets a worker render and send their notices with a
bot's token, then sends the same payloads by a bare loop of slack-sdk, in one thread and in as many as the worker has.
Prints a JSON list of [messages, worker's seconds, bare loop's seconds, bare threads' seconds].
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from loops import deliver, send
from slack_sdk.web import WebClient
from workspace import TOKEN, SlackProcess

from tm.app import Session
from tm.hosting import Hosting
from tm.service.editing import add

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
            took = deliver(hosting)
            payloads = [_payload(each) for each in slack.messages()]
            assert len(payloads) == size * (2 if what == "cards" else 1)
            bare = [send(payloads, lambda each: client.chat_postMessage(**each), threads=each) for each in (1, threads)]
            assert len(slack.messages()) == 2 * len(payloads)
            found.append((len(payloads), took, *bare))
    print(json.dumps(found[1:]))


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in ("ts", "at")}


if __name__ == "__main__":
    main(sys.argv[1], count=int(sys.argv[2]), rounds=int(sys.argv[3]))
