"""Writing JSON without the json package, whose import costs a short command half of its time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ESCAPES: dict[int, str] = {code: f"\\u{code:04x}" for code in range(32)}
_ESCAPES |= {ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n", ord("\t"): "\\t", ord("\r"): "\\r"}
_WORDS = {None: "null", True: "true", False: "false"}


def dumps(value: Any) -> str:
    """Compact JSON of strings, numbers, booleans, None, and lists, tuples and mappings of them.

    Raises TypeError for anything else, NaN and infinity included.
    """
    if isinstance(value, str):
        return '"' + value.translate(_ESCAPES) + '"'
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([dumps(each) for each in value]) + "]"
    if isinstance(value, (int, float)) and value - value == 0:
        return repr(value)
    return _mapping(value)


def _mapping(value: Any) -> str:
    try:
        pairs = value.items()
    except AttributeError:
        raise TypeError(f"{value!r} has no place in JSON") from None
    return "{" + ",".join([dumps(str(key)) + ":" + dumps(each) for key, each in pairs]) + "}"
