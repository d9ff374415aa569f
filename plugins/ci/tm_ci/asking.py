"""The words of `tm ci`, read: criteria, rules, pairs, which word is a task."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tm
from tm_ci.contexts import LOCAL
from tm_ci.gathering import Asked, Found, split_kind
from tm_ci.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tm_ci.contexts import Context
    from tm_ci.job import Job
    from tm_ci.lines import Line

PERCENTAGES = ("code_coverage", "line_coverage", "branch_coverage", "test_pass_rate")
STATUSES = ("started", "passed", "failed", "skipped", "cancelled")

_ALIKE = {"success": "passed", "failure": "failed", "canceled": "cancelled", "aborted": "cancelled"}
_TASK = re.compile(r"[0-9a-f]{4,8}|[A-Z][A-Z0-9_]*-[0-9]+")
_NO_NAME = re.compile(r"[^A-Za-z0-9_]+")
_NAMED = re.compile(r"(?mi)^Task-ID:[ \t]*([0-9a-f]{8})[ \t]*$")
_BRANCH = re.compile(r"feature/([0-9a-f]{8})(?:-.*)?|([0-9a-f]{8})/.+")


def criteria_of(expressions: Sequence[str], text: str | None) -> tuple[tm.Criterion, ...]:
    """The criteria of `--criterion` and `--criteria`. Raises UsageError."""
    found = [tm.criterion(each) for each in expressions]
    return (*found, *(tm.criteria_from_json(_text_of(text)) if text else ()))


def _text_of(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise tm.UsageError(f"{text[1:]} cannot be read. Name a file of UTF-8 text after the @.") from None


def one_line(text: str) -> str:
    """A title as a task takes it, whatever stood in it."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(shown.split())[:500] or "Run"


def rules_of(words: Sequence[str]) -> dict[str, Any]:
    """The rules of `--rule NAME=RULE`. Raises UsageError."""
    found = dict(pairs(words, "rule", example="code_coverage=max"))
    for rule in found.values():
        tm.choice(rule, of="rule", among=RULES)
    return found


def pairs(words: Sequence[str], what: str, *, example: str) -> list[tuple[str, str]]:
    """`NAME=…` words as pairs, the names such as criteria can read. Raises UsageError."""
    found = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise tm.UsageError(f"--{what} takes NAME=…, not {word[:60]!r}. Example: --{what} {example}")
        tm.check_measurement(name.strip(), 0)
        found.append((name.strip(), value))
    return found


def task_and_files(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The task that the first word names, if it looks like one and no file is called so, and the other words."""
    first = words[0] if words else ""
    if _TASK.fullmatch(first) and not Path(first).exists():
        return first, list(words[1:])
    return None, list(words)


def asked(
    files: Sequence[str],
    by_kind: Mapping[str, Sequence[str] | None],
    *,
    exit_codes: Sequence[str] | None,
    counts: Sequence[str] | None,
    values: Sequence[str] | None,
    default: Sequence[str],
) -> Asked:
    """What is to be measured; told nothing, the `default`. Raises UsageError when there is none either."""
    reports: list[tuple[str | None, str]] = [split_kind(each) for each in files]
    reports += [(kind, pattern) for kind, patterns in by_kind.items() for pattern in patterns or ()]
    if not (reports or exit_codes or counts or values):
        reports = [split_kind(each) for each in default]
        if not reports:
            raise tm.UsageError('There is nothing to measure. Name reports, or set [plugins.ci] files = ["…"].')
    said = pairs(values or (), "value", example="bundle_kb=412")
    return Asked(
        reports=reports,
        exit_codes=pairs(exit_codes or (), "exit-code", example="build=0"),
        counts=pairs(counts or (), "count", example="build_artifacts=dist/**"),
        values={name: _said(name, text) for name, text in said},
    )


def _said(name: str, text: str) -> Any:
    """A value as it was typed; a percentage is one of 0 to 100. Raises UsageError."""
    value = tm.typed(text.removesuffix("%") if name in PERCENTAGES else text) if text.strip() else None
    if name in PERCENTAGES and isinstance(value, int | float) and not 0 <= value <= 100:
        raise tm.UsageError(f"{name} is a percentage, of 0 to 100, not {text[:40]}.")
    return value


def status_of(status: str | None, code: int | None) -> str:
    """A step's status: the word, else how its command ended. Raises UsageError for another word."""
    if status is not None:
        return tm.choice(_ALIKE.get(status.lower(), status.lower()), of="status", among=STATUSES)
    return "noted" if code is None else "passed" if code == 0 else "failed"


def how_it_ended(name: str, *, code: int, seconds: float) -> Found:
    """What a step's command measures: `<name>_exit_code` and `<name>_seconds`."""
    word = _NO_NAME.sub("_", name).strip("_").lower()
    word = word if word[:1].isalpha() else f"step_{word}"
    reading: dict[str, Any] = {
        f"{word}_exit_code": code,
        f"{word}_seconds": round(seconds, 3),
    }
    return Found(reading=reading, of=f"step {name}")


def context_text(context: Context) -> str:
    """What everybody who works on the task should know of the run."""
    known = {
        "Run": context.title,
        "Commit": context.commit,
        "Branch": context.branch,
        "Started by": context.actor,
        "Page": context.url,
    }
    return "\n".join(f"{name}: {value}" for name, value in known.items() if value)


def task_of_commit(job: Job, message: str) -> str | None:
    """The task that a commit's message names on a whole line `Task-ID: …`, else its branch; None if neither does.

    Of several the first that is there, where a hub can tell.
    """
    branch = _BRANCH.fullmatch(job.context.branch or "")
    ids: list[str] = _NAMED.findall(message) or ([branch[1] or branch[2]] if branch else [])
    known = job.with_hub(lambda hub: [each for each in ids if hub.tasks.find(each)]) if ids else []
    return next(iter(ids if known is None else known), None)


def measured_for(job: Job, lines: Sequence[Line], *, task: str) -> None:
    """Record for a task that was named; outside of CI a hub that cannot is an error, and so is none."""
    if job.context.system == LOCAL:
        with tm.open_hub("ci") as hub:
            from tm_ci.recording import Recorder

            Recorder(hub, job.context, job.judged, rules=job.settings.rules).record(lines, task=task)
        return
    job.tell(lines, task=task)
