"""What `tm ci` shows: lines for people on stderr, the step's summary, values for later steps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import tm
from tm_ci import summary as pages
from tm_ci.job import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tm_ci.finishing import End
    from tm_ci.gathering import Found
    from tm_ci.lines import Line


def show_found(found: Sequence[Found], lines: Sequence[Line]) -> None:
    """Say what was measured, and of what nobody knows anything, and why."""
    for line in lines:
        if line.data["value"] is not None:
            say(f"✓ {line.name} = {pages.shown(line.data['value'])}  ({line.of})")
    for each in found:
        unknown = [name for name, value in each.reading.items() if value is None]
        if unknown or each.reason:
            say(f"? {', '.join(unknown) or 'nothing measured'}: {each.reason}")


def show_end(end: End, line: str, *, summary: str | None) -> None:
    """Show how a run ended: the table on stderr, as Markdown in the step's summary, the outputs of the step."""
    outcome = end.outcome
    if outcome.verdicts:
        say(tm.verdict_table(list(outcome.verdicts)))
    for why in outcome.why:
        say(f"  {why}")
    say(f"{'✓' if outcome.is_passed else '✗'} {line}")
    if end.told:
        say(end.told)
    page = pages.markdown(outcome, title=end.title, sources=end.sources)
    for file in filter(None, (os.environ.get("GITHUB_STEP_SUMMARY"), summary)):
        _written(file, lambda path: pages.add_text(path, page))
    passed = {"passed": "true", "unknown": "unknown"}.get(outcome.state, "false")
    to_outputs({"passed": passed, "state": outcome.state, "task-id": end.task_id or ""})


def to_outputs(outputs: Mapping[str, str]) -> None:
    """Hand values on to later steps, where the CI system has a file for them."""
    if file := os.environ.get("GITHUB_OUTPUT"):
        _written(file, lambda path: pages.add_outputs(path, outputs))


def _written(file: str, write: Callable[[Path], None]) -> None:
    try:
        write(Path(file))
    except OSError as error:  # a summary that cannot be shown is no reason to fail a build
        say(f"{file} cannot be written ({error.strerror}).")
