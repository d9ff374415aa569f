"""The Jenkinsfile and its library step, run by groovy with stand-ins for Jenkins's steps; `sh` runs for real."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.plugins.ci.conftest import FOREIGN, SHA

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).parents[3] / "examples" / "ci"
STUB = Path(__file__).with_name("stub.groovy")
GROOVY, JAVA = shutil.which("groovy"), shutil.which("java")
BUILD = {
    "CI": "true", "JENKINS_URL": "https://jenkins.example.com/", "JOB_NAME": "acme/shop/main", "BUILD_NUMBER": "42",
    "GIT_COMMIT": SHA,
}  # fmt: skip


@pytest.fixture
def build(tmp_path):
    """Runs the Jenkinsfile over the Python project; `spoils` is a shell command for the checkout."""
    if GROOVY is None or JAVA is None:
        pytest.skip("groovy is not installed, so the Jenkinsfile cannot be run here: apt-get install groovy")
    shutil.copytree(EXAMPLES / "python-app", tmp_path / "work")

    def run(*, spoils="true", branch="main"):
        subprocess.run(["sh", "-ec", spoils], cwd=tmp_path / "work", check=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith((*FOREIGN, "PYTEST"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environ = {**clean, **BUILD, "PATH": path, "HOME": str(tmp_path), "BRANCH_NAME": branch}
        # Debian's groovy takes a Java of its own choice, which need not be installed
        environ |= {"WORKSPACE": str(tmp_path / "work"), "JAVA_HOME": str(Path(JAVA).resolve().parents[1])}
        words = [str(GROOVY), str(STUB), str(EXAMPLES / "Jenkinsfile"), str(EXAMPLES / "vars" / "tmTask.groovy")]
        return subprocess.run(words, cwd=tmp_path / "work", env=environ, capture_output=True, text=True, timeout=300)

    return run


def test_the_jenkinsfile_passes_when_the_gates_hold(build):
    done = build()

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall: 5/5 criteria met" in done.stdout
    assert "RESULT SUCCESS" in done.stdout


def test_the_jenkinsfile_is_refused_at_84_9_against_85(build):
    done = build(spoils="rm tests/test_shipping.py")

    assert done.returncode == 1
    assert "code_coverage=84.90566038" in done.stdout
    assert "RESULT FAILURE tm: the gates do not hold" in done.stdout


def test_a_stage_that_fails_is_told_with_its_result(build):
    done = build(spoils="echo 'exit 3' > build.sh")

    assert done.returncode == 1
    assert "step build failed" in done.stdout
    assert "script returned exit code 3" in done.stdout


def test_a_branch_is_a_word_and_no_command(build, tmp_path):
    done = build(branch="x\"; touch pwned; `touch pwned` $(touch pwned) '")

    assert done.returncode == 0, done.stdout + done.stderr
    assert not [path for path in tmp_path.rglob("pwned*")]
