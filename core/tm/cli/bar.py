"""A progress bar on stderr while a file is read, for people; in a pipe there is none."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

    from tm.service.entries import Readable


class _Watched:
    """A file that moves the bar as it is read."""

    def __init__(self, file: Readable, progress: Progress, *, task: TaskID) -> None:
        self._file = file
        self._progress = progress
        self._task = task

    def read(self, size: int, /) -> bytes:
        """As the file reads; at its end the bar says that now the store is written."""
        piece = self._file.read(size)
        if piece:
            self._progress.advance(self._task, len(piece))
        else:
            self._progress.update(self._task, description="Storing", total=None)
        return piece


@contextmanager
def watched(file: Readable, *, size: int | None) -> Iterator[Readable]:
    """The file, and on a terminal a bar for as long as it is read; `size` in bytes is None when nobody knows."""
    if not sys.stderr.isatty():
        yield file
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield _Watched(file, progress, task=progress.add_task("Reading", total=size))
