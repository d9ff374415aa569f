"""SARIF 2.1.0, as bandit, ruff, CodeQL, Semgrep, Trivy and eslint write it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tm_ci.readers.reading import Reading, Unreadable, object_of

NAMES = ("security_issues", "security_errors", "security_warnings", "security_notes")

_LEVELS = ("error", "warning", "note")
_NO_PROBLEM = ("pass", "notApplicable", "informational")
_OLD = ("unchanged", "absent")


def read(report: bytes) -> Reading:
    """Issues in all and by level, over all runs; suppressed ones and those of the baseline are left out.

    Raises Unreadable when there is no run, a run failed, or it reports no results at all (not even an empty list).
    """
    log = object_of(report)
    runs = log.get("runs")
    if not isinstance(runs, list) or ("version" not in log and "$schema" not in log):
        raise Unreadable("it has no runs: this is no SARIF")
    if not runs:
        raise Unreadable("it holds 0 runs: the scan did not run")
    levels: Counter[str] = Counter()
    for run in runs:
        levels.update(_levels(run))
    return dict(zip(NAMES, (levels.total(), *(levels[level] for level in _LEVELS)), strict=True))


def commits(report: bytes) -> set[str]:
    """The commits that its runs say they looked at; most tools say none. Raises Unreadable."""
    runs = _objects(object_of(report).get("runs"))
    found = [each.get("revisionId") for run in runs for each in _objects(run.get("versionControlProvenance"))]
    return {each for each in found if isinstance(each, str) and each}


def _levels(run: Any) -> list[str]:
    if not isinstance(run, dict) or not isinstance(run.get("results"), list):
        raise Unreadable("a run of it has no results: the scan did not run to its end")
    if any(each.get("executionSuccessful") is False for each in _objects(run.get("invocations"))):
        raise Unreadable("a run of it says that its execution failed")
    defaults = _defaults(run)
    results = _objects(run["results"], is_strict=True)
    found = [_level(each, defaults) for each in results if _counts(each)]
    return [level for level in found if level != "none"]


def _counts(result: dict[str, Any]) -> bool:
    accepted = [each for each in _objects(result.get("suppressions")) if each.get("status", "accepted") == "accepted"]
    is_old = result.get("baselineState") in _OLD
    return not accepted and not is_old and result.get("kind", "fail") not in _NO_PROBLEM


def _level(result: dict[str, Any], defaults: dict[Any, Any]) -> str:
    rule = result.get("rule")
    named = result.get("ruleId") or (rule.get("id") if isinstance(rule, dict) else None)
    level = result.get("level") or defaults.get(_key(result.get("ruleIndex"))) or defaults.get(_key(named))
    return level if level in (*_LEVELS, "none") else "warning"


def _key(value: Any) -> Any:
    return value if isinstance(value, int | str) and value != -1 else None


def _defaults(run: dict[str, Any]) -> dict[Any, Any]:
    """The level each rule has by default, by its place and by its id."""
    tool = run.get("tool")
    driver = tool.get("driver") if isinstance(tool, dict) else None
    rules = driver.get("rules") if isinstance(driver, dict) else None
    found: dict[Any, Any] = {}
    for place, rule in enumerate(rules if isinstance(rules, list) else []):
        settings = rule.get("defaultConfiguration") if isinstance(rule, dict) else None
        level = settings.get("level") if isinstance(settings, dict) else None
        if isinstance(level, str):
            found |= {place: level, _key(rule.get("id")): level}
    found.pop(None, None)
    return found


def _objects(value: Any, *, is_strict: bool = False) -> list[dict[str, Any]]:
    listed = value if isinstance(value, list) else []
    found = [each for each in listed if isinstance(each, dict)]
    if is_strict and len(found) < len(listed):
        raise Unreadable("a result of it is no object")
    return found
