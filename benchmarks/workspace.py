"""Slack's stand-in in a process of its own, so that it shares no interpreter with what calls it.

Run as a program it serves without a rate limit, tells its address, and answers every line on its standard input with
the messages kept so far as JSON, which it forgets.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

TOKEN = "xoxb-stand-in"  # noqa: S105 - it opens nothing


class SlackProcess:
    """The process: open from the moment it is made."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).resolve())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()

    def messages(self) -> list[dict[str, Any]]:
        """Every message since the last look, oldest first; `at` is the instant it came, in monotonic seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: list[dict[str, Any]] = json.loads(self._process.stdout.readline())
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()


def _serve() -> None:
    from tm_slack.standin import StandIn

    with StandIn() as slack:
        passing = slack.workspace.answer
        seen: dict[str, float] = {}

        def answer(method: str, request: Any) -> Any:
            reply = passing(method, request)
            if isinstance(reply.body, dict) and "ts" in reply.body:
                seen.setdefault(str(reply.body["ts"]), time.monotonic())
            return reply

        slack.workspace.answer = answer  # type: ignore[method-assign]  # it dates what it keeps
        print(slack.as_bot["base_url"], flush=True)
        for _ in sys.stdin:
            told = [{**each, "at": seen[each["ts"]]} for each in slack.workspace.messages() if each["ts"] in seen]
            seen.clear()
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    _serve()
