"""SonarQube's quality gate: the scanner's report-task.txt, then the analysis task, then the gate's own answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tm_ci.readers.reading import Reading, Unreadable, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("sonar_quality_gate",)
GATES = {"OK": "passed", "WARN": "warn", "ERROR": "failed"}
PAUSE = 2.0

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
    return Analysis(server=server, task=task)


class Sonar:
    """One server, asked until the analysis is worked out; `wait` is given the seconds between two questions."""

    def __init__(self, client: httpx.Client, *, wait: Callable[[float], None], patience: float) -> None:
        self._client = client
        self._wait = wait
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
            reply = self._client.get(analysis.server + path, params=query)
            found = reply.json() if reply.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            raise Unreadable(f"SonarQube cannot be asked ({type(error).__name__})") from None
        if found is None:
            raise Unreadable(f"SonarQube answered {reply.status_code}{_HINTS.get(reply.status_code, '')}")
        if not isinstance(found, dict):
            raise Unreadable("SonarQube's answer is no JSON object")
        return found


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
