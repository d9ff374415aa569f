"""The files to copy keep other people's words out of scripts, and their scripts are sound."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.plugins.ci.jobs import load

EXAMPLES = Path(__file__).parents[3] / "examples" / "ci"
SHELLCHECK = Path(sys.executable).with_name("shellcheck")


def scripts():
    """Every `run:` of the action and the workflow, every script of the template."""
    for number, step in enumerate(load(EXAMPLES / "action.yml")["runs"]["steps"]):
        if "run" in step:
            yield pytest.param(step["run"], id=f"action {number}")
    for name, job in load(EXAMPLES / "workflows" / "build.yml")["jobs"].items():
        yield from (pytest.param(step["run"], id=f"workflow {name}") for step in job["steps"] if "run" in step)
    for name, job in load(EXAMPLES / "gitlab" / "tm-ci.gitlab-ci.yml").items():
        if isinstance(job, dict) and "script" in job:
            yield pytest.param("\n".join(job["script"]), id=f"gitlab {name}")


@pytest.mark.parametrize("script", list(scripts()))
def test_no_expression_is_pasted_into_a_script_and_shellcheck_finds_nothing(script):
    done = subprocess.run([SHELLCHECK, "-s", "bash", "-"], input=script, capture_output=True, text=True)

    assert "${{" not in script
    assert done.returncode == 0, done.stdout


def test_every_input_of_the_action_is_a_variable_of_its_script_or_of_a_step():
    action = load(EXAMPLES / "action.yml")
    text = (EXAMPLES / "action.yml").read_text(encoding="utf-8")

    assert [name for name in action["inputs"] if f"inputs.{name}" not in text] == []


def test_in_groovy_no_string_that_reaches_a_shell_is_filled_in():
    text = (EXAMPLES / "vars" / "tmTask.groovy").read_text() + (EXAMPLES / "Jenkinsfile").read_text()
    filled = [line for line in text.splitlines() if re.search(r"""\bsh[ (].*"[^"]*\$\{""", line)]

    assert filled == []
