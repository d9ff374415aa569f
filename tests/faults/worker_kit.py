"""Real processes around one store: commands, workers, and a plugin whose outside is a file that remembers all."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

PROBE = textwrap.dedent(
    '''
    """A plugin that appends one line per effect: event id, task, revision. It can look before it repeats."""

    import os, signal, time
    from datetime import timedelta
    import tm


    class Settings(tm.PluginSettings):
        file: str
        pause: float = 0.0
        looks: bool = True
        refuses: bool = False
        fails: int = 0
        does: str = ""


    @tm.hookimpl
    def on_event(event, hub):
        settings = hub.settings
        exec(settings.does)
        if settings.refuses:
            raise tm.RetryLater("not now", after=timedelta(seconds=2))
        if hub.attempt.number <= settings.fails:
            raise RuntimeError("failed on purpose")
        if settings.looks and hub.attempt.may_have_happened and event.id in open(settings.file).read():
            return
        time.sleep(settings.pause)
        line = f"{event.id} {event.task_id} {event.revision} {event.type}\\n".encode()
        file = os.open(settings.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, line)
        os.close(file)
    '''
)

ODD = """
import os, time, tm

open({seen!r}, "w").close()
{body}

@tm.hookimpl
def on_event(event, hub):
    pass
"""


class Folder:
    """A hub in a folder, its probe plugin installed for child processes only."""

    def __init__(self, path: Path, **settings: object) -> None:
        self.path = path
        self.effects_file = path / "effects"
        self.effects_file.touch()
        site = path / "site"
        info = site / "tm_hub_probe-1.0.dist-info"
        info.mkdir(parents=True)
        (site / "tm_probe.py").write_text(PROBE, encoding="utf-8")
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tm-hub-probe\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text("[tm.plugins]\nprobe = tm_probe\nslow = tm_probe\n", encoding="utf-8")
        self.environ = {
            "HOME": str(path),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(site),
            "TM_ACTOR": "tester",
            "TM_DELIVERY": "worker",
            "TM_PLUGINS__PROBE__FILE": str(self.effects_file),
            **{f"TM_PLUGINS__PROBE__{key.upper()}": str(value) for key, value in settings.items()},
        }
        self.tm("init")

    @property
    def store(self) -> Path:
        return self.path / ".tm" / "tm.db"

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tm", *words],
            cwd=self.path,
            env={**self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def worker(self, **environ: str) -> subprocess.Popen[str]:
        """A worker that holds its lock by now."""
        process = self.start("worker", **environ)
        lock = Path(f"{self.store}.worker")
        wait_until(lambda: lock.exists() and lock.read_text(encoding="ascii").split() == [str(process.pid), "worker"])
        return process

    def tm(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*words, **environ)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def add(self, title: str = "A task") -> str:
        done = self.tm("add", title)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def effects(self) -> list[tuple[str, str, int, str]]:
        found = []
        for line in self.effects_file.read_text(encoding="utf-8").splitlines():
            event, task, revision, kind = line.split()
            found.append((event, task, int(revision), kind))
        return found

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True) as connection:
            return connection.execute(sql).fetchall()

    def drain(self) -> None:
        for _ in range(20):
            self.tm("deliver")
            if not self.query("select 1 from event where fanned_out_at is null") and not self.query(
                "select 1 from delivery where state in ('pending', 'claimed')"
            ):
                return

    def count(self) -> dict[str, int]:
        """What went wrong: all zero is right."""
        effects = self.effects()
        events = {str(row[0]) for row in self.query("select id from event where private_to is null")}
        per_task: dict[str, list[int]] = defaultdict(list)
        seen: set[str] = set()
        for event, task, revision, _ in effects:
            if event not in seen:
                per_task[task].append(revision)
            seen.add(event)
        gaps = self.query(
            "select task_id from event where private_to is null group by task_id having count(*) <> max(revision)"
        )
        (integrity,) = self.query("pragma integrity_check")
        return {
            "missing": len(events - seen),
            "repeated": sum(n - 1 for n in Counter(event for event, *_ in effects).values()),
            "disordered": sum(order != sorted(order) for order in per_task.values()),
            "gaps": len(gaps),
            "broken": int(integrity != ("ok",)),
        }


def wait_until(claim: Callable[[], object], seconds: float = 90.0) -> None:
    """Wait for something to come true, looking often."""
    until = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)


RIGHT = {"missing": 0, "repeated": 0, "disordered": 0, "gaps": 0, "broken": 0}


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.terminate()
    _, log = process.communicate(timeout=30)
    return process.returncode, log


def broken_import(folder: Folder, body: str) -> Path:
    """Another plugin, `odd`, that does this while it is imported, after it has made a file."""
    site = folder.path / "site"
    seen = folder.path / "importing"
    (site / "tm_odd.py").write_text(ODD.format(seen=str(seen), body=body), encoding="utf-8")
    points = site / "tm_hub_probe-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text(encoding="utf-8") + "odd = tm_odd\n", encoding="utf-8")
    folder.environ["TM_PLUGINS__ODD__ENABLED"] = "true"
    return seen
