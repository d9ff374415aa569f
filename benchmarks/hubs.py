"""Hubs to measure in: a repository with a `tm.toml`, a home of its own, and a store."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.installed import PYTHON, TM, WORK
from benchmarks.pairs import Command
from tm.workerlock import WorkerLock

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_PLUGINS = ""
HOOK = "/services/T000/B000/XXXX"


class Hub:
    """One repository with its store; `plugins` is the text of its `tm.toml` below `delivery`."""

    def __init__(self, name: str, *, plugins: str = NO_PLUGINS, delivery: str = "worker", webhook: str = "") -> None:
        self.folder: Path = WORK / "hubs" / name
        shutil.rmtree(self.folder, ignore_errors=True)
        home = self.folder / "home"
        home.mkdir(parents=True)
        (home / ".gitconfig").write_text("[user]\n\temail = bench@example.com\n")
        self.root = self.folder / "project"
        self.environ = {"HOME": str(home), "PATH": os.environ["PATH"], "USER": "bench", "LANG": "C.UTF-8"}
        if webhook:
            self.environ["TM_PLUGINS__SLACK__WEBHOOK_URL"] = webhook + HOOK
        subprocess.run(["git", "init", "--quiet", str(self.root)], env=self.environ, check=True)
        (self.root / "tm.toml").write_text(f'delivery = "{delivery}"\n{plugins}')
        self.store: Path = self.root / ".git" / "tm" / "tm.db"
        self.tm("add", "the first task makes the store")
        time.sleep(0.1)  # settings younger than the disk's clock can tell are not remembered
        self.tm("list", "--limit", "1")

    def tm(self, *words: str, text: str | None = None) -> str:
        """Run `tm` to its end and return its stdout. Raises CalledProcessError when it fails."""
        done = subprocess.run(
            [str(TM), *words], env=self.environ, cwd=self.root, input=text, check=True, capture_output=True, text=True
        )
        return done.stdout

    def command(self, *words: str) -> Command:
        """`tm` with these words, to be measured."""
        return Command((str(TM), *words), self.environ, self.root)

    def bare(self) -> Command:
        """An interpreter that does nothing: what everything is compared with."""
        return Command((str(PYTHON), "-c", "pass"), self.environ, self.root)

    def adopt(self, store: Path) -> None:
        """Use a copy of another store."""
        for path in self.store.parent.glob("tm.db*"):
            path.unlink()
        shutil.copyfile(store, self.store)

    @contextlib.contextmanager
    def worker(self) -> Iterator[None]:
        """A resident `tm worker`, ended like a service is."""
        command = [str(TM), "worker"]
        with (self.folder / "worker.log").open("w") as log:
            worker = subprocess.Popen(command, env=self.environ, cwd=self.root, stderr=log, stdout=log)
        try:
            while " started " not in (self.folder / "worker.log").read_text():
                if worker.poll() is not None:
                    raise RuntimeError((self.folder / "worker.log").read_text())
                time.sleep(0.05)
            yield
        finally:
            worker.terminate()
            worker.wait()

    def wait_for_drain(self) -> None:
        """Wait until no worker or drain is alive, so that the next measurement starts from rest."""
        with open(f"{self.store}.worker", "a+") as lock:  # noqa: PTH123 - beside the store
            fcntl.flock(lock, fcntl.LOCK_EX)

    def stop_drain(self) -> None:
        """End the drain that waits for its retries, if there is one."""
        pid, _ = WorkerLock(str(self.store)).holder()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self.wait_for_drain()


def three_plugins(*, events: str = '["created", "progress", "blocked", "completed"]') -> str:
    """The `tm.toml` of a hub with the Slack plugin and two names no package answers to."""
    return f"\n[plugins.slack]\nevents = {events}\n\n[plugins.audit_trail]\n\n[plugins.chat]\n"
