"""Texts from the command line: as typed, from @FILE, or from stdin (-)."""

from __future__ import annotations

import sys

from tm.errors import UsageError
from tm.model import TEXT_LIMIT

LONGEST = 4 * TEXT_LIMIT


def text_of(word: str) -> str:
    """What the word stands for. Raises UsageError when the file cannot be read."""
    if word == "-":
        return repaired(sys.stdin.read(LONGEST + 1))
    if word[:1] == "@" and len(word) > 1:
        return _read(word[1:])
    return repaired(word)


def maybe(word: str | None) -> str | None:
    """The same for an option that may be absent."""
    return None if word is None else text_of(word)


def repaired(text: str) -> str:
    """Text whose bytes were not UTF-8, with a replacement character in their place."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib is dear at start-up
            return file.read(LONGEST + 1)
    except OSError as error:
        raise UsageError(
            f"@{path} cannot be read: {error.strerror}. (A text that starts with @? Write it to a file, or pipe it: -)"
        ) from None
