"""What the short commands import: every module costs each commit hook and each agent its share of 20 ms."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.projects import make_project

import tm

if TYPE_CHECKING:
    from collections.abc import Callable

# Modules above a bare interpreter, some twenty of them sqlite3's own, as measured with Python 3.11 in a container:
# a room may be split in two without asking here, a second one is somebody's decision.
TODAY = {
    "progress": 48, "add": 48, "context": 48, "block": 48, "show": 46, "list": 45,
    "measure": 50, "complete": 53, "complete --validate": 53, "feedback": 51,
    "add --criterion": 50, "add --criteria": 63,
}  # fmt: skip
SPARE = 1

DEAR = {
    "argparse", "asyncio", "concurrent", "contextlib", "copy", "dataclasses", "difflib", "email", "enum", "hashlib",
    "http", "httpx", "importlib.metadata", "importlib.resources", "inspect", "json", "logging", "multiprocessing",
    "packaging", "pathlib", "platform", "pluggy", "pydantic", "pydantic_settings", "queue", "random", "re", "rich",
    "secrets", "select", "shlex", "shutil", "signal", "slack_sdk", "socket", "ssl", "statistics", "string",
    "subprocess", "tempfile", "textwrap", "threading", "tokenize", "tomllib", "traceback", "typer", "typing",
    "unicodedata", "urllib", "uuid", "warnings", "zoneinfo",
}  # fmt: skip
OWN_OF_JSON = {"json", "re", "enum"}

SCRIPT = """
import sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
from tm.cli.start import answer
code = answer(sys.argv[2:])
sys.stdout.flush()
print(*sorted(set(sys.modules) - before), file=sys.stderr)
sys.exit(code)
"""
CRITERIA = '[{"criterion": "Tests pass", "measurable": "test_failures == 0"}]'


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[str, set[str]]]:
    """Runs `tm` in a hub with three plugins and remembered settings; its first word, and the modules it loaded."""
    make_project(tmp_path, home=tmp_path)
    (tmp_path / "tm.toml").write_text('delivery = "worker"\n[plugins.chat]\n[plugins.mail]\n[plugins.wiki]\n')
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "USER": "tester"}
    code = str(Path(tm.__file__).parent.parent)

    def run(*words: str) -> tuple[str, set[str]]:
        command = [sys.executable, "-c", SCRIPT, code, *words]
        done = subprocess.run(command, env=environ, cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.partition("\n")[0], set(done.stderr.splitlines()[-1].split())

    for _ in range(50):  # a file younger than the disk's clock can tell is not remembered
        if (tmp_path / ".tm" / "settings.cache").exists():
            break
        run("list")
    return run


@pytest.fixture
def verbs(run: Callable[..., tuple[str, set[str]]]) -> dict[str, tuple[str, ...]]:
    """A plain command line for every entry of TODAY, in an order in which all of them succeed."""
    task, _ = run("add", "A task", "--criterion", "coverage >= 85")
    other, _ = run("add", "Another task")
    return {
        "progress": ("progress", task, "half of it is done"),
        "context": ("context", task, "--shared", "staging is at v12"),
        "block": ("block", other, "--reason", "waiting for the key"),
        "measure": ("measure", task, "coverage=91"),
        "show": ("show", task, "--format", "json"),
        "list": ("list", "--limit", "50", "--format", "json"),
        "complete --validate": ("complete", task, "--validate"),
        "complete": ("complete", other),
        "feedback": ("feedback", task, "--quality", "5"),
        "add": ("add", "A third task", "--priority", "high"),
        "add --criterion": ("add", "A judged task", "--criterion", "coverage >= 85"),
        "add --criteria": ("add", "Another judged task", "--criteria", CRITERIA),
    }


def dear(modules: set[str]) -> set[str]:
    """Those of the modules that no short command may load, by the names in DEAR."""
    return {name for name in DEAR if name in modules or any(each.startswith(f"{name}.") for each in modules)}


def test_short_commands_load_none_of_the_dear_modules(run, verbs):
    loaded = {verb: dear(run(*words)[1]) for verb, words in verbs.items()}

    assert loaded.pop("add --criteria") <= OWN_OF_JSON
    assert {verb: names for verb, names in loaded.items() if names} == {}


def test_short_commands_load_no_more_modules_than_today(run, verbs):
    counts = {verb: len(run(*words)[1]) for verb, words in verbs.items()}

    assert {verb: count for verb, count in counts.items() if count > TODAY[verb] + SPARE} == {}
    assert counts.keys() == TODAY.keys()


def test_a_dear_module_would_be_noticed():
    assert dear({"tm", "json.decoder"}) == {"json"}
    assert dear({"tm.jsontext", "tm.store"}) == set()
