"""Turning what people typed into text that Slack shows literally: nothing in it pings, links or breaks."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

ELLIPSIS = "…"
LINK_LIMIT = 2000

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])
# they would reverse the rest of the line, ours included
_DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_CLEAN = _CONTROLS | _DIRECTIONS | str.maketrans("\n\r\u2028\u2029\t", "\n\n\n\n ")
_IN_LINKS = str.maketrans({"<": "%3C", ">": "%3E", "|": "%7C", '"': "%22", " ": "%20"})


def units(text: str) -> int:
    """The length of a text as Slack's limits count it: in UTF-16 code units."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@lru_cache(256)
def literal(text: str, *, limit: int, is_one_line: bool = True) -> str:
    """Typed text for a `mrkdwn` object, at most `limit` units long; an ellipsis stands for what was cut.

    Control characters go, lone surrogates become U+FFFD, `& < >` are escaped. Empty if nothing is left.
    """
    whole = text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    clean = whole.replace("\r\n", "\n").translate(_CLEAN)
    clean = " ".join(clean.split()) if is_one_line else clean.strip()
    return cut(escape(clean), limit)


def escape(text: str) -> str:
    """The three characters that mean something to Slack, as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(escaped: str, limit: int) -> str:
    """Escaped text within `limit` units, never ending inside an entity, a `<…>` of ours or a character."""
    if units(escaped) <= limit:
        return escaped
    kept = escaped.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    for start, end in (("&", ";"), ("<", ">")):
        if kept.rfind(start) > kept.rfind(end):
            kept = kept[: kept.rfind(start)]
    return kept.rstrip() + ELLIPSIS


def link(url: str | None, *, label: str, limit: int = LINK_LIMIT) -> str:
    """`<url|label>`, or nothing for an address that is missing, not http, or over `limit` units as it is written."""
    if not url or not url.isprintable():
        return ""
    written = escape(url.translate(_IN_LINKS))
    if units(written) > limit:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    return f"<{written}|{label}>"


def moment(stamp: str) -> str:
    """An instant that Slack shows each reader in their own time zone."""
    try:
        at = datetime.fromisoformat(stamp)
        seconds = int(at.timestamp())
    except (ValueError, OverflowError):
        return literal(stamp, limit=40)
    return f"<!date^{seconds}^{{date_short_pretty}} at {{time}}|{at:%Y-%m-%d %H:%M} UTC>"
