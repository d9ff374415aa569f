"""The texts that git runs: our lines in a hook file, the file around them, and the program they start."""

from __future__ import annotations

import re
from pathlib import Path

WORDING = ("prepare-commit-msg", "commit-msg")
NOTING = ("post-commit", "post-checkout", "post-merge", "post-rewrite")
EVENTS = (*WORDING, *NOTING)
KEPT = ".before-tm"
SHEBANG = b"#!/bin/sh\n"
BEGIN, END = b"# >>> tm git >>>\n", b"# <<< tm git <<<\n"
_OURS = re.compile(re.escape(BEGIN) + b".*?" + re.escape(END), re.DOTALL)
_SHELL = re.compile(rb"#! *(/\S*/)?(env +(-S +)?)?(/\S*/)?(sh|bash|dash|ash|ksh)( +-[a-z]+)?\n")
_FIND = """# Tells tm what happened and returns. TM_SKIP_HOOKS=1 skips it; tm git uninstall takes these lines away.
tm_git=${GIT_DIR:-.git}/tm-git/hook
[ -r "$tm_git" ] || tm_git=$(git rev-parse --git-common-dir 2>/dev/null)/tm-git/hook || :
"""
_PLAIN = """# shellcheck source=/dev/null
[ ! -r "$tm_git" ] || (set -- EVENT "$@"; . "$tm_git") || :
"""
# without an editor prepare-commit-msg has done everything
_FINISH = """# shellcheck source=/dev/null
[ "${GIT_EDITOR:-}" = : ] || [ ! -r "$tm_git" ] || (set -- EVENT "$@"; . "$tm_git") || :
"""
# git's list comes once, by stdin: it is handed to tm and then to whatever stands below
_LIST = """tm_list=$([ -t 0 ] || cat 2>/dev/null) || :
# shellcheck source=/dev/null
[ ! -r "$tm_git" ] || printf '%s\\n' "$tm_list" 2>/dev/null | (set -- EVENT "$@"; . "$tm_git") || :
[ -z "$tm_list" ] || exec <<TM_LIST
$tm_list
TM_LIST
"""
_BODIES = {"post-rewrite": _LIST, "commit-msg": _FINISH}
_REST = """[ ! -x "${0%/*}/EVENT.before-tm" ] || exec "${0%/*}/EVENT.before-tm" "$@"
"""


def lines_for(event: str) -> bytes:
    """Our lines in the hook file of an event, between their markers."""
    body = _FIND + _BODIES.get(event, _PLAIN)
    return BEGIN + body.replace("EVENT", event).encode() + END


def has_lines(text: bytes) -> bool:
    """Whether our lines, of whatever age, are in a hook file."""
    return BEGIN in text


def with_lines(text: bytes, event: str) -> bytes:
    """A hook file with our lines as they are today, as early as can be: what stands below may end the shell."""
    text = without_lines(text)
    first = text.partition(b"\n")[0] + b"\n"
    if text.startswith(b"#!"):
        return first + lines_for(event) + text[len(first) :]
    return lines_for(event) + text


def without_lines(text: bytes) -> bytes:
    """A hook file without our lines, otherwise byte for byte."""
    return _OURS.sub(b"", text)


def is_shell(text: bytes) -> bool:
    """Whether lines of sh may stand in a hook file: its first line names a shell, or nothing (git takes sh then)."""
    if text.startswith(b"#!"):
        return _SHELL.match(text) is not None
    return b"\0" not in text


def alone(event: str) -> bytes:
    """A hook file of our own."""
    return SHEBANG + lines_for(event)


def wrapper(event: str) -> bytes:
    """A hook file of our own that goes on with the one kept beside it."""
    return alone(event) + rest(event)


def rest(event: str) -> bytes:
    """What a wrapper does after our lines."""
    return _REST.replace("EVENT", event).encode()


def program(tm: str) -> bytes:
    """What our lines start: `hook.sh`, which knows where tm is."""
    quoted = tm.replace("'", "'\\''")
    text = Path(__file__).with_name("hook.sh").read_bytes()
    return text.replace(b"\ntm=''\n", f"\ntm='{quoted}'\n".encode("utf-8", "surrogateescape"), 1)


def recorded_tm(text: bytes) -> str | None:
    """The path of tm in a program of ours, None if it is no such."""
    found = re.search(rb"^tm='(.*?)'\n", text, re.MULTILINE | re.DOTALL)
    return found[1].decode("utf-8", "surrogateescape").replace("'\\''", "'") if found else None
