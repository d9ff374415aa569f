"""Where in a TOML file a key stands: by looking at its lines, for the sentences about wrong values."""

from __future__ import annotations

import json
import re
from pathlib import Path

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_KEY})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_KEY})\s*=")
_INLINE = re.compile(rf"[{{,]\s*({_KEY})\s*=")


def dotted(parts: tuple[str | int, ...]) -> str:
    """A key as TOML writes it: `people."a.b".email`; a number counts entries of a list, from 0."""
    return ".".join(p if _BARE.fullmatch(p) else json.dumps(p, ensure_ascii=False) for p in map(str, parts))


def where(path: str, key: str) -> str:
    """`file:line` of a dotted key, or the file alone when the line cannot be found."""
    line = line_of(path, key)
    return f"{path}:{line}" if line else path


def line_of(path: str, key: str) -> int | None:
    """The line of a dotted key, of the first key inside it, or of the nearest table around it; None if none is seen."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None
    seen, parts = _keys(text), _parts(key)
    while parts:
        inside = (line for path, line in seen.items() if path[: len(parts)] == parts)
        if line := seen.get(parts) or min(inside, default=None):
            return line
        parts = parts[:-1]
    return None


def _keys(text: str) -> dict[tuple[str, ...], int]:
    seen: dict[tuple[str, ...], int] = {}
    counts: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in _lines_with_keys(text):
        if header := _HEADER.match(line):
            table = _numbered(_parts(header[2]), counts)
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, str(counts[table]))
            for length in range(1, len(table) + 1):  # a header makes the tables around it as well
                seen.setdefault(table[:length], number)
        elif assignment := _ASSIGNMENT.match(line):
            key = (*table, *_parts(assignment[1]))
            seen.setdefault(key, number)
            for inner in _INLINE.finditer(line, assignment.end()):
                seen.setdefault((*key, *_parts(inner[1])), number)
    return seen


def _lines_with_keys(text: str) -> list[tuple[int, str]]:
    """The numbered lines of a file without those inside a text of several lines."""
    found, quotes = [], ""
    for number, line in enumerate(text.split("\n"), start=1):
        if not quotes:
            found.append((number, line))
        for mark in ('"""', "'''"):
            if quotes in ("", mark) and line.count(mark) % 2:
                quotes = "" if quotes else mark
    return found


def _numbered(parts: tuple[str, ...], counts: dict[tuple[str, ...], int]) -> tuple[str, ...]:
    """A header's parts with the number of the current entry put in after each list of tables above it."""
    path: tuple[str, ...] = ()
    for part in parts[:-1]:
        path = (*path, part)
        if path in counts:
            path = (*path, str(counts[path]))
    return (*path, *parts[-1:])


def _parts(key: str) -> tuple[str, ...]:
    return tuple(_unquoted(part) for part in re.findall(_PART, key))


def _unquoted(part: str) -> str:
    if part.startswith('"'):
        try:
            return str(json.loads(part))
        except ValueError:
            return part[1:-1]
    return part.strip("'")
