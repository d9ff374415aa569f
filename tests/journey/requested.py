"""Cuts the scripts out of the requested document and fills in what a CI system would. Touches nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLOCK = re.compile(r"^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STEP_OR_JOB = re.compile(r"^(?=      - |  [\w-]+:$)", re.MULTILINE)
_NAME = re.compile(r"^      - name: (.+)$", re.MULTILINE)
_RUN = re.compile(r"^        run: (?:\|\n)?(.*)", re.MULTILINE | re.DOTALL)
_HEAD_OR_SHELL = re.compile(
    r"stage\('(?P<stage>.+?)'\) \{|(?P<post>success|failure) \{|(?:sh|script:) \"\"\"(?P<shell>.*?)\"\"\"", re.DOTALL
)


def script(document: str, file: str) -> str:
    """The block that says it belongs in this file, as it stands. Raises LookupError unless there is just one."""
    says_so = re.compile(rf"^(#|//) File: {re.escape(file)}$", re.MULTILINE)
    found = [block for block in _BLOCK.findall(document) if says_so.search(block)]
    if len(found) != 1:
        raise LookupError(f"{len(found)} blocks of the document belong in {file}, not one.")
    return str(found[0])


def criteria(text: str) -> list[dict[str, str]]:
    """The criteria that a script gives to the task it adds."""
    found: list[dict[str, str]] = json.loads(re.findall(r"--criteria '(.+?)'", text, re.DOTALL)[0])
    return found


def workflow_steps(workflow: str) -> dict[str, str]:
    """What the named steps of a GitHub workflow run, in order.

    Cut by indentation: its texts stand further left than their step, which is no YAML.
    """
    steps = {}
    for part in _STEP_OR_JOB.split(workflow):
        name, run = _NAME.search(part), _RUN.search(part)
        if name and run:
            steps[name[1]] = re.sub(r"^ {10}", "", run[1], flags=re.MULTILINE).strip("\n") + "\n"
    return steps


def with_expressions(text: str, values: Mapping[str, str]) -> str:
    """A step's text with each `${{ … }}` replaced, as the runner does before any shell sees it."""
    return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: values[found[1]], text)


def pipeline_steps(pipeline: str) -> dict[str, list[str]]:
    """The shell texts of a Jenkinsfile by stage, or by `success` and `failure`, still as Groovy spells them."""
    steps: dict[str, list[str]] = {}
    head = ""
    for found in _HEAD_OR_SHELL.finditer(pipeline):
        if found["shell"] is None:
            head = found["stage"] or found["post"]
        else:
            steps.setdefault(head, []).append(found["shell"])
    return steps


def as_groovy(text: str, values: Mapping[str, str]) -> str:
    """The string a triple-quoted Groovy text stands for: backslashes taken off, `${…}` replaced, lines joined."""
    return re.sub(
        r"\\(?P<taken>.|\n)|\$\{(?P<name>[^}]+)\}",
        lambda found: values[found["name"]] if found["name"] else found["taken"].strip("\n"),
        text,
    )
