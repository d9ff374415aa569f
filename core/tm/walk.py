"""Walking one task through its life with the real command, beside the stand-ins of the installed plugins."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tm.clock import Clock
from tm.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self

GROUP = "tm.stand_ins"
SETTLE, POLL, QUIET = 10.0, 0.2, 5

ADD = (
    "add", "Ship the CSV export", "--priority", "critical", "--assignee", "ada@example.com", "--deadline", "+3d",
    "--estimated-hours", "4", "--criterion", "tests_passed == true", "--criterion", "code_coverage >= 85",
)  # fmt: skip
LIFE: tuple[tuple[tuple[str, ...], int], ...] = (
    (("progress", "ID", "the writer streams a million rows"), 0),
    (("block", "ID", "--reason", "waiting for the S3 credentials"), 0),
    (("unblock", "ID", "--note", "credentials are here"), 0),
    (("measure", "ID", "code_coverage=78.5", "tests_passed=true"), 0),
    (("complete", "ID", "--validate"), 5),
    (("measure", "ID", "code_coverage=91.2"), 0),
    (
        ("complete", "ID", "--validate", "--actual-hours", "5", "--summary", "Exports stream, 91 % covered."),
        0,
    ),
    (("feedback", "ID", "--quality", "5", "--timeliness", "4", "--note", "faster than expected"), 0),
)


SECOND = ("add", "Rotate the API keys", "--priority", "high", "--assignee", "ada@example.com")
"""A task that something happens to in one of the tools."""


class Step(Value):
    """One command of the walk: what was typed, what it said, what each tool received because of it.

    With `is_outside` nothing was typed: `typed` says what somebody did in one of the tools.
    """

    typed: str
    said: str
    received: tuple[tuple[str, str], ...]
    exit_code: int
    went_as_told: bool
    is_outside: bool = False


class Walk:
    """A temporary hub with a worker and a stand-in per installed plugin.

    Nothing outside the folder and the loopback interface is touched; the user's settings are not read.
    """

    def __init__(self, environ: Mapping[str, str], *, keep: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tm-demo-"))
        self._keep = keep
        self._stand_ins: dict[str, Any] = {}
        self._seen: dict[str, int] = {}
        self._clock = Clock()
        inherited = {name: value for name, value in environ.items() if not name.startswith(("TM_", "GIT_", "XDG_"))}
        inherited.pop("CI", None)
        self._environ = {
            **inherited,
            "HOME": str(self.folder),
            "TM_DELIVERY": "worker",
            "TM_ACTOR": "ada@example.com",
        }
        self._worker: subprocess.Popen[bytes] | None = None

    @property
    def tools(self) -> list[str]:
        """The plugins taking part."""
        return sorted(self._stand_ins)

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._close()
            raise
        return self

    def _open(self) -> None:
        for entry in sorted(entry_points(group=GROUP), key=lambda each: each.name):
            stand_in = entry.load().open(0)
            self._stand_ins[entry.name], self._seen[entry.name] = stand_in, 0
            for key, value in stand_in.settings.items():
                text = value if isinstance(value, str) else json.dumps(value)
                self._environ[f"TM_PLUGINS__{entry.name.upper()}__{key.upper()}"] = text
        self.tm("init")
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "tm", "worker"],
            cwd=self.folder,
            env=self._environ,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "worker.log").open("wb"),
        )

    def tm(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the real command in the folder."""
        return subprocess.run(  # noqa: S603 - tm itself
            [sys.executable, "-m", "tm", *words],
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def steps(self) -> Iterator[Step]:
        """The task's life, one command at a time."""
        first = self._step(ADD, expected=0)
        task_id = first.said.splitlines()[0] if first.said else ""
        yield first
        for words, expected in LIFE:
            yield self._step([task_id if word == "ID" else word for word in words], expected=expected)
        if any(getattr(each, "acts", ()) for each in self._stand_ins.values()):
            yield from self._round_trip()

    def _round_trip(self) -> Iterator[Step]:
        """A second task, and what becomes of it when somebody acts in a tool that syncs both ways."""
        second = self._step(SECOND, expected=0)
        yield second
        task_id = second.said.splitlines()[0] if second.said else ""
        for stand_in in self._stand_ins.values():
            for sentence, act in getattr(stand_in, "acts", ())[:1]:
                before = self._told(task_id)
                act()
                yield self._acted(sentence, task_id, before=before)

    def _acted(self, sentence: str, task_id: str, *, before: str) -> Step:
        """What the task says, and the tools receive, once what somebody did has come through."""
        until, pause = self._clock.monotonic() + SETTLE, threading.Event()
        while (told := self._told(task_id)) == before and self._clock.monotonic() < until:
            pause.wait(POLL)
        received: list[tuple[str, str]] = []
        calm = 0
        while calm < QUIET and self._clock.monotonic() < until:
            pause.wait(POLL)
            fresh = list(self._news())
            received, calm = [*received, *fresh], 0 if fresh else calm + 1
        return Step(
            typed=sentence,
            said=told,
            received=tuple(received),
            exit_code=0,
            went_as_told=told != before,
            is_outside=True,
        )

    def _told(self, task_id: str) -> str:
        """The task's title and status."""
        shown = self.tm("show", task_id, "--format", "json").stdout
        task = json.loads(shown) if shown else {}
        return f"{task.get('title')}: {task.get('status')}"

    def _step(self, words: Sequence[str], *, expected: int) -> Step:
        changes = ["--wait"] if self._stand_ins else []
        done = self.tm(*words, *changes)
        said = "\n".join(line for line in f"{done.stdout}{done.stderr}".splitlines() if "tm delivery show" not in line)
        typed = "tm " + " ".join(f'"{word}"' if " " in word else word for word in words)
        return Step(
            typed=typed,
            said=said,
            received=tuple(self._news()),
            exit_code=done.returncode,
            went_as_told=done.returncode == expected,
        )

    def _news(self) -> Iterator[tuple[str, str]]:
        for name, stand_in in self._stand_ins.items():
            fresh = list(stand_in.received)[self._seen[name] :]
            self._seen[name] += len(fresh)
            yield from ((name, text) for text in fresh)

    def _close(self) -> None:
        if self._worker is not None:
            self._worker.terminate()
            self._worker.wait(SETTLE)
        for stand_in in self._stand_ins.values():
            stand_in.close()
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __exit__(self, *_: object) -> None:
        self._close()


def show(walk: Walk) -> list[Step]:
    """Print the walk side by side: what was typed and said, and what each tool received."""
    console = Console(file=sys.stdout)
    started = Clock().monotonic()
    tools = ", ".join(walk.tools) or "no plugin brings one"
    console.print(f"A task's life in {walk.folder}. Tools standing in on this machine: {tools}.\n")
    table = Table(show_lines=True, expand=True)
    table.add_column("you type, tm says", ratio=1, overflow="fold")
    table.add_column("the tools receive", ratio=1, overflow="fold")
    steps = []
    for step in walk.steps():
        steps.append(step)
        heard = "\n".join(f"[bold]{name}[/bold] {escape(text)}" for name, text in step.received) or "[dim]nothing[/dim]"
        exit_code = f"\n[yellow]exit {step.exit_code}[/yellow]" if step.exit_code else ""
        sign = "[bold cyan]…[/bold cyan]" if step.is_outside else "[bold green]$[/bold green]"
        table.add_row(f"{sign} {escape(step.typed)}\n{escape(step.said)}{exit_code}", heard)
    console.print(table)
    console.print(f"That took {Clock().monotonic() - started:.1f} s. Next, in a folder of yours:\n")
    console.print('  tm add "My first task"          a store is made where you are: .git/tm in a repository')
    console.print("  tm plugins                      what is installed, and how to enable it")
    console.print("  tm --help                       every verb")
    return steps
