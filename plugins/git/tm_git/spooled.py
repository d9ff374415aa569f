"""The spool on the disk: hooks append to it, a take reads it in order and remembers how far it came.

Hooks know one file name only. When that file is big it is renamed, so hooks that opened it before go on writing into
the renamed one; that stays, and is read to its end again and again, until the next big file takes its name, which
is a minute later at the earliest.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from tm import StoreError
from tm_git.spool import END_OF_NOTE, read_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tm_git.spool import Entry

BIG = 64 * 1024
AT_ONCE = 256 * 1024
SETTLED = 60.0
"""How many seconds a file put aside stays at least: a hook may be held up between opening and writing."""
_LOOK_AGAIN = 0.05
_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class Batch(NamedTuple):
    """Entries in their order, how many notes could not be read, and how far this is in each file, by its inode."""

    entries: list[Entry]
    garbage: int
    cursor: dict[str, int]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to pass over."""
        return not self.entries and not self.garbage


class Spool:
    """The spool in a folder. Only who holds its lock advances."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._new, self._full = folder / "spool", folder / "spool.old"
        self._cursor = folder / "cursor"

    def read(self, at_most: int = AT_ONCE) -> Batch:
        """What no take has passed yet, at most so many bytes of a file (-1: all); an unfinished note is left out."""
        passed = self._passed()
        cursor: dict[str, int] = {}
        entries: list[Entry] = []
        garbage = 0
        for path in (self._full, self._new):
            tail = _tail(path, passed, at_most=at_most)
            notes = tail.notes
            read = [read_note(each) for each in notes.split(END_OF_NOTE)[:-1]]
            entries += [each for each in read if each]
            garbage += read.count(None) + tail.is_endless
            if tail.inode:
                cursor[tail.inode] = tail.start + len(notes)
            if tail.has_more:
                return Batch(entries, garbage, passed | cursor)
        return Batch(entries, garbage, cursor)

    def advance(self, batch: Batch) -> None:
        """Pass over a batch for good; a file that was read to a good length is put aside."""
        self._save(batch.cursor)
        new = _inode(self._new)
        if batch.cursor.get(new, 0) < BIG or not self._is_settled():
            return
        # the one put aside before goes now, and its number may come back with the next file: forget it first
        self._save({new: batch.cursor[new]})
        self._new.replace(self._full)

    def _is_settled(self) -> bool:
        """Whether every hook that had opened the file put aside has long written to it, by the disk's own clock."""
        try:
            return self._cursor.stat().st_mtime - self._full.stat().st_ctime > SETTLED
        except FileNotFoundError:
            return True

    def waiting(self) -> int:
        """How many notes wait."""
        return len(self.read(-1).entries)

    def expect_hooks_to_start_takes(self) -> None:
        """Let hooks know that what they note from now on may not be read by this process."""
        with contextlib.suppress(OSError):
            (self.folder / "taker").unlink()

    def leave_remark(self, text: str) -> None:
        """Leave a line for the next hook to say."""
        line = "".join(each if each.isprintable() else " " for each in text)
        with contextlib.suppress(OSError):
            (self.folder / "remark").write_text(f"{line}\n", encoding="utf-8")

    @contextlib.contextmanager
    def lock(self, *, wait: float, now: Callable[[], float]) -> Iterator[bool]:
        """Be the only one who takes; False when another take goes on longer than `wait` seconds."""
        file, until = self._open_lock(), now() + wait
        try:
            is_ours = _locked(file)
            while not is_ours and now() < until:
                time.sleep(_LOOK_AGAIN)
                is_ours = _locked(file)
            yield is_ours
        finally:
            os.close(file)

    def _open_lock(self) -> int:
        path = self.folder / "lock"
        try:
            return os.open(path, _LOCK_FLAGS, 0o600)
        except OSError as error:
            raise StoreError(f"{path} cannot be opened ({error.strerror}), so what git's hooks noted waits.") from error

    def _passed(self) -> dict[str, int]:
        try:
            found = json.loads(self._cursor.read_text(encoding="utf-8"))
            return {str(inode): int(offset) for inode, offset in found.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}  # never taken, or torn by a crash: all is taken again

    def _save(self, cursor: dict[str, int]) -> None:
        beside = self.folder / "cursor.next"
        try:
            beside.write_text(json.dumps(cursor), encoding="utf-8")
            beside.replace(self._cursor)
        except OSError as error:
            raise StoreError(
                f"{self._cursor} cannot be written ({error.strerror}), so what git's hooks noted will be taken again."
            ) from error


class _Tail(NamedTuple):
    """The part of a file that no take has passed: what it holds of whole notes, or of anything if that never ends."""

    inode: str
    start: int
    notes: bytes
    is_endless: bool = False
    has_more: bool = False


def _tail(path: Path, passed: dict[str, int], *, at_most: int) -> _Tail:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            inode, start = str(found.st_ino), passed.get(str(found.st_ino), 0)
            start = start if start <= found.st_size else 0
            file.seek(start)
            text = file.read(at_most)
    except FileNotFoundError:
        return _Tail("", 0, b"")
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}), so what git's hooks noted waits.") from error
    whole, end, _ = text.rpartition(END_OF_NOTE)
    has_more = len(text) == at_most
    if has_more and not end:
        return _Tail(inode, start, text, is_endless=True, has_more=True)
    return _Tail(inode, start, whole + end, has_more=has_more)


def _inode(path: Path) -> str:
    try:
        return str(path.stat().st_ino)
    except FileNotFoundError:
        return ""


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
