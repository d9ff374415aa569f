"""What an installer gets: a wheel with everything in it, also by way of the source distribution."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def build(source: Path, target: Path, kind: str) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel"))


def test_the_wheel_holds_both_packages_their_types_and_the_migrations(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    migrations = {f"tm/store/migrations/{path.name}" for path in (ROOT / "core/tm/store/migrations").iterdir()}

    assert {"tm/__init__.py", "tm/py.typed", "tm_slack/__init__.py", "tm_slack/py.typed"} | migrations <= names
    assert not [name for name in names if name.startswith(("tests", "core", "plugins", "benchmarks"))]


def test_the_wheel_brings_its_own_quick_launcher(wheel: zipfile.ZipFile) -> None:
    (launcher,) = [name for name in wheel.namelist() if name.endswith(".data/scripts/tm")]

    assert wheel.read(launcher).decode() == "#!python\nfrom tm.cli import main\n\nmain()\n"


def test_the_wheel_registers_the_plugins_that_ship_with_it(wheel: zipfile.ZipFile) -> None:
    (points,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]

    assert wheel.read(points).decode().split() == [
        "[tm.commands]", "ci", "=", "tm_ci.commands:app", "git", "=", "tm_git.commands:app",
        "jira", "=", "tm_jira.commands:app", "slack", "=", "tm_slack.commands:app",
        "standup", "=", "tm_git.standup_command:app", "start", "=", "tm_git.start_command:app",
        "[tm.plugins]", "ci", "=", "tm_ci", "git", "=", "tm_git",
        "jira", "=", "tm_jira", "slack", "=", "tm_slack",
        "[tm.stand_ins]", "jira", "=", "tm_jira.standin", "slack", "=", "tm_slack.standin",
    ]  # fmt: skip


def test_the_source_distribution_builds_the_same_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    archive = build(ROOT, tmp_path / "sdist", "sdist")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    again = zipfile.ZipFile(build(source, tmp_path / "wheel", "wheel"))

    assert sorted(again.namelist()) == sorted(wheel.namelist())
