"""Many notices in one message: the most pressing first and in full, the rest by name. Pure but for the stories."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tm_slack.message import detail_of, first_line
from tm_slack.notices import NOTICES
from tm_slack.parts import FALLBACK_LIMIT, context, header, name_of, section, title_of
from tm_slack.text import cut, link, literal, moment, units

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tm import Event
    from tm_slack.message import Story
    from tm_slack.notices import Notice
    from tm_slack.routes import Send

    Known = tuple[Send, Event]

TOP = 10
# ten entries, the rest and what stands around them stay within what Slack takes of texts in one message
LINE_LIMIT, DETAIL_LIMIT, URL_LIMIT, ID_LIMIT, ACTOR_LIMIT = 300, 180, 180, 40, 60
REST_LIMIT, REST_TITLE_LIMIT, MENTIONED = 1500, 60, 20
_PRESSING: tuple[Notice, ...] = ("urgent", "blocked", "completed", "created", "rated", "progress")


def digest(known: Sequence[Known], story: Callable[[Send, Event], Story], *, hint: str = "") -> dict[str, Any]:
    """The JSON of the message; `story` gathers what one notice tells, `hint` is a line of ours above it all."""
    ordered = sorted(known, key=lambda each: (_PRESSING.index(each[0].notice), -each[1].seq))
    stories = [story(*each) for each in ordered[:TOP]]
    people = list(dict.fromkeys(name for each in stories for name in each.mentions.split()))[:MENTIONED]
    return {
        "text": headline(known),
        "blocks": [
            *([context(hint)] if hint else []),
            header(f"📋 {_many(known)}"),
            context(" ".join((_counts(known), *people))),
            *(section(_entry(each)) for each in stories),
            *_rest([event for _, event in ordered[TOP:]]),
        ],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def headline(known: Sequence[Known]) -> str:
    """The message in one line."""
    return cut(f"📋 {_many(known)}: {_counts(known)}", FALLBACK_LIMIT)


def _many(known: Sequence[Known]) -> str:
    return "1 notice" if len(known) == 1 else f"{len(known)} notices"


def _counts(known: Sequence[Known]) -> str:
    counts = Counter(send.notice for send, _ in known)
    return ", ".join(f"{counts[notice]} {notice}" for notice in NOTICES if counts[notice])


def _entry(story: Story) -> str:
    """A notice in up to three lines: what, why or with what words, and by whom, when, where to look."""
    event = story.event
    actor = cut(name_of(event.actor, story.people), ACTOR_LIMIT)
    view = link(story.url, label="View", limit=URL_LIMIT)
    about = (literal(event.task_id or "", limit=ID_LIMIT), actor and f"by {actor}", moment(event.at), view)
    first = first_line(story._replace(mentions=""), limit=LINE_LIMIT)
    lines = (first, detail_of(story, limit=DETAIL_LIMIT), " · ".join(filter(None, about)))
    return "\n".join(filter(None, lines))


def _rest(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The tasks of further notices, each once, as many as there is room for."""
    if not events:
        return []
    often = Counter(event.task_id or "" for event in events)
    titles = {event.task_id or "": event.task.title for event in reversed(events)}
    text, left = f"and {len(events)} more:", len(often)
    for task_id, count in often.items():
        times = f" ×{count}" if count > 1 else ""
        name = f" {title_of(titles[task_id], limit=REST_TITLE_LIMIT)} ({literal(task_id, limit=ID_LIMIT)}){times};"
        if units(text) + units(name) > REST_LIMIT:
            return [context(f"{text} and {left} more tasks")]
        text, left = text + name, left - 1
    return [context(text.removesuffix(";"))]
