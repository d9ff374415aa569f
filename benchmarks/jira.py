"""Jira: planning for thousands of linked tasks, a pass over them, bringing them in, over bare loops of its client."""

from __future__ import annotations

import json
import subprocess

from benchmarks.figures import heading, median, report, report_absolute
from benchmarks.hubs import Hub
from benchmarks.installed import PYTHON, ROOT

CHANGES = 50
# run as a module: beside a script, this room would be taken for the package that the plugin calls Jira with
_LOOP = (str(PYTHON), "-P", "-m", "benchmarks.inside_jira")
_TABLE = '[plugins.jira]\ncomments = ["completed"]\n[[plugins.jira.projects]]\nproject = "PROJ"\n'


def run(*, is_quick: bool) -> None:
    """Bring in the issues, plan for all of them, then let a worker see to a few changes on either side, in turn."""
    count, rounds = (1000, 3) if is_quick else (5000, 5)
    heading(f"Jira with {count:,} linked tasks, {CHANGES} of them changed, over bare loops of the same requests")
    found = _measured(count, rounds)
    pairs = zip(found["pass"], found["pass bare"], found["pass bare threads"], strict=True)
    ratios = [(took / bare, took / threads) for took, bare, threads in pairs]
    report_absolute(f"planning for {count:,} at rest", found["plan"][0], unit="s", at_most=1)
    report_absolute(f"planning for {count:,}, each with a change", found["plan"][1], unit="s", at_most=1)
    report("a pass: seconds over a bare loop", median([bare for bare, _ in ratios]))
    report("a pass: seconds over bare loops of as many threads", median([threads for _, threads in ratios]))
    report_absolute("a pass", median(found["pass"]), unit="s")
    report("a pass: requests over changes", median(found["requests"]) / CHANGES, at_most=12)
    looks = [took / bare for took, bare in zip(found["look"], found["look bare"], strict=True)]
    report("a look that finds nothing: seconds over a bare loop", median(looks))
    report_absolute("a look that finds nothing", 1000 * median(found["look"]), unit="ms")
    report_absolute("a look that finds nothing", median(found["look requests"]), unit="requests", at_most=12)
    report("bringing them in: seconds over reading the same pages", found["backfill"][0] / found["backfill bare"][0])
    report_absolute("bringing them in", count / found["backfill"][0], unit="issues a second")
    report_absolute("passes and bringing them in: peak memory", found["megabytes"][0], unit="MB", at_most=150)


def _measured(count: int, rounds: int) -> dict[str, list[float]]:
    hub = Hub("jira", plugins=_TABLE)
    for path in hub.store.parent.glob("tm.db*"):
        path.unlink()
    command = [*_LOOP, str(count), str(CHANGES), str(rounds)]
    environ = {**hub.environ, "PYTHONPATH": str(ROOT)}
    with (hub.folder / "worker.log").open("w") as log:
        done = subprocess.run(
            command, env=environ, cwd=hub.root, check=True, stdout=subprocess.PIPE, stderr=log, text=True
        )
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found
