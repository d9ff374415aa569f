"""Gathering what a notice tells: the task's links, its page, the people to mention, the words of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm_slack.mentions import mentions
from tm_slack.message import Story
from tm_slack.slots import fill

if TYPE_CHECKING:
    from tm import Event, Hub
    from tm_slack.client import Bot
    from tm_slack.routes import Send


def story_of(send: Send, event: Event, hub: Hub, *, bot: Bot | None) -> Story:
    """All there is to tell of an event by one rule. Raises PermanentFailure when a template cannot be filled.

    Without a `bot` nobody is looked up by e-mail address.
    """
    url = hub.url(event.task_id or "")
    words = hub.settings.templates.get(send.notice)
    names = {"task": event.task, "event": event, "data": event.data, "url": url}
    return Story(
        send.notice,
        event,
        hub.people,
        url=url,
        links=tuple(hub.links.of_task(event.task_id or "")),
        mentions=mentions(send, event, hub, bot=bot),
        title=fill(words.title, names) if words and words.title else "",
        text=fill(words.text, names) if words and words.text else "",
    )
