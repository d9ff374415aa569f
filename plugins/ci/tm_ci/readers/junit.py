"""JUnit's XML and its relatives: Surefire, pytest, node, Gradle, and xUnit.net's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tm_ci.readers.reading import Reading, Unreadable, digits, percent
from tm_ci.readers.tags import Tag, tags_of

NAMES = ("test_count", "test_failures", "test_skipped", "test_pass_rate")
ROOTS = ("testsuites", "testsuite", "assemblies", "assembly")

_SUITES = ("testsuites", "testsuite", "assembly")
_CASES = ("testcase", "test")
_FAILED = ("failure", "error")
_UNRUN = ("skipped", "notrun", "disabled", "skip")


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Test cases counted; an error is a failure, a flaky one that passed in the end is none."""

    count: int = 0
    failures: int = 0
    skipped: int = 0

    def __add__(self, other: Cases) -> Cases:
        return Cases(
            count=self.count + other.count,
            failures=self.failures + other.failures,
            skipped=self.skipped + other.skipped,
        )

    @property
    def reading(self) -> Reading:
        """The values by name; where no case ran, nobody knows what would have passed."""
        if not self.count:
            return dict.fromkeys(NAMES)
        ran = self.count - self.skipped
        rate = percent(max(0, ran - self.failures), ran)
        found = (self.count, self.failures, self.skipped, rate)
        return dict(zip(NAMES, found, strict=True))


def read(report: bytes) -> Cases:
    """The cases of one file, each counted once however suites nest.

    Raises Unreadable when it is no such report, or when its counters speak of more tests than it lists and none of
    them failed: then part of it is missing.
    """
    tags = tags_of(report)
    if tags[0].name not in ROOTS:
        raise Unreadable(f"it is no report of tests: it begins with <{tags[0].name[:40]}>")
    listed = _listed(tags)
    tests, failures = _claimed(tags)
    failed = max(listed.failures, failures)
    if tests > listed.count and not failed:
        raise Unreadable(f"it speaks of {tests} tests and lists {listed.count}: part of it is missing")
    return Cases(count=max(listed.count, failed), failures=failed, skipped=listed.skipped)


def together(reports: Iterable[Cases]) -> Reading:
    """The values of several files as of one."""
    return sum(reports, Cases()).reading


def _listed(tags: Iterable[Tag]) -> Cases:
    verdicts: list[str] = []
    case: Tag | None = None
    for tag in tags:
        if tag.name in _CASES and (case is None or tag.depth <= case.depth):
            case = tag
            verdicts.append(_own_verdict(tag))
        elif case is not None and tag.depth <= case.depth:
            case = None
        elif case is not None and tag.depth == case.depth + 1:
            verdicts[-1] = _worse(verdicts[-1], tag.name)
    return Cases(count=len(verdicts), failures=verdicts.count("failed"), skipped=verdicts.count("skipped"))


def _own_verdict(tag: Tag) -> str:
    said = {tag.attributes.get(name, "").strip().lower() for name in ("result", "status")}
    if said & {"fail", "failed", "error"}:
        return "failed"
    return "skipped" if said & set(_UNRUN) else "passed"


def _worse(verdict: str, child: str) -> str:
    if child in _FAILED:
        return "failed"
    return "skipped" if child == "skipped" and verdict == "passed" else verdict


def _claimed(tags: Iterable[Tag]) -> tuple[int, int]:
    """What the outermost suites that count say: tests, and failures with errors."""
    tests = failures = 0
    inside: int | None = None
    for tag in tags:
        if inside is not None and tag.depth <= inside:
            inside = None
        own = digits(tag.attributes.get("tests") or tag.attributes.get("total")) if tag.name in _SUITES else None
        if own is None or inside is not None:
            continue
        inside = tag.depth
        tests += own
        failures += sum(digits(tag.attributes.get(name)) or 0 for name in ("failures", "errors", "failed"))
    return tests, failures
