"""How a command ended, as the step that ran it says."""

from __future__ import annotations

from tm_ci.readers.reading import Reading

SUFFIX = "_exit_code"


def read(name: str, code: str) -> Reading:
    """`build`, `0` is `build_exit_code` 0; -9, ended by a signal, is 137 as in a shell; no whole number is unknown."""
    name = name if name.endswith(SUFFIX) or name == SUFFIX[1:] else name + SUFFIX
    text = code.strip()
    is_code = text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 11
    code_or_signal = int(text) if is_code else None
    return {name: 128 - code_or_signal if code_or_signal is not None and code_or_signal < 0 else code_or_signal}
