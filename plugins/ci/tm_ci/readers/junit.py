"""JUnit's XML and its relatives: Surefire, pytest, node, Gradle, and xUnit.net's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tm_ci.readers.reading import Reading, Unreadable, digits, percent
from tm_ci.readers.tags import Tag, tags_of

NAMES = ("test_count", "test_failures", "test_skipped", "test_pass_rate")
ROOTS = ("testsuites", "testsuite", "assemblies", "assembly")

_SUITES = ("testsuites", "testsuite", "assembly")
_CASES = ("testcase", "test")
_FAILED = ("failure", "error")
_BAD = {
    "fail", "failed", "failure", "error", "errored", "timeout", "timedout", "broken", "aborted", "crashed",
    "inconclusive", "warning", "xpass", "bfail", "bxpass",
}  # fmt: skip
_UNRUN = {
    "skipped", "notrun", "disabled", "skip", "ignored", "pending", "suppressed", "filtered", "excluded", "todo",
    "untested",
}  # fmt: skip
_GOOD = {
    "pass", "passed", "success", "successful", "succeeded", "ok", "run", "executed", "completed", "finished", "xfail",
    "bpass", "bxfail", "true",
}  # fmt: skip


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

    Raises Unreadable when it is no such report, when a suite speaks of more tests than it lists (part of it is
    missing), or when a test ended in a way that is not known.
    """
    tags = tags_of(report)
    if tags[0].name not in ROOTS:
        raise Unreadable(f"it is no report of tests: it begins with <{tags[0].name[:40]}>")
    top = _Suite()
    _fill(top, tags)
    try:
        return top.cases()
    except RecursionError:
        raise Unreadable("its suites nest too deep") from None


def together(reports: Iterable[Cases]) -> Reading:
    """The values of several files as of one."""
    return sum(reports, Cases()).reading


@dataclass(kw_only=True)
class _Suite:
    """A suite with what it says of itself and what it holds; `depth` is that of its tag.

    Failures that it counts and does not list are tests all the same: they failed before they were cases.
    """

    depth: int = -1
    tests: int = 0
    failures: int = 0
    counts_parts: bool = False
    verdicts: list[str] = field(default_factory=list)
    suites: list[_Suite] = field(default_factory=list)

    def cases(self) -> Cases:
        """Its cases with those of the suites in it. Raises Unreadable when fewer are listed than it speaks of."""
        own = Cases(
            count=len(self.verdicts), failures=self.verdicts.count("failed"), skipped=self.verdicts.count("skipped")
        )
        whole = sum((each.cases() for each in self.suites), own)
        failures = max(whole.failures, self.failures)
        if self.tests > whole.count + failures - whole.failures and not self.counts_parts:
            raise Unreadable(f"it speaks of {self.tests} tests and lists {whole.count}: part of it is missing")
        return Cases(count=max(whole.count, failures, self.tests), failures=failures, skipped=whole.skipped)


def _fill(top: _Suite, tags: Iterable[Tag]) -> None:
    suites, cases = [top], [-1]  # the depths of the cases around a tag
    for tag in tags:
        while tag.depth <= cases[-1]:
            cases.pop()
        while tag.depth <= suites[-1].depth:
            suites.pop()
        inside = suites[-1]
        if tag.name in _SUITES:
            suites.append(_suite(tag))
            inside.suites.append(suites[-1])
        elif tag.name in _CASES:
            cases.append(tag.depth)
            inside.verdicts.append(_own_verdict(tag))
        elif len(cases) > 1 and tag.depth == cases[-1] + 1:
            inside.verdicts[-1] = _worse(inside.verdicts[-1], tag.name)
        elif len(cases) == 1 and tag.name in _FAILED and tag.depth == inside.depth + 1:
            inside.failures += 1  # the suite itself did not run


def _suite(tag: Tag) -> _Suite:
    claimed = [digits(tag.attributes.get(name)) or 0 for name in ("failures", "errors", "failed")]
    tests = digits(tag.attributes.get("tests") or tag.attributes.get("total")) or 0
    return _Suite(depth=tag.depth, tests=tests, failures=sum(claimed), counts_parts=_counts_parts(tag))


def _counts_parts(tag: Tag) -> bool:
    """Whether the tool counts what it does not list: pytest its subtests, Catch2 its assertions."""
    return tag.attributes.get("name") == "pytest" or tag.attributes.get("hostname") == "tbd"


def _own_verdict(tag: Tag) -> str:
    said = {tag.attributes.get(name, "").strip().lower() for name in ("result", "status")} - {""}
    if said & _BAD:
        return "failed"
    if odd := said - _UNRUN - _GOOD:
        raise Unreadable(f"a test of it is {min(odd)[:40]!r}, which may be anything")
    return "skipped" if said & _UNRUN else "passed"


def _worse(verdict: str, child: str) -> str:
    if child.lower() in _FAILED:
        return "failed"
    return "skipped" if child == "skipped" and verdict == "passed" else verdict
