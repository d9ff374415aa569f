"""A stand-in for Jira on loopback: a site that keeps what is done to it, and the API of Cloud or of Data Center.

Written from Atlassian's documentation and from answers real sites gave: what they refuse it refuses.
https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any, Self

from tm.testing import ScriptedServer
from tm_jira.standin.answers import API_TOKEN, PAT, path_in_api, replied
from tm_jira.standin.sentences import heard
from tm_jira.standin.site import EMAIL, Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tm.testing import Reply, Request

__all__ = ["API_TOKEN", "EMAIL", "PAT", "StandIn", "open"]


class StandIn:
    """Jira, open until `close`: Cloud, or Data Center.

    `settings` belong under `[plugins.jira]`. `site` is where people act. `now` is the server's clock.
    """

    def __init__(self, port: int = 0, *, now: Callable[[], datetime] | None = None, data_center: bool = False) -> None:
        self._faults: list[tuple[str, re.Pattern[str], deque[Reply]]] = []
        self._acts: list[tuple[str, re.Pattern[str], Callable[[], None]]] = []
        self.server = ScriptedServer(self._answer, port=port)
        self.site = Site(self.server.url, now=now, data_center=data_center)
        account = {"token": PAT} if data_center else {"email": EMAIL, "api_token": API_TOKEN}
        self.settings: dict[str, Any] = {
            "url": self.server.url,
            **account,
            "projects": [{"project": "PROJ"}],
            "interval": "1s",
        }

    @property
    def received(self) -> list[str]:
        """What people see in Jira, a line for each change, oldest first."""
        return self.site.received

    @property
    def acts(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        """What a person might do in the meantime, each with a sentence that tells it."""
        key = self._first_open() or "an issue"
        return ((f"Somebody moves {key} to Done in Jira", self._finish_one),)

    def fault(self, method: str, path: str, *replies: Reply) -> None:
        """The next requests of a method whose path in the API matches get these replies, one each.

        `path` is a regular expression, searched in what follows /rest/api/N/. With `is_stored` a request is carried
        out first.
        """
        with self.site.lock:
            self._faults.append((method, re.compile(path), deque(replies)))

    def meanwhile(self, method: str, path: str, act: Callable[[], None]) -> None:
        """What somebody does in Jira right before the next request of a method whose path matches is carried out."""
        with self.site.lock:
            self._acts.append((method, re.compile(path), act))

    def calm(self) -> None:
        """Forget the faults and acts that are still to come."""
        with self.site.lock:
            self._faults.clear()
            self._acts.clear()

    def close(self) -> None:
        """Close the server."""
        self.server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, request: Request) -> Reply:
        with self.site.lock:
            self._act_before(request)
            fault = self._next_fault(request)
            if fault is not None and not fault.is_stored:
                return fault
            reply = heard(self.site, request) or replied(self.site, request)
            return fault or reply

    def _act_before(self, request: Request) -> None:
        path = path_in_api(request.path)
        fitting = [each for each in self._acts if each[0] == request.method and each[1].search(path)]
        for each in fitting[:1]:
            self._acts.remove(each)
            each[2]()

    def _next_fault(self, request: Request) -> Reply | None:
        path = path_in_api(request.path)
        for method, pattern, replies in self._faults:
            if replies and method == request.method and pattern.search(path):
                return replies.popleft()
        return None

    def _first_open(self) -> str | None:
        with self.site.lock:
            return next((each.key for each in self.site.issues if not each.is_done), None)

    def _finish_one(self) -> None:
        with self.site.lock:
            if key := self._first_open():
                self.site.move(key, "Done")


def open(port: int = 0) -> StandIn:
    """A stand-in for Jira Cloud listening on 127.0.0.1, on a free port if `port` is 0."""
    return StandIn(port)
