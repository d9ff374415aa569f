"""What a person at a terminal hears, once a day, of plugins that were not told."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from tm.app import Session
from tm.clock import Clock, stamp
from tm.store.sqlite import SqliteDatabase


def on_a_terminal(folder: Path, environ: dict[str, str], *words: str) -> str:
    """Run tm with stderr on a pseudo-terminal and return what it said there."""
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "tm", *words], cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.set_blocking(ours, False)
    os.close(theirs)
    try:
        return os.read(ours, 10_000).decode()
    except (BlockingIOError, OSError):
        return ""
    finally:
        os.close(ours)


def test_a_person_is_reminded_once_a_day_of_a_plugin_that_is_owed_for_over_an_hour(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TM_DELIVERY": "worker", "TM_PLUGINS__GHOST__X": "1"}
    subprocess.run([sys.executable, "-m", "tm", "init"], cwd=tmp_path, env=environ, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "tm", "add", "T"], cwd=tmp_path, env=environ, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "tm", "deliver"], cwd=tmp_path, env=environ, check=True, capture_output=True)
    fresh = on_a_terminal(tmp_path, environ, "list")
    with SqliteDatabase(Session(environ, str(tmp_path)).path) as database, database.transaction():
        database.execute("update delivery set owed_since = ?", (stamp(Clock().now() - timedelta(hours=2)),))
    first = on_a_terminal(tmp_path, environ, "list")
    second = on_a_terminal(tmp_path, environ, "list")

    assert "Not told yet" not in fresh
    assert "Not told yet: ghost (1 owed since" in first
    assert "Not told yet" not in second
