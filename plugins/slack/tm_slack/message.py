"""The message a notice becomes: pure, literal about everything typed, and within Slack's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tm_slack.text import cut, link, literal, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tm import Event, People
    from tm_slack.notices import Notice

FALLBACK_LIMIT, TITLE_LIMIT, LONG_LIMIT, NAME_LIMIT = 300, 2700, 2900, 300
REPEAT = "🔁 Repeat: an earlier notice of this may have arrived."

_HEADINGS: Mapping[Notice, tuple[str, str]] = {
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
_PINGS = ("blocked", "urgent")


def compose(
    notice: Notice, event: Event, *, url: str | None, people: People, is_repeat: bool = False
) -> dict[str, Any]:
    """The JSON of a webhook's message.

    `url` is where the task can be seen. The assignee is mentioned, when `people` knows their Slack id, only
    where something waits for them that they did not do themselves. `is_repeat` says on top that an earlier
    notice of the same event may have arrived.
    """
    emoji, heading = _HEADINGS[notice]
    title = literal(event.task.title, limit=TITLE_LIMIT) or "(untitled)"
    top = [_context(REPEAT)] if is_repeat else []
    return {
        # with blocks beside it Slack shows it in notifications only, where nothing is styled
        "text": cut(f"{emoji} {heading}: {title}", FALLBACK_LIMIT),
        "blocks": [*top, _section(text=f"{emoji} *{heading}:* {title}")],
        "attachments": [{"color": _COLORS[notice], "blocks": _details(notice, event, url=url, people=people)}],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _details(notice: Notice, event: Event, *, url: str | None, people: People) -> list[dict[str, Any]]:
    lines = {"Assignee": _assignee(notice, event, people), **_facts(notice, event)}
    fields = [f"*{name}:* {value}" for name, value in lines.items() if value]
    blocks = [_section(fields=fields)] if fields else []
    label, key = _LONG.get(notice, ("", ""))
    if long := literal(str(event.data.get(key) or ""), limit=LONG_LIMIT, is_one_line=False):
        blocks.append(_section(text=f"*{label}:* {long}"))
    return [*blocks, _context(_footer(event, url=url, people=people))]


def _facts(notice: Notice, event: Event) -> dict[str, str]:
    task, data = event.task, event.data
    match notice:
        case "completed":
            return {"Criteria": _criteria(data.get("verdicts") or [])}
        case "rated":
            return {"Quality": _rating(data.get("quality")), "Timeliness": _rating(data.get("timeliness"))}
        case "progress":
            percent = data.get("percent")
            return {} if percent is None else {"Done": literal(f"{percent} %", limit=NAME_LIMIT)}
        case _:
            deadline = moment(task.deadline) if task.deadline else ""
            return {"Priority": literal(task.priority, limit=NAME_LIMIT), "Deadline": deadline}


def _criteria(verdicts: list[Mapping[str, Any]]) -> str:
    met = sum(each.get("verdict") == "met" for each in verdicts)
    return f"{met} of {len(verdicts)} met" if verdicts else ""


def _rating(value: object) -> str:
    return "" if value is None else literal(f"{value}/5", limit=NAME_LIMIT)


def _assignee(notice: Notice, event: Event, people: People) -> str:
    person, actor = people.find(event.task.assignee), people.find(event.actor)
    is_own_act = event.task.assignee == event.actor or (person is not None and person == actor)
    member = person.slack if person else None
    if member and _is_member_id(member) and notice in _PINGS and not is_own_act:
        return f"<@{member}>"
    return _name(event.task.assignee, people)


def _is_member_id(text: str) -> bool:
    return text.isascii() and text.isalnum() and text.isupper() and text[0] in "UW"


def _name(name: str | None, people: People) -> str:
    person = people.find(name)
    return literal(person.alias if person else name or "", limit=NAME_LIMIT)


def _footer(event: Event, *, url: str | None, people: People) -> str:
    actor = _name(event.actor, people)
    parts = [
        literal(event.task_id or "", limit=NAME_LIMIT),
        actor and f"by {actor}",
        link(url, label="View task"),
    ]
    return " · ".join(filter(None, parts)) or "tm"


def _section(*, text: str | None = None, fields: list[str] | None = None) -> dict[str, Any]:
    if fields:
        return {"type": "section", "fields": [_words(field) for field in fields]}
    return {"type": "section", "text": _words(text or "")}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [_words(text)]}


def _words(text: str) -> dict[str, Any]:
    # verbatim: typed addresses and names do not turn into links, our own <url|label> still does
    return {"type": "mrkdwn", "text": text, "verbatim": True}
