"""From files, codes and words to measurements: what was found, of what, and why something is unknown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tm_ci import kinds
from tm_ci.globs import has_magic, matches
from tm_ci.readers import artifacts, exit_codes, junit, sarif
from tm_ci.readers.reading import Reading, Unreadable
from tm_ci.rules import combined, default_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LARGEST = 256 * 1024 * 1024
COARSE = 2.0  # seconds: what some file systems round to


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one pattern, code or word gave: values by name, what they are of, and why the unknown ones are.

    `is_lost` marks a report that should have been there and of which nobody knows what it would have measured.
    """

    reading: Reading
    of: str
    reason: str = ""
    digest: str | None = None
    kind: str = ""
    is_lost: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be measured: reports as (kind or None, pattern), `NAME=N`, `NAME=GLOB` and values by name."""

    reports: Sequence[tuple[str | None, str]] = ()
    exit_codes: Sequence[tuple[str, str]] = ()
    counts: Sequence[tuple[str, str]] = ()
    values: Reading = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How reports are read: `gate` answers for a scanner's report-task.txt, `rule_of` joins files.

    A report that names other commits than `commits`, or was written before `since` (seconds since 1970), is of an
    earlier build.
    """

    gate: Callable[[bytes], Reading]
    rule_of: Callable[[str], str]
    commits: frozenset[str] = frozenset()
    since: float | None = None

    def content(self, file: Path) -> bytes:
        """What is in a file. Raises Unreadable."""
        try:
            found = file.stat()
            if found.st_size > LARGEST:
                raise Unreadable(f"it is larger than {LARGEST // 1024 // 1024} MiB")
            if self.since is not None and found.st_mtime < self.since - COARSE:
                raise Unreadable("stale: it was written before this run began, so an earlier build left it here")
            return file.read_bytes()
        except OSError as error:
            raise Unreadable(f"it cannot be read ({error.strerror})") from None

    def read(self, kind: str, content: bytes) -> Any:
        """What a report of this kind says. Raises Unreadable."""
        if kind == kinds.JUNIT:
            return junit.read(content)
        if kind == kinds.SONAR:
            return self.gate(content)
        reading = kinds.read(kind, content)
        others = (sarif.commits(content) if kind == kinds.SARIF else set()) - self.commits
        if self.commits and others:
            raise Unreadable(f"stale: it is of commit {', '.join(sorted(others))[:80]}")
        return reading


def gather(asked: Asked, reader: Reader) -> list[Found]:
    """Everything that was asked for, found or unknown."""
    found = [each for kind, pattern in asked.reports for each in _report(kind, pattern, reader)]
    found += [_exit_code(name, code) for name, code in asked.exit_codes]
    found += [_count(name, pattern) for name, pattern in asked.counts]
    if asked.values:
        found.append(Found(reading=asked.values, of="said"))
    return found


def split_kind(text: str) -> tuple[str | None, str]:
    """`junit:build/*.xml` names its kind; `build/*.xml` does not."""
    kind, colon, pattern = text.partition(":")
    return (kind, pattern) if colon and kind in kinds.NAMES else (None, text)


def _report(kind: str | None, pattern: str, reader: Reader) -> list[Found]:
    files = matches(pattern)
    if not files:
        return [_unknown(kind or kinds.by_name(pattern), pattern, reason=f"{pattern}: no such file")]
    groups: dict[str | None, list[tuple[Path, bytes | Unreadable]]] = {}
    doubtful: list[tuple[Path, bytes | Unreadable]] = []
    for file in files:
        content = _content(file, reader)
        raw = content if isinstance(content, bytes) else _raw(file)
        known, is_damaged = kind or kinds.by_content(raw), False
        if known is None and (is_damaged := kinds.is_damaged(str(file), raw)):
            doubtful.append((file, Unreadable("it is empty, cut off or cannot be read, and may be of this kind")))
        if known is None and (is_damaged or not has_magic(pattern)):
            known = kinds.by_name(str(file))
        groups.setdefault(known, []).append((file, content))
    # nobody knows of which kind a damaged one was, so nothing that was found beside it is whole
    found = [
        _of_kind(each, pattern, [*group, *(doubtful if each else ())], reader=reader) for each, group in groups.items()
    ]
    return [replace(each, is_lost=True) for each in found] if doubtful and not any(groups) else found


def _content(file: Path, reader: Reader) -> bytes | Unreadable:
    try:
        return reader.content(file)
    except Unreadable as error:
        return error


def _raw(file: Path) -> bytes:
    """What is in a file, to see its kind, though it is not to be believed."""
    try:
        return file.read_bytes() if file.stat().st_size <= LARGEST else b""
    except OSError:
        return b""


def _unknown(kind: str | None, of: str, *, reason: str) -> Found:
    if kind is None:
        reason += "; nor is it said what it would measure: write junit:, coverage:, sarif: … before it"
    is_lost = kind is None and not (has_magic(of) and matches(of))  # a glob may reach what is no report
    reading: Reading = dict.fromkeys(kinds.NAMES.get(kind or "", ()))
    return Found(reading=reading, of=of, reason=reason, kind=kind or "", is_lost=is_lost)


def _of_kind(
    kind: str | None, pattern: str, files: Sequence[tuple[Path, bytes | Unreadable]], *, reader: Reader
) -> Found:
    of = str(files[0][0]) if len(files) == 1 else f"{pattern} ({len(files)} files)"
    digest = sha256()
    read: list[Any] = []
    for path, content in files:
        try:
            read.append(_read(kind, content, reader))
        except Unreadable as error:
            return _unknown(kind, pattern, reason=f"{path}: {error}")
        digest.update(content if isinstance(content, bytes) else b"")
    reading = junit.together(read) if kind == kinds.JUNIT else _joined(read, reader.rule_of)
    lacking = [name for name, value in reading.items() if value is None]
    reason = f"{of}: it does not say {', '.join(lacking)}" if lacking else ""
    return Found(reading=reading, of=of, reason=reason, digest=digest.hexdigest()[:16], kind=kind or "")


def _read(kind: str | None, content: bytes | Unreadable, reader: Reader) -> Any:
    if isinstance(content, Unreadable):
        raise content
    if kind is None:
        raise Unreadable("it is no report that is read here")
    return reader.read(kind, content)


def _joined(readings: Sequence[Reading], rule_of: Callable[[str], str]) -> Reading:
    names = dict.fromkeys(name for reading in readings for name in reading)
    return {name: combined([each.get(name) for each in readings], rule_of(name))[0] for name in names}


def _exit_code(name: str, code: str) -> Found:
    reading = exit_codes.read(name, code)
    reason = f"{code[:20]!r} is no exit code" if None in reading.values() else ""
    return Found(reading=reading, of=f"exit code of {name}", reason=reason)


def _count(name: str, pattern: str) -> Found:
    reading = artifacts.read(name, matches(pattern))
    reason = f"{pattern}: no such file" if None in reading.values() else ""
    return Found(reading=reading, of=pattern, reason=reason)


def rules_for(own: dict[str, Any], names: dict[str, str]) -> Callable[[str], str]:
    """Which rule a reader's name has: the settings', by that name or by the one they give it, else its default."""
    return lambda name: str(own.get(names.get(name, name)) or own.get(name) or default_rule(name))


def names_of(reports: Iterable[Found]) -> list[str]:
    """Every name that was asked for, found or not."""
    return list(dict.fromkeys(name for each in reports for name in each.reading))
