"""The message a notice becomes, by itself or in a task's thread: pure, literal about everything typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tm_slack.parts import (
    FALLBACK_LIMIT,
    LONG_LIMIT,
    NAME_LIMIT,
    PARAGRAPH_LIMIT,
    context,
    fields,
    footer,
    links_of,
    met_of,
    name_of,
    paragraph,
    plan_of,
    rating_of,
    section,
    title_of,
)
from tm_slack.text import cut, literal, units

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Event, Link, People
    from tm_slack.notices import Notice

REPEAT = "🔁 Repeat: an earlier notice of this may have arrived."
PINGS = ("blocked", "urgent")

HEADINGS: Mapping[Notice, tuple[str, str]] = {
    "created": ("🆕", "Task created"),
    "progress": ("📝", "Progress"),
    "blocked": ("🚫", "Task blocked"),
    "completed": ("🎉", "Task completed"),
    "urgent": ("🚨", "Urgent task"),
    "rated": ("⭐", "Task rated"),
}
_COLORS: Mapping[Notice, str] = {
    "created": "#8D8D8D",
    "progress": "#439FE0",
    "blocked": "warning",
    "completed": "good",
    "urgent": "danger",
    "rated": "good",
}
_LONG: Mapping[Notice, tuple[str, str]] = {
    "progress": ("Note", "note"),
    "blocked": ("Reason", "reason"),
    "completed": ("Summary", "summary"),
    "rated": ("Note", "note"),
}


class Story(NamedTuple):
    """What there is to tell: `title` and `text` are what a template made, already literal; `mentions` are entities.

    `hint` is a line of ours above it all: that it is a repeat, or was meant for another channel.
    """

    notice: Notice
    event: Event
    people: People
    url: str | None = None
    links: tuple[Link, ...] = ()
    mentions: str = ""
    title: str = ""
    text: str = ""
    hint: str = ""

    def under(self, hint: str) -> Story:
        """The same with another hint before its own."""
        return self._replace(hint=" ".join(filter(None, (hint, self.hint))))


def alone(story: Story) -> dict[str, Any]:
    """The JSON of a message that stands by itself."""
    event = story.event
    about = {"Assignee": name_of(event.task.assignee, story.people), **_facts(story)}
    details = [*fields(about), *_long(story), *links_of(story.links), _footer(story)]
    return _dressed(story, details)


def reply(story: Story) -> dict[str, Any]:
    """The JSON of a message in the task's thread, where the card says the rest."""
    return _dressed(story, [*fields(_news(story)), *_long(story), _footer(story._replace(url=None))])


def summary(story: Story, *, limit: int = FALLBACK_LIMIT) -> str:
    """The notice in one line, for notifications and where nothing else is taken."""
    emoji, heading = HEADINGS[story.notice]
    return cut(story.title or f"{emoji} {heading}: {title_of(story.event.task.title)}", limit)


def first_line(story: Story, *, limit: int = PARAGRAPH_LIMIT) -> str:
    """What happened to which task, and the people mentioned."""
    emoji, heading = HEADINGS[story.notice]
    first = story.title or f"{emoji} *{heading}:* {title_of(story.event.task.title)}"
    return f"{cut(first, limit - units(story.mentions) - 1)} {story.mentions}".strip()


def detail_of(story: Story, *, limit: int = LONG_LIMIT) -> str:
    """The reason, note or summary on one line, or the words of a template; a rating in numbers."""
    if story.text:
        return cut(story.text, limit)
    if story.notice == "rated":
        return ", ".join(f"{name} {value}" for name, value in _news(story).items() if value)
    return literal(str(story.event.data.get(_LONG.get(story.notice, ("", ""))[1]) or ""), limit=limit)


def _dressed(story: Story, details: list[dict[str, Any]]) -> dict[str, Any]:
    above = [context(story.hint)] if story.hint else []
    return {
        # with blocks beside it Slack shows it in notifications only, where nothing is styled
        "text": summary(story),
        "blocks": [*above, section(first_line(story))],
        "attachments": [{"color": _COLORS[story.notice], "blocks": details}],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _long(story: Story) -> list[dict[str, Any]]:
    if story.text:
        return [section(cut(story.text, LONG_LIMIT))]
    label, key = _LONG.get(story.notice, ("", ""))
    return paragraph(label, str(story.event.data.get(key) or ""))


def _news(story: Story) -> dict[str, str]:
    """What this event brings, as far as its longer text does not say it."""
    data = story.event.data
    match story.notice:
        case "completed":
            return {"Criteria": met_of(str(each.get("verdict")) for each in data.get("verdicts") or [])}
        case "rated":
            return {"Quality": rating_of(data.get("quality")), "Timeliness": rating_of(data.get("timeliness"))}
        case "progress":
            percent = data.get("percent")
            return {} if percent is None else {"Done": literal(f"{percent} %", limit=NAME_LIMIT)}
        case _:
            return {}


def _facts(story: Story) -> dict[str, str]:
    if story.notice in ("completed", "rated", "progress"):
        return _news(story)
    return plan_of(priority=story.event.task.priority, deadline=story.event.task.deadline)


def _footer(story: Story) -> dict[str, Any]:
    return footer(story.event.task_id, actor=name_of(story.event.actor, story.people), url=story.url)
