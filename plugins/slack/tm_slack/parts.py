"""The pieces messages are made of: blocks, and what a task's facts look like in them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm_slack.text import cut, link, literal, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tm import Link, People

FALLBACK_LIMIT, TITLE_LIMIT, LONG_LIMIT, NAME_LIMIT, HEADER_LIMIT = 300, 2700, 2000, 200, 150
PARAGRAPH_LIMIT = 3000
# five of them, with all that stands between, are one text of Slack's
LINKS, LINK_URL_LIMIT, LINK_TITLE_LIMIT, LINK_WORD_LIMIT = 5, 280, 100, 60


def section(text: str) -> dict[str, Any]:
    """A paragraph."""
    return {"type": "section", "text": words(text)}


def fields(facts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Names with their values in two columns; nothing where no value is known."""
    known = [f"*{name}:* {value}" for name, value in facts.items() if value]
    return [{"type": "section", "fields": [words(each) for each in known]}] if known else []


def paragraph(label: str, text: str) -> list[dict[str, Any]]:
    """A longer typed text under its name; nothing for no text."""
    long = literal(text, limit=LONG_LIMIT, is_one_line=False)
    return [section(f"*{label}:* {long}")] if long else []


def header(text: str) -> dict[str, Any]:
    """A title in which nothing is styled."""
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, HEADER_LIMIT), "emoji": False}}


def context(text: str) -> dict[str, Any]:
    """A small line."""
    return {"type": "context", "elements": [words(text)]}


def words(text: str) -> dict[str, Any]:
    """A text object; verbatim: typed addresses and names do not turn into links, our own <url|label> still does."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def title_of(title: str, *, limit: int = TITLE_LIMIT) -> str:
    """A task's title, literal."""
    return literal(title, limit=limit) or "(untitled)"


def name_of(name: str | None, people: People) -> str:
    """A person as people here call them."""
    person = people.find(name)
    return literal(person.alias if person else name or "", limit=NAME_LIMIT)


def plan_of(*, priority: str, deadline: str | None) -> dict[str, str]:
    """How pressing a task is."""
    return {"Priority": literal(priority, limit=NAME_LIMIT), "Deadline": moment(deadline) if deadline else ""}


def rating_of(value: object) -> str:
    """A rating from 1 to 5."""
    return "" if value is None else literal(f"{value}/5", limit=NAME_LIMIT)


def met_of(verdicts: Iterable[str]) -> str:
    """How many criteria are met."""
    known = list(verdicts)
    return f"{known.count('met')} of {len(known)} met" if known else ""


def links_of(links: Sequence[Link]) -> list[dict[str, Any]]:
    """What the task is tied to outside, whichever plugin tied it: keys, branches, commits."""
    if not links:
        return []
    shown = [_link(each) for each in links[:LINKS]]
    if more := len(links) - LINKS:
        shown += [f"and {more} more"] if more > 0 else []
    return [context(" · ".join(shown))]


def _link(each: Link) -> str:
    kind, detail = (literal(text or "", limit=LINK_WORD_LIMIT) for text in (each.kind, each.detail))
    name = literal(each.title or each.key or each.outside_id, limit=LINK_TITLE_LIMIT) or kind
    if each.key and each.title:
        name = f"{literal(each.key, limit=LINK_WORD_LIMIT)} {name}"
    shown = link(each.url, label=name, limit=LINK_URL_LIMIT) or name
    return " ".join(filter(None, (f"{kind}:", shown, detail and f"({detail})")))


def footer(task_id: str | None, *, actor: str, url: str | None) -> dict[str, Any]:
    """The task's id, who did it, and where it can be seen."""
    parts = (literal(task_id or "", limit=NAME_LIMIT), actor and f"by {actor}", link(url, label="View task"))
    return context(" · ".join(filter(None, parts)) or "tm")
