"""Whether what the plugins' packages require is what is installed, without importing any of them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from tm.hub import Finding
from tm.packages import installed
from tm.plugins import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import Distribution


def clashes(*, only: str | None = None) -> Iterator[tuple[str, Finding]]:
    """One finding per requirement of a plugin's package that is absent or of another version.

    `only` names the one plugin to look at. A package that provides several plugins is looked at once.
    """
    packages = {
        entry.dist.name: (name, entry.dist)
        for name, entries in sorted(installed(GROUP).items(), reverse=True)
        for entry in entries
        if entry.dist and only in (None, name)
    }
    for name, package in sorted(packages.values(), key=lambda each: each[0]):
        yield from ((name, finding) for finding in judge_package(package))


def judge_package(package: Distribution) -> Iterator[Finding]:
    """The findings for one installed package."""
    for line in package.requires or ():
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            yield from _judge(package.name, wanted)


def _judge(package: str, wanted: Requirement) -> Iterator[Finding]:
    advice = f"pip install '{wanted.name}{wanted.specifier}'"
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        yield Finding(level="error", message=f"{package} needs {wanted}, which is not installed.", advice=advice)
        return
    if not wanted.specifier.contains(found, prereleases=True):
        message = f"{package} needs {wanted}; installed is {wanted.name} {found}."
        yield Finding(level="warning", message=message, advice=f"{advice}, or update {package}")
