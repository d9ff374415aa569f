"""Jira's stand-in in a process of its own, so that it shares no interpreter with what calls it.

Run as a program it tells its settings, then answers each line of JSON on its standard input, a name of `_Desk` and what
it is given, with a line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from types import TracebackType

    from tm_jira.standin import StandIn

LONG_AGO = timedelta(days=3)


class Call(NamedTuple):
    """A request that came: what follows the version in its path, with the query, and its body as text."""

    method: str
    path: str
    body: str


class JiraProcess:
    """The process: open from the moment it is made. `settings` belong under `[plugins.jira]`."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "benchmarks.tracker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.settings: dict[str, Any] = self._heard()

    def add(self, count: int) -> None:
        """So many issues, days old."""
        self._ask("add", count)

    def move(self, keys: list[str], status: str) -> None:
        """Somebody moves issues to a status."""
        self._ask("move", keys, status)

    def calls(self) -> list[Call]:
        """Every request since the last look, oldest first."""
        return [Call(*each) for each in self._ask("calls")]

    def _ask(self, *words: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(words)}\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()


class _Desk:
    """What is done for those who write a line."""

    def __init__(self, jira: StandIn) -> None:
        self._jira = jira
        self._seen = 0

    def add(self, count: int) -> None:
        site = self._jira.site
        site.clock_skew = -LONG_AGO
        for number in range(count):
            site.add(summary=f"Issue {number}", description="What is known about it.", labels=["bench"])
        site.clock_skew = timedelta(0)

    def move(self, keys: list[str], status: str) -> None:
        for key in keys:
            self._jira.site.move(key, status)

    def calls(self) -> list[Call]:
        requests = self._jira.server.requests
        fresh, self._seen = requests[self._seen :], len(requests)
        return [Call(each.method, each.path.split("/", 4)[4], each.body.decode()) for each in fresh]


def _serve() -> None:
    from tm_jira.standin import StandIn

    with StandIn() as jira:
        print(json.dumps(jira.settings), flush=True)
        desk = _Desk(jira)
        for line in sys.stdin:
            name, *words = json.loads(line)
            print(json.dumps(getattr(desk, name)(*words)), flush=True)


if __name__ == "__main__":
    _serve()
