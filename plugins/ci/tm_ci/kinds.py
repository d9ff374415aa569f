"""Which reader a report belongs to: by what it says, and by its name when there is nothing in it."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from tm_ci.readers import cobertura, coverage_json, istanbul, junit, lcov, npm_audit, pip_audit, sarif
from tm_ci.readers.reading import Unreadable, text_of
from tm_ci.readers.tags import tags_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tm_ci.readers.reading import Reading

JUNIT, COVERAGE, SARIF, NPM_AUDIT, PIP_AUDIT, SONAR = "junit", "coverage", "sarif", "npm-audit", "pip-audit", "sonar"
NAMES: dict[str, tuple[str, ...]] = {
    JUNIT: junit.NAMES,
    COVERAGE: coverage_json.NAMES,
    SARIF: sarif.NAMES,
    NPM_AUDIT: npm_audit.NAMES,
    PIP_AUDIT: pip_audit.NAMES,
    SONAR: ("sonar_quality_gate",),
}
"""What each kind of report measures; all of it is unknown when the report is not to be believed."""

_BY_NAME = {
    SONAR: ("report-task.txt",),
    SARIF: ("*.sarif", "*.sarif.json"),
    NPM_AUDIT: ("npm-audit*.json", "*npm_audit*.json"),
    PIP_AUDIT: ("pip-audit*.json", "*pip_audit*.json"),
    COVERAGE: ("*coverage*.json", "*cov*.xml", "*cobertura*.xml", "lcov*", "*.lcov", "*lcov.info"),
    JUNIT: ("*junit*.xml", "test*.xml", "*surefire*", "*xunit*.xml", "*.xml"),
}
_XML_STARTS = (b"<?xml", b"<testsuite", b"<coverage", b"<assembl")
_COVERAGE: dict[str, Callable[[bytes], Reading]] = {
    "coverage.py": coverage_json.read,
    "cobertura": cobertura.read,
    "istanbul": istanbul.read,
    "lcov": lcov.read,
}
_OTHERS: dict[str, Callable[[bytes], Reading]] = {
    SARIF: sarif.read,
    NPM_AUDIT: npm_audit.read,
    PIP_AUDIT: pip_audit.read,
}


def by_content(report: bytes) -> str | None:
    """The kind of a report, or None when it is empty, cut off or of no kind that is read."""
    found = _form(report)
    return COVERAGE if found in _COVERAGE else found


def by_name(path: str) -> str | None:
    """The kind that a file of this name would most likely be, for one that is missing or cannot be read."""
    path = path.lower()
    parts = (path.rsplit("/", 1)[-1], path)
    for kind, patterns in _BY_NAME.items():
        if any(fnmatch(part, pattern) for part in parts for pattern in patterns):
            return kind
    return None


def is_damaged(path: str, report: bytes) -> bool:
    """Whether a file of no known kind may have been a report: its name ends as one's, and it is empty or cut off."""
    ending = path.lower().rpartition(".")[2]
    if ending in ("json", "sarif"):
        return not _is_json(report)
    if ending == "xml" or report.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_XML_STARTS):
        return not _is_xml(report)
    return ending in ("info", "lcov", "junit")


def _is_json(report: bytes) -> bool:
    try:
        json.loads(text_of(report))
    except (ValueError, RecursionError, Unreadable):
        return False
    return True


def _is_xml(report: bytes) -> bool:
    try:
        tags_of(report)
    except Unreadable:
        return False
    return True


def read(kind: str, report: bytes) -> Reading:
    """The values of one report of a kind that is read by itself. Raises Unreadable, also for one of another kind."""
    if kind != COVERAGE:
        return _OTHERS[kind](report)
    if not report.strip():
        raise Unreadable("it is empty")
    form = _form(report)
    if form not in _COVERAGE:
        raise Unreadable("it is cut off, or no coverage report that is read here")
    return _COVERAGE[form](report)


def _form(report: bytes) -> str | None:
    start = report[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")
    if start.startswith(b"<"):
        return _xml_form(report)
    if start[:1] in (b"{", b"["):
        return _json_form(report)
    if b"ceTaskId=" in report or b"ceTaskUrl=" in report:
        return SONAR
    lines = (line for line in start.splitlines() if line.strip() and not line.startswith(b"#"))
    return "lcov" if next(lines, b"").startswith((b"TN:", b"SF:")) else None


def _xml_form(report: bytes) -> str | None:
    try:
        root = tags_of(report)[0].name
    except Unreadable:
        return None
    return "cobertura" if root == cobertura.ROOT else JUNIT if root in junit.ROOTS else None


def _json_form(report: bytes) -> str | None:
    try:
        found = json.loads(text_of(report))
    except (ValueError, RecursionError, Unreadable):
        return None
    if isinstance(found, list):
        return PIP_AUDIT if all(isinstance(each, dict) and "name" in each for each in found) else None
    return next((form for form, fits in _SIGNS.items() if fits(found)), None)


_SIGNS: dict[str, Callable[[dict[str, Any]], bool]] = {
    SARIF: lambda found: "runs" in found,
    "coverage.py": lambda found: "totals" in found,
    "istanbul": lambda found: isinstance(found.get("total"), dict),
    NPM_AUDIT: lambda found: "auditReportVersion" in found or "advisories" in found or "error" in found,
    PIP_AUDIT: lambda found: "dependencies" in found,
}
