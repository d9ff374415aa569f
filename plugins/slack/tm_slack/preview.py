"""What would be sent for a task, rendered as it is sent, and sent nowhere."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from tm import UsageError, matches
from tm_slack.card import card
from tm_slack.message import alone, reply
from tm_slack.notices import NOTICES, type_of
from tm_slack.routes import WEBHOOK, Send, rules_for, sends_for, waits, why
from tm_slack.stories import story_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tm import Event, Hub, Task
    from tm_slack.notices import Notice

_TYPES = {type_of(notice): notice for notice in NOTICES if notice != "urgent"}


class Shown(NamedTuple):
    """One message: where it would go, in words, and its JSON."""

    where: str
    payload: dict[str, Any]


class Preview(NamedTuple):
    """All messages, and what a person should know besides."""

    messages: list[Shown]
    remarks: list[str]


def preview(word: str, ref: str, hub: Hub) -> Preview:
    """The messages that a notice of this kind would become for a task as it is now.

    `word` is a notice or the type of its event, such as task.blocked; `ref` a task's id or a linked key. Raises
    UsageError for another word, NotFound.
    """
    notice = _notice(word)
    event = hub.imagine(type_of(notice), hub.tasks.resolve(ref))
    sends = [send for send in sends_for(event, hub.settings, hub.people) if send.notice == notice]
    remarks = [f"In {each.rule.channel} it is {', '.join(waits(each))}." for each in sends if any(waits(each))]
    if not sends:
        remarks = ["By these settings nothing of this is sent:", *why(event, hub.settings, hub.people)]
    if not sends:
        rule = rules_for(event, hub.settings)[0]
        sends = [Send(notice, rule, notice == "urgent")]
    return Preview([shown for send in sends for shown in _shown(send, event, hub)], remarks)


def _notice(word: str) -> Notice:
    for notice in NOTICES:
        if word in (notice, f"task.{notice}"):
            return notice
    if word in _TYPES:
        return _TYPES[word]
    near = get_close_matches(word.removeprefix("task."), NOTICES, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(NOTICES)}."
    raise UsageError(f"There is no notice {word[:60]!r}. {hint}")


def _task_after(event: Event, hub: Hub) -> Task | None:
    task, data = hub.tasks.find(event.task_id or ""), event.data
    if task is None:
        return None
    reason, summary = data.get("reason") or task.blocked_reason, data.get("summary") or task.completion_summary
    return task.with_(status=event.task.status, blocked_reason=reason, completion_summary=summary)


def _shown(send: Send, event: Event, hub: Hub) -> Iterator[Shown]:
    story, channel = story_of(send, event, hub, bot=None), send.rule.channel or "no channel"
    if not hub.settings.has_cards:
        yield Shown("the webhook" if channel == WEBHOOK else channel, alone(story))
        return
    yield Shown(
        f"{channel}: the task's card",
        card(
            event,
            _task_after(event, hub),
            people=hub.people,
            links=story.links,
            url=story.url,
            is_urgent=matches(hub.settings.urgent, event),
        ),
    )
    is_broadcast = " and in the channel" if send.notice in hub.settings.broadcast else ""
    yield Shown(f"{channel}: in the card's thread{is_broadcast}", reply(story))
