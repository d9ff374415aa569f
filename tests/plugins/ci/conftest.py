"""The real command in an empty folder, with the variables of a CI system and nothing of this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.projects import make_project

TM = Path(sys.executable).with_name("tm")
SAMPLES = Path(__file__).with_name("samples")
FOREIGN = ("GITHUB_", "RUNNER_", "GITLAB_", "CI_", "JENKINS_", "BUILD_", "JOB_", "TM_", "SONAR_")
SHA, OTHER_SHA = "4f2a9c1d" * 5, "0b1c2d3e" * 5
GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/app",
    "GITHUB_REPOSITORY_ID": "7",
    "GITHUB_WORKFLOW": "Build",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_SHA": SHA,
    "GITHUB_REF_NAME": "main",
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "build",
    "GITHUB_ACTOR": "ada",
}
PASSED = '<testsuite tests="1"><testcase name="a"/></testsuite>'


def coverage(percent: float) -> str:
    """A Cobertura report of a thousand lines."""
    return f'<coverage line-rate="{percent / 100}" lines-valid="1000" lines-covered="{round(percent * 10)}"/>'


class Machine:
    """A folder in which a job runs; `hub` is where the store is, if there is one."""

    def __init__(self, folder, *, hub=None):
        self.folder, self.hub = folder, hub
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, *words, environ=GITHUB, **more):
        """Begin to run `tm`, and go on."""
        return subprocess.Popen(
            [str(TM), *map(str, words)], cwd=self.folder, env=self._environ(environ, more), stderr=subprocess.DEVNULL
        )

    def run(self, *words, environ=GITHUB, **more):
        """Run `tm`; its exit code, stdout and stderr."""
        return subprocess.run(
            [str(TM), *map(str, words)],
            cwd=self.folder,
            env=self._environ(environ, more),
            capture_output=True,
            text=True,
            timeout=60,
        )

    def _environ(self, environ, more):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        known = {"HOME": str(self.folder), "USER": "ada", "RUNNER_TEMP": str(self.folder / "temp")}
        if self.hub:
            known |= {"TM_DATABASE_URL": str(self.hub), "TM_DELIVERY": "worker", "TM_PLUGINS__CI__ENABLED": "true"}
        return {**clean, **known, **environ, **more}

    def ok(self, *words, **how):
        """Run `tm`, which has to succeed; its stdout."""
        done = self.run(*words, **how)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, name, text):
        """Write a file, its folders too."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    @property
    def run_file(self):
        """Where the lines of this job are."""
        return self.folder / "temp" / "tm-ci.jsonl"


@pytest.fixture
def make_machine(tmp_path):
    """Machines with a folder of their own; `hub` gives one the store."""

    def make(name, *, hub=None):
        return Machine(tmp_path / name, hub=hub)

    return make


@pytest.fixture
def machine(make_machine):
    """A machine without a hub."""
    return make_machine("machine")


@pytest.fixture
def with_hub(make_machine, tmp_path):
    """A machine that reaches a hub."""
    make_project(tmp_path / "hub", home=tmp_path)
    return make_machine("with-hub", hub=tmp_path / "hub" / "tm.db")


@pytest.fixture(scope="session")
def sample():
    """The bytes of a report that a real tool wrote."""
    return lambda name: (SAMPLES / name).read_bytes()
