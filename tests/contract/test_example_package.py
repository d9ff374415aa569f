"""The example plugin as its users get it: built, installed beside the built tm, and used from the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "tm-hub-mirror"
OFFLINE = ("--quiet", "--disable-pip-version-check", "--no-index", "--no-deps")

pytestmark = pytest.mark.slow


class Machine:
    """A virtual environment with both wheels in it, and a folder with a hub that mirrors to `files`."""

    def __init__(self, home: Path, bin_folder: Path) -> None:
        self.home, self.files = home, home / "files"
        self._bin = bin_folder
        self.environ = {"HOME": str(home), "PATH": f"{bin_folder}:/usr/bin:/bin", "TM_DELIVERY": "worker"}
        self.environ["COLUMNS"] = "200"
        home.joinpath("tm.toml").write_text(f'[plugins.mirror]\nfolder = "{self.files}"\n')

    def run(self, program: str, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._bin / program, *words], cwd=cwd or self.home, env=self.environ, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip

    def tm(self, *words: str) -> str:
        """What a command that must go well says on stdout."""
        done = self.run("tm", *words)

        assert done.returncode == 0, done.stderr
        return done.stdout

    def shown(self, task_id: str) -> dict[str, Any]:
        return dict(json.loads(self.tm("show", task_id, "--format", "json")))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh virtual environment, with both wheels installed and nothing downloaded."""
    wheels, fresh = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("fresh")
    pip("wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT), str(EXAMPLE))
    venv.create(fresh, symlinks=True)
    pip("--python", str(fresh / "bin" / "python"), "install", *OFFLINE, *map(str, wheels.glob("*.whl")))
    [packages] = fresh.glob("lib/python*/site-packages")
    # what both depend on comes from the environment that runs the tests; the wheels are found first
    packages.joinpath("dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return fresh / "bin"


def pip(*words: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words], env=environ, capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stderr


@pytest.fixture
def machine(tmp_path: Path, shop: Path) -> Machine:
    machine = Machine(tmp_path, shop)
    machine.tm("init")
    return machine


def lines(text: str) -> list[Sequence[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_the_installed_packages_are_the_built_ones(machine: Machine) -> None:
    said = machine.run("python", "-c", "import tm, tm_mirror; print(tm.__file__, tm_mirror.__file__)").stdout

    assert str(ROOT) not in said
    assert said.count("site-packages") == 2


def test_what_the_example_says_it_needs_is_enough(machine: Machine, shop: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", shop / "python", "check"],
        env=machine.environ, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert "tm-hub-mirror" not in done.stdout


def test_the_example_s_own_tests_pass_where_it_is_installed(machine: Machine) -> None:
    place = machine.home / "example"
    shutil.copytree(EXAMPLE / "tests", place / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(EXAMPLE / "pyproject.toml", place)
    done = machine.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=place)

    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


def test_tm_lists_the_plugin_as_active_and_the_doctor_asks_it(machine: Machine) -> None:
    [mirror] = [
        each for each in json.loads(machine.tm("plugins", "list", "--format", "json")) if each["name"] == "mirror"
    ]

    assert (mirror["state"], mirror["version"]) == ("active", "tm-hub-mirror 0.1.0")
    assert str(machine.files) in machine.tm("doctor", "mirror")


def test_a_task_becomes_a_file_and_an_edit_of_the_file_becomes_a_change_of_the_task(machine: Machine) -> None:
    task_id = machine.tm("add", "Ship the parser").split()[0]
    machine.tm("deliver")
    path = machine.files / f"{task_id}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"title": "Ship it", "status": "in_progress"}))
    assert lines(machine.tm("mirror", "pull")) == [["changed", path.name, task_id]]
    machine.tm("deliver")

    task = machine.shown(task_id)
    assert (task["title"], task["status"]) == ("Ship it", "in_progress")
    assert [link["url"] for link in task["links"]] == [path.as_uri()]


def test_a_dry_run_says_what_a_pull_would_bring_and_brings_nothing(machine: Machine) -> None:
    machine.tm("mirror", "pull")
    machine.files.joinpath("milk.json").write_text('{"title": "Buy milk"}')
    dry = machine.tm("mirror", "pull", "--dry-run")
    machine.tm("deliver")
    assert machine.tm("list", "--format", "json").strip() == "[]"

    assert dry == machine.tm("mirror", "pull")
    machine.tm("deliver")
    assert [each["title"] for each in json.loads(machine.tm("list", "--format", "json"))] == ["Buy milk"]


def test_status_tells_what_differs(machine: Machine) -> None:
    machine.tm("mirror", "pull")
    machine.files.joinpath("milk.json").write_text("{")

    said = lines(machine.tm("mirror", "status"))
    assert [line[0] for line in said] == ["ok", "warning", "new"]


def test_a_folder_that_is_away_is_one_sentence_and_no_bug(machine: Machine) -> None:
    machine.tm("mirror", "pull")
    shutil.rmtree(machine.files)
    done = machine.run("tm", "mirror", "pull")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"tm: The folder {machine.files} is not there.")


def test_the_demo_shows_the_stand_in(machine: Machine) -> None:
    said = machine.tm("demo")

    assert "Ship the CSV export (completed)" in " ".join(said.split())
