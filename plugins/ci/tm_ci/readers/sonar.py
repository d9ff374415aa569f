"""SonarQube's quality gate: the scanner's report-task.txt, then the analysis task, then the gate's own answer."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tm_ci.readers.reading import Reading, Unreadable, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAMES = ("sonar_quality_gate",)
GATES = {"OK": "passed", "WARN": "warn", "ERROR": "failed"}
PAUSE, LONGEST_ANSWER = 2.0, 10.0
LONGEST = 10 * 1024 * 1024

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,100}")
_UNDER_WAY = ("PENDING", "IN_PROGRESS")


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What report-task.txt names: the server, and the task that works the analysis out there."""

    server: str
    task: str


def read(report: bytes) -> Analysis:
    """The analysis a scanner handed in. Raises Unreadable when the file is none of its, or names no task."""
    pairs = dict(line.strip().split("=", 1) for line in text_of(report).splitlines() if "=" in line)
    server, task = pairs.get("serverUrl", "").rstrip("/"), pairs.get("ceTaskId", "")
    if not server.startswith(("http://", "https://")) or not task:
        raise Unreadable("it names no serverUrl and ceTaskId: the scanner did not hand in an analysis")
    if "@" in server:
        raise Unreadable("its serverUrl holds a name or password; set sonar_url and sonar_token instead")
    return Analysis(server=server, task=task)


class Sonar:
    """One server, asked until the analysis is worked out, for `patience` seconds in all, however it answers.

    `wait` is given the seconds between two questions, `monotonic` tells the time.
    """

    def __init__(
        self,
        client: httpx.Client,
        *,
        wait: Callable[[float], None],
        patience: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._wait = wait
        self._monotonic = monotonic
        self._until = monotonic() + patience
        self._tries = max(1, round(patience / PAUSE))

    def gate(self, analysis: Analysis) -> Reading:
        """The gate's verdict and what its conditions measured. Raises Unreadable when the server does not say."""
        number = self._analysis_id(analysis)
        answer = self._ask(analysis, "/api/qualitygates/project_status", analysisId=number)
        found = answer.get("projectStatus")
        if not isinstance(found, dict):
            raise Unreadable("SonarQube's answer has no projectStatus")
        return {NAMES[0]: GATES.get(str(found.get("status"))), **_conditions(found.get("conditions"))}

    def _analysis_id(self, analysis: Analysis) -> str:
        for attempt in range(self._tries):
            if attempt:
                self._wait(PAUSE)
            found = self._ask(analysis, "/api/ce/task", id=analysis.task).get("task")
            task: dict[str, Any] = found if isinstance(found, dict) else {}
            status = task.get("status")
            if status == "SUCCESS" and task.get("analysisId"):
                return str(task["analysisId"])
            if status not in _UNDER_WAY:
                raise Unreadable(f"SonarQube's analysis ended as {str(status)[:40]}")
        raise Unreadable("SonarQube's analysis did not end in time")

    def _ask(self, analysis: Analysis, path: str, **query: str) -> dict[str, Any]:
        try:
            status, content = self._answer(analysis.server + path, query)
            found = json.loads(content) if status == httpx.codes.OK else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            raise Unreadable(f"SonarQube cannot be asked ({type(error).__name__})") from None
        if found is None:
            raise Unreadable(f"SonarQube answered {status}{_HINTS.get(status, '')}")
        if not isinstance(found, dict):
            raise Unreadable("SonarQube's answer is no JSON object")
        return found

    def _answer(self, url: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        content = b""
        with self._client.stream("GET", url, params=query, timeout=self._left()) as reply:
            for part in reply.iter_bytes():
                content += part
                if len(content) > LONGEST:
                    raise Unreadable("SonarQube's answer is too long")
                self._left()
        return reply.status_code, content

    def _left(self) -> float:
        """How long one answer may take by now. Raises Unreadable when no time is left."""
        left = self._until - self._monotonic()
        if left <= 0:
            raise Unreadable("SonarQube's analysis did not end in time")
        return min(left, LONGEST_ANSWER)


_HINTS = dict.fromkeys((401, 403), "; set sonar_token and sonar_url under [plugins.ci]")


def _conditions(conditions: Any) -> Reading:
    found: Reading = {}
    for each in conditions if isinstance(conditions, list) else []:
        name = str(each.get("metricKey")) if isinstance(each, dict) else ""
        if _NAME.fullmatch(name):
            found[f"sonar_{name}"] = _value(each.get("actualValue"))
    return found


def _value(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if value - value == 0 else None
