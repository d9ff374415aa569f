"""Run by the measured interpreter inside a hub: `inside_delivery.py CLIENT URL COUNT ROUNDS`.

Each round adds COUNT tasks, lets a worker deliver their events through a plugin that uses CLIENT, then sends
the same payloads by a bare loop of the same client in as many threads. Prints a JSON list of
[worker's seconds, bare loop's seconds].
"""

from __future__ import annotations

import json
import os
import sys
import threading
import urllib.request
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loops import deliver, send

import tm
from tm.app import Session
from tm.hosting import Hosting
from tm.plugins import adopt
from tm.service.editing import add

if TYPE_CHECKING:
    from collections.abc import Callable

    Post = Callable[[bytes], None]

PATH = "/services/T000/B000/XXXX"


class Poster:
    """The plainest plugin there is: one POST an event, over a connection that is kept."""

    Settings = tm.PluginSettings

    def __init__(self, post: Post) -> None:
        self._post = post

    @tm.hookimpl
    def on_create(self, event: tm.Event) -> None:
        """Post the event."""
        task = {"id": event.task_id, "title": event.task.title, "status": event.task.status}
        self._post(json.dumps({"id": event.id, "type": event.type, "task": task}).encode())


def plain(url: str) -> Post:
    """http.client, one connection a thread."""
    parts, local = urlsplit(url), threading.local()

    def post(body: bytes) -> None:
        if not hasattr(local, "connection"):
            local.connection = HTTPConnection(parts.hostname or "", parts.port)
        local.connection.request("POST", PATH, body=body, headers={"Content-Type": "application/json"})
        local.connection.getresponse().read()

    return post


def httpx(url: str) -> Post:
    """One httpx.Client for all threads."""
    from httpx import Client, Limits

    client = Client(limits=Limits(max_connections=100), trust_env=False)

    def post(body: bytes) -> None:
        client.post(url + PATH, content=body, headers={"Content-Type": "application/json"}).raise_for_status()

    return post


def slack(url: str) -> Post:
    """slack-sdk's WebhookClient, which connects anew for every message."""
    from slack_sdk.webhook import WebhookClient

    client = WebhookClient(url + PATH)

    def post(body: bytes) -> None:
        assert client.send_dict(json.loads(body)).status_code == 200

    return post


CLIENTS: dict[str, Callable[[str], Post]] = {"http.client": plain, "httpx.Client": httpx, "slack": slack}


def main(client: str, url: str, *, count: int, rounds: int) -> None:
    """Measure, after one round that warms up."""
    session = Session(os.environ, os.getcwd())  # noqa: PTH109 - as the command line does
    post = CLIENTS[client](url)
    hosting = Hosting(session)
    if client != "slack":
        hosting.plugins = {"poster": adopt("poster", Poster(post), hosting.full)}
    (plugin,) = hosting.plugins.values()
    found = []
    for number in range(rounds + 1):
        _add(session, count if number else count // 10)
        took = deliver(hosting)
        bodies = [body.encode() for _, body in json.load(urllib.request.urlopen(f"{url}/arrivals"))]  # noqa: S310
        assert len(bodies) == (count if number else count // 10)
        found.append((took, send(bodies, post, threads=plugin.settings.concurrency)))
        urllib.request.urlopen(f"{url}/arrivals").read()  # noqa: S310 - loopback
    print(json.dumps(found[1:]))


def _add(session: Session, count: int) -> None:
    for number in range(count):
        add(session.work({}), {"title": f"Task {number}"})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], count=int(sys.argv[3]), rounds=int(sys.argv[4]))
