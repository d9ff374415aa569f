"""What commands say: results on stdout, everything else on stderr, nothing that tricks a terminal."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tm.service.work import Work


def out(text: str) -> None:
    """One line of result on stdout."""
    sys.stdout.write(harmless(text) + "\n")


def say(text: str) -> None:
    """One line on stderr: a confirmation, a hint, a warning."""
    sys.stderr.write(plain(text) + "\n")


def confirm(work: Work, text: str) -> None:
    """Say what a change did, and what else a person should hear of it."""
    repeated = " (repeated: the key was used before)" if work.is_repeat else ""
    say(f"✓ {text}{repeated}")
    remark(work)


def remark(work: Work) -> None:
    """Say what a person should hear of a change besides its success."""
    for each in work.remarks:
        say(each)


def plain(text: str) -> str:
    """Text in which control characters but newline and tab are made visible."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t\u200c\u200d" else repr(c)[1:-1] for c in text)


def harmless(text: str) -> str:
    """Text or JSON for a terminal: signs that would turn the line around, or steer the terminal, as JSON escapes."""
    if text.isprintable() or not sys.stdout.isatty():
        return text
    return "".join(c if c.isprintable() or c in "\n\t\u200c\u200d" else _escape(c) for c in text)


def _escape(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def one_line(value: object) -> str:
    """A value for one cell of a table: None is empty, line breaks and tabs are visible."""
    if value is None:
        return ""
    return plain(str(value)).replace("\t", "\\t").replace("\n", "\\n")


def rows(heads: Sequence[str], lines: Iterable[Sequence[object]], *, nothing: str = "") -> None:
    """A table on a terminal, or `nothing` where it has no line; tab-separated lines without a head in a pipe."""
    if not sys.stdout.isatty():
        for line in lines:
            out("\t".join([one_line(cell) for cell in line]))
        return
    from tm.cli.table import show

    if not show(heads, lines) and nothing:
        out(nothing)
