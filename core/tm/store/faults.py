"""What a database error means to the person who typed the command."""

from __future__ import annotations

import os
from pathlib import Path

_SENTENCES = (
    (
        "locked",
        "The store {path} has been locked by another program for {wait:g} s. Close that program (a database "
        "browser?) and try again.",
    ),
    ("readonly", "The store {path} is read-only for you. Check its owner and permissions: ls -l {path}"),
    (
        "same thread",
        "A connection to the store belongs to one thread, and this is another; nothing was stored. A plugin uses its "
        "hub on the thread it was called on.",
    ),
    ("full", "The disk of the store {path} is full; nothing was stored. Make room and try again."),
    (
        "not a database",
        "{path} is not a store of tm (or is damaged). Move it away, or name another one: TM_DATABASE_URL=…",
    ),
    (
        "malformed",
        "The store {path} is damaged. Nothing more is written to it; keep a copy, then save what can be read: "
        "sqlite3 {path} .recover",
    ),
    (
        "no such table",
        "{path} is not a store of tm ({reason}). Move it away, or name another one: TM_DATABASE_URL=…",
    ),
    ("unable to open", "The store {path} cannot be opened: {reason}."),
    ("disk i/o", "The disk of the store {path} failed ({reason}); nothing was stored."),
)


def sentence(error: Exception, path: str, wait: float) -> str:
    """One sentence for a driver's error: what, where, what next."""
    if isinstance(error, UnicodeEncodeError):
        return "The text is not valid UTF-8 and was not stored."
    if isinstance(error, OverflowError):
        return "A number is too large for the store; nothing was stored."
    if isinstance(error, OSError):
        return f"The store {path} cannot be used: {error.strerror}. Check its owner and permissions: ls -l {path}"
    reason = _why_unopened(path) if "unable to open" in str(error) else str(error)
    for sign, words in _SENTENCES:
        if sign in str(error).lower():
            return words.format(path=path, wait=wait, reason=reason)
    return f"The store {path} refused a statement: {error}."


def _why_unopened(path: str) -> str:
    folder = str(Path(path).parent)
    if os.path.isdir(path):  # noqa: PTH112 - it never raises
        return "it is a folder"
    if not os.access(folder, os.X_OK):
        return f"you may not enter {folder}"
    if os.path.exists(path) and not os.access(path, os.R_OK):  # noqa: PTH110 - it never raises
        return "you may not read it"
    if not os.access(folder, os.W_OK):
        return f"the folder {folder} is read-only for you"
    return "no reason was given"
