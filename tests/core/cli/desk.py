"""A folder with a hub in it, the real command, and plugin packages installed for it alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.projects import make_project

from tm.app import Session
from tm.service import editing, lifecycle
from tm.store.ledger import Ledger
from tm.store.sqlite import SqliteDatabase

LOGIN = {"TM_PLUGINS__MIRROR__TOKEN": "t0ken"}
MIRROR = """
import tm
from pydantic import SecretStr
from typing import Annotated

class Settings(tm.PluginSettings):
    token: SecretStr | None = None
    host: Annotated[str, tm.ReceivesSecret] = "https://api.example.com"

@tm.hookimpl
def on_blocked(event, hub):
    if hub.settings.token is None:
        raise tm.NeedsLogin("the token is refused")

@tm.hookimpl
def check(hub):
    if hub.settings.token is None:
        yield tm.Finding(level="error", message="There is no token.", advice="tm config secret mirror.token")
    else:
        yield tm.Finding(level="ok", message="The token works.")
"""


class Desk:
    """Where a person works: `folder` holds the hub's store and tm.toml, `home` is empty."""

    def __init__(self, path: Path) -> None:
        self.home, self.folder, self.site = path / "home", path / "work", path / "site"
        for each in (self.home, self.site):
            each.mkdir()
        make_project(self.folder, home=self.home)

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.folder / ".tm" / "tm.db"

    def write(self, text: str) -> Path:
        """Put this into tm.toml."""
        path = self.folder / "tm.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def install(self, name: str, source: str = MIRROR, *, requires: tuple[str, ...] = ()) -> None:
        """Install the package tm-hub-<name> 1.2 with one plugin."""
        (self.site / f"tm_{name}.py").write_text(source, encoding="utf-8")
        folder = self.site / f"tm_hub_{name}-1.2.dist-info"
        folder.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: tm-hub-{name}", "Version: 1.2"]
        lines += [f"Requires-Dist: {each}" for each in requires]
        (folder / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "entry_points.txt").write_text(f"[tm.plugins]\n{name} = tm_{name}\n", encoding="utf-8")

    def environ(self, **variables: str) -> dict[str, str]:
        """What the command finds around it; nothing is delivered unless a variable says so."""
        return {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.site),
            "USER": "ada",
            "GIT_CONFIG_NOSYSTEM": "1",
            "TM_DELIVERY": "worker",
            **variables,
        }

    def tm(
        self, *words: str, stdin: str = "", before: tuple[str, ...] = (), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the command; `before` are words before it."""
        return subprocess.run(
            [*before, sys.executable, "-m", "tm", *words],
            cwd=self.folder,
            env=self.environ(**variables),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def json(self, *words: str, **variables: str) -> Any:
        """What the command prints with `--format json`."""
        return json.loads(self.tm(*words, "--format", "json", **variables).stdout)

    def add(self, title: str, **fields: Any) -> str:
        """Add a task, in this process, and return its id."""
        session = Session(self.environ(), str(self.folder))
        with session.database:
            return editing.add(session.work({}), {"title": title, **fields})

    def block(self, task_id: str) -> None:
        """Block a task because there is no key, in this process."""
        session = Session(self.environ(), str(self.folder))
        with session.database:
            lifecycle.block(session.work({}), task_id, reason="no key")

    def owed(self, plugin: str) -> int:
        """How many deliveries a plugin is owed."""
        with SqliteDatabase(str(self.store)) as database:
            return next(each.owed for each in Ledger(database).standings() if each.plugin == plugin)

    def git(self, *words: str) -> None:
        """Run git in the folder."""
        subprocess.run(["git", *words], cwd=self.folder, env=self.environ(), check=True, capture_output=True)


def levels(found: list[dict[str, str]], about: str) -> dict[str, str]:
    """The messages of findings about one thing, with their levels."""
    return {each["message"]: each["level"] for each in found if each["about"] == about}
