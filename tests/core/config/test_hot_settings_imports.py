"""What every command pays for its settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tm

FORBIDDEN = {
    "json", "re", "enum", "dataclasses", "typing", "tomllib", "pathlib", "subprocess", "pydantic",
    "functools", "collections", "argparse", "difflib", "tempfile",
}  # fmt: skip
SCRIPT = """
import os, sys
sys.path[:0] = [sys.argv[1]]
before = set(sys.modules)
from tm.config.core import load
from tm.config.places import database, find_place
place = find_place(os.environ, sys.argv[2])
settings = load(place, os.environ)
database(place, settings.database_url)
print(settings.team, *sorted(set(sys.modules) - before))
"""


def loaded(environ: dict[str, str], folder: Path) -> list[str]:
    code = Path(tm.__file__).parent.parent
    command = [sys.executable, "-S", "-c", SCRIPT, str(code), str(folder)]
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_remembered_settings_load_nothing_but_four_small_rooms(repository, environ):
    (repository / ".git" / "tm").mkdir()
    settings = repository / "tm.toml"
    settings.write_text('team = "platform"\n[plugins.chat]\n')
    cache = repository / ".git" / "tm" / "settings.cache"
    for _ in range(50):  # a file younger than the disk's clock can tell is not remembered
        if not cache.exists():
            loaded(environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, repository)

    team, *modules = loaded(environ, repository)

    assert team == "platform"
    assert not FORBIDDEN & set(modules)
    ours = {name for name in modules if name.startswith("tm")}
    assert ours == {"tm", "tm.config", "tm.config.core", "tm.config.places", "tm.errors", "tm.values"}


def test_a_folder_without_any_settings_file_loads_nothing_either(home, environ):
    team, *modules = loaded(environ, home)

    assert team == "None"
    assert not FORBIDDEN & set(modules)
    assert "tm.config.cache" not in modules
