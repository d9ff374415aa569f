"""The folder of the mirror: every touch of the disk, and what a fault of the disk means."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import tm
from tm_mirror import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tm import Hub

LIMIT = 1024 * 1024
MARK = ".tm-mirror"


@dataclass(frozen=True)
class File:
    """A file as it was read; `content` is None for one that is not there yet."""

    name: str
    content: bytes | None = None
    record: dict[str, Any] = field(default_factory=dict)


class Folder:
    """The files of one folder.

    The folder is *there* when it holds the mark that was put into it when it was made: an unmounted disk
    leaves an empty folder behind, and every file in it would seem deleted. Methods raise RetryLater when the
    disk does not do as told, PermanentFailure for a file that only a person can mend.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Make the folder and put the mark into it."""
        with _disk(self.path, whole_plugin=True):
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / MARK).touch()

    def is_there(self) -> bool:
        """Whether the folder can be read and holds the mark."""
        try:
            return (self.path / MARK).exists()
        except OSError:
            return False

    def states(self) -> dict[str, str]:
        """Every file by name, with a text that changes when the file does."""
        with _disk(self.path, whole_plugin=True):
            names = _names(self.path)
            if MARK not in names:
                raise absent(self.path)
            found = {name: _state(self.path / name) for name in names if _is_plain(name)}
        return {name: state for name, state in found.items() if state}

    def read(self, name: str) -> File | None:
        """The file with this name, or None if there is none."""
        path = self._path(name)
        try:
            with _disk(path):
                content = _content(path)
            return None if content is None else File(name, content, record.parse(content))
        except ValueError as wrong:
            raise tm.PermanentFailure(f"{path} {wrong}. Mend the file, and it is read again.") from None

    def find(self, task_id: str) -> File | None:
        """The file that carries a task's id, whatever its name, or None."""
        for name in (f"{task_id}.json", *self.states()):
            with suppress(tm.PermanentFailure):
                file = self.read(name)
                if file and file.record.get("id") == task_id:
                    return file
        return None

    def write(self, file: File, content: bytes) -> None:
        """Put new content in the place of what was read, whole or not at all."""
        path, draft = self._path(file.name), self.path / f".{token_hex(8)}.tmp"
        try:
            with _disk(path):
                _write_through(draft, content)
                if _content(path) != file.content:
                    raise tm.RetryLater(f"{path} was changed while it was being written; it is looked at again.")
                draft.replace(path)
                _sync_folder(self.path)
        finally:
            with suppress(OSError):
                draft.unlink()

    def remove(self, file: File) -> None:
        """Remove a file; it may be gone already."""
        path = self._path(file.name)
        with _disk(path):
            path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _is_plain(name):
            raise tm.PermanentFailure(f"{name[:100]!r} is no name for a file of the mirror, like 7f3a0c11.json.")
        return self.path / name


def opened(hub: Hub) -> Folder:
    """The folder of the settings, made if it never was. Raises RetryLater when it was there and is not now."""
    folder = Folder(hub.settings.path)
    is_known = was_made(folder, hub)
    if not folder.is_there():
        if is_known:
            raise absent(folder.path)
        folder.make()
    if not is_known:
        hub.state.add(f"made:{folder.path}", True)
    return folder


def was_made(folder: Folder, hub: Hub) -> bool:
    """Whether the mirror has used this folder before."""
    return hub.state.get(f"made:{folder.path}") is not None


def absent(path: Path) -> tm.RetryLater:
    """Why nothing goes on while the folder is not there, and what to do about it."""
    mark = path / MARK
    return tm.RetryLater(
        f"The folder {path} is not there. Mount it, or start with an empty one: mkdir -p {path} && touch {mark}",
        whole_plugin=True,
    )


def _is_plain(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(".") and "/" not in name and name.isprintable()


def _names(path: Path) -> list[str]:
    try:
        return sorted(each.name for each in path.iterdir())
    except FileNotFoundError:
        return []


def _state(path: Path) -> str | None:
    try:
        state = path.lstat()
    except FileNotFoundError:
        return None  # removed since its name was read
    return f"{state.st_mtime_ns}-{state.st_size}-{state.st_ino}"


def _content(path: Path) -> bytes | None:
    try:
        # a link may lead anywhere, and opening a pipe would wait for its other end
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError:
        if path.is_symlink():
            raise ValueError("is a symbolic link") from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("is no regular file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(LIMIT + 1)
    finally:
        os.close(handle)
    if len(content) > LIMIT:
        raise ValueError(f"is longer than {LIMIT} bytes")
    return content


def _write_through(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    # else a power cut could bring the old file back after the link says what the new one holds
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk(path: Path, *, whole_plugin: bool = False) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise tm.RetryLater(
            f"{path} cannot be used now ({error.strerror}). Free the disk or mend the permissions; "
            "it is tried again by itself.",
            whole_plugin=whole_plugin,
        ) from error
