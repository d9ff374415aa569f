"""Gathering what a notice tells: the task's links, its page, the people to mention, the words of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm_slack.mentions import mentions
from tm_slack.message import Story
from tm_slack.slots import fill

if TYPE_CHECKING:
    from tm import Event, Hub, Link
    from tm_slack.client import Bot
    from tm_slack.routes import Send


class Ties:
    """What a task is tied to outside, read once, when it is first asked for."""

    def __init__(self, hub: Hub, task_id: str | None) -> None:
        self._hub = hub
        self._task_id = task_id or ""
        self._links: tuple[Link, ...] | None = None

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of all plugins."""
        if self._links is None:
            self._links = tuple(self._hub.links.of_task(self._task_id))
        return self._links

    @property
    def url(self) -> str | None:
        """The page to link to."""
        return self._hub.url(self._task_id, links=self.links)


def story_of(
    send: Send, event: Event, hub: Hub, *, bot: Bot | None, ties: Ties | None = None, has_own_words: bool = True
) -> Story:
    """All there is to tell of an event by one rule. Raises PermanentFailure when a template cannot be filled.

    Without a `bot` nobody is looked up by e-mail address, without own words no template is asked.
    """
    ties = ties or Ties(hub, event.task_id)
    words = hub.settings.templates.get(send.notice) if has_own_words else None
    names = {"task": event.task, "event": event, "data": event.data, "url": ties.url}
    return Story(
        send.notice,
        event,
        hub.people,
        url=ties.url,
        links=ties.links,
        mentions=mentions(send, event, hub, bot=bot),
        title=fill(words.title, names) if words and words.title else "",
        text=fill(words.text, names) if words and words.text else "",
    )
