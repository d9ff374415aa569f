"""Changes to files that can be shown before they are made."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from tm import Refused


class Write(NamedTuple):
    """Put this text in a file, with these permissions."""

    path: Path
    text: bytes
    mode: int
    why: str

    def __str__(self) -> str:
        return f"write {self.path}: {self.why}"

    def make(self) -> None:
        """Write beside the file, then put it in its place: whoever runs it meanwhile has the old one or the new."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(self.text)
            Path(name).chmod(self.mode)
            Path(name).replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise


class Move(NamedTuple):
    """Rename a file."""

    path: Path
    to: Path
    why: str

    def __str__(self) -> str:
        return f"move {self.path} to {self.to.name}: {self.why}"

    def make(self) -> None:
        """Rename it, over what is there."""
        self.path.replace(self.to)


class Remove(NamedTuple):
    """Delete a file."""

    path: Path
    why: str

    def __str__(self) -> str:
        return f"remove {self.path}: {self.why}"

    def make(self) -> None:
        """Delete it."""
        self.path.unlink(missing_ok=True)


Change = Write | Move | Remove


def make(change: Change) -> None:
    """Make a change. Raises Refused where the disk says no."""
    try:
        change.make()
    except OSError as error:
        raise Refused(
            f"Cannot {change} ({error.strerror}). Mend that, then run the same command again; it goes on from there."
        ) from error
