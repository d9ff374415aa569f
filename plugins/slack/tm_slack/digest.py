"""Many notices in one message: the most pressing first, and how many there are of each kind. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from tm_slack.notices import NOTICES
from tm_slack.parts import FALLBACK_LIMIT, context, header, section
from tm_slack.text import cut, link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tm_slack.notices import Notice

TOP = 10
LINE_LIMIT, URL_LIMIT = 600, 300
_PRESSING: tuple[Notice, ...] = ("urgent", "blocked", "completed", "created", "rated", "progress")


class Entry(NamedTuple):
    """One gathered notice: `line` is what it says, literal; `seq` orders them by their events."""

    seq: int
    notice: Notice
    line: str
    url: str | None = None


def digest(entries: Sequence[Entry], *, hint: str = "") -> dict[str, Any]:
    """The JSON of the message; `hint` is a line of ours above it all."""
    counts = Counter(entry.notice for entry in entries)
    told = ", ".join(f"{counts[notice]} {notice}" for notice in NOTICES if counts[notice])
    top = sorted(entries, key=lambda each: (_PRESSING.index(each.notice), -each.seq))[:TOP]
    title = f"{len(entries)} notices" if len(entries) != 1 else "1 notice"
    rest = [context(f"and {len(entries) - len(top)} more")] if len(entries) > len(top) else []
    return {
        "text": cut(f"📋 {title}: {told}", FALLBACK_LIMIT),
        "blocks": [
            *([context(hint)] if hint else []),
            header(f"📋 {title}"),
            context(told),
            *(section(_line(entry)) for entry in top),
            *rest,
        ],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _line(entry: Entry) -> str:
    view = link(entry.url, label="View", limit=URL_LIMIT)
    return " ".join(filter(None, (cut(entry.line, LINE_LIMIT), view)))
