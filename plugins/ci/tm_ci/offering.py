"""What the plugin offers: commands for what is missing, and findings for `tm doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm import Finding
from tm_ci import kinds
from tm_ci.gathering import split_kind
from tm_ci.globs import matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tm_ci.settings import Settings

_EXAMPLES = {
    kinds.JUNIT: "--junit 'reports/*.xml'",
    kinds.COVERAGE: "--coverage coverage.xml",
    kinds.SARIF: "--sarif '*.sarif'",
    kinds.NPM_AUDIT: "--npm-audit npm-audit.json",
    kinds.PIP_AUDIT: "--pip-audit pip-audit.json",
    kinds.SONAR: "--sonar report-task.txt",
}
_ENDINGS = {"_exit_code": "--exit-code {}=N", "_count": "--count '{}=GLOB'", "_bytes": "--count '{}=GLOB'"}


def commands(task_id: str, names: Sequence[str], *, settings: Settings) -> Iterator[str]:
    """The commands that would measure these names; a name that no report measures has none."""
    renamed = {new: old for old, new in settings.names.items()}
    own = [renamed.get(name, name) for name in names]
    wanted = [kind for kind, measures in kinds.NAMES.items() if set(measures) & set(own)]
    listed = {kind or kinds.by_name(pattern) for kind, pattern in map(split_kind, settings.files)}
    if any(kind in listed for kind in wanted):
        yield f"tm ci measure {task_id}"
    missing = [kind for kind in wanted if kind not in listed and not _is_covered(kind, own, listed)]
    words = [_EXAMPLES[kind] for kind in missing]
    known = {name for measures in kinds.NAMES.values() for name in measures}
    words += list(dict.fromkeys(word for name in own if name not in known for word in _by_ending(name)))
    if words:
        yield f"tm ci measure {task_id} {' '.join(words)}"


def _is_covered(kind: str, names: Sequence[str], listed: set[str | None]) -> bool:
    """Whether the files that are listed measure the same of these names already."""
    mine = set(kinds.NAMES[kind]) & set(names)
    return mine <= {name for other in listed for name in kinds.NAMES.get(other or "", ())}


def _by_ending(name: str) -> list[str]:
    return [form.format(name.removesuffix(ending)) for ending, form in _ENDINGS.items() if name.endswith(ending)]


def findings(settings: Settings) -> Iterator[Finding]:
    """What `tm doctor ci` says."""
    if not settings.files:
        yield Finding(level="ok", message="No files are listed: tm ci measure reads those it is told.")
    for text in settings.files:
        kind, pattern = split_kind(text)
        found = len(matches(pattern))
        message = f"{pattern}: {found} here now."
        if kind is None and kinds.by_name(pattern) is None:
            advice = "Write its kind before it, as in junit:build/results."
            yield Finding(level="warning", message=f"{message} Missing, it would not count as unknown.", advice=advice)
        else:
            yield Finding(level="ok", message=message)
    if settings.sonar_token is not None and settings.sonar_url is None:
        yield Finding(
            level="error", message="sonar_token is set and sonar_url is not.", advice="Set [plugins.ci] sonar_url."
        )
