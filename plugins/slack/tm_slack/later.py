"""Telling what was gathered: one notice as it is, several as one message, in a channel or in a task's thread."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tm import RetryLater
from tm_slack.cards import Cards
from tm_slack.digest import digest, headline
from tm_slack.gathered import finish, kept_in, take
from tm_slack.message import reply
from tm_slack.outcome import CardLost, DestinationRefused
from tm_slack.routes import WEBHOOK, channels_of, quiet_of, send_to
from tm_slack.sending import Message, Sender
from tm_slack.stories import story_of
from tm_slack.telling import Telling
from tm_slack.text import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tm import Event, Hub
    from tm_slack.gathered import Gathering, Kept
    from tm_slack.message import Story
    from tm_slack.routes import Send
    from tm_slack.settings import Settings

MOST = 500
# a wait is given up after seven days; a gathering that waits so long goes on under a new one
_RENEW_AFTER = timedelta(days=5)


def tell_gathered(wake: Event, gathering: Gathering, hub: Hub) -> None:
    """Tell what waits in a gathering once it is due.

    Raises RetryLater until then, and what telling raises. What one wake has begun to tell stays with it.
    """
    kept = kept_in(gathering, hub)
    batch = [each for each in kept if each.batch == wake.id] or _due(
        [each for each in kept if not each.batch], gathering, hub, wake=wake
    )
    if batch:
        _Together(wake, gathering, hub).tell(batch)
        finish(gathering, batch, hub)


def _due(waiting: list[Kept], gathering: Gathering, hub: Hub, *, wake: Event) -> list[Kept]:
    """What of this is to be told now: all that nothing holds back, once the first of it is due.

    Empty if a new wake goes on with it. Raises RetryLater if nothing is due.
    """
    now = hub.clock.now()
    ends = {each: _quiet_end(each, gathering, hub, now=now) for each in waiting[:MOST]}
    free = [each for each, end in ends.items() if end is None]
    if any(each.due_at <= now for each in free):
        return take(free, wake, hub)
    if not waiting:
        return []
    if now - hub.attempt.first_at > _RENEW_AFTER:
        finish(gathering, [], hub)
        return []
    until = min(max(each.due_at, end or each.due_at) for each, end in ends.items())
    many = "1 notice waits" if len(waiting) == 1 else f"{len(waiting)} notices wait"
    raise RetryLater(f"{many} for {gathering.channel} until {until:%Y-%m-%d %H:%M} UTC.", after=until - now)


def _quiet_end(kept: Kept, gathering: Gathering, hub: Hub, *, now: datetime) -> datetime | None:
    """When it is over where this notice is to be told, if it is quiet there."""
    event, settings = hub.event(kept.event_id), hub.settings
    if gathering.task_id or event is None:
        quiet = quiet_of(gathering.channel, settings)
    else:
        quiet = send_to(gathering.channel, kept.notice, event, settings=settings, people=hub.people).rule.quiet
    return quiet.until(now) if quiet else None


class _Together:
    """The notices of one batch on their way."""

    def __init__(self, wake: Event, gathering: Gathering, hub: Hub) -> None:
        self._gathering = gathering
        self._hub = hub
        self._wake = wake
        self._settings: Settings = hub.settings
        self._sender = Sender(hub, wake)

    def tell(self, batch: Sequence[Kept]) -> None:
        """Tell these, as one message if there are several."""
        channel = self._channel()
        events = [(each.notice, self._hub.event(each.event_id)) for each in batch]
        known = [
            (send_to(channel, notice, event, settings=self._settings, people=self._hub.people), event)
            for notice, event in events
            if event
        ]
        self._hub.remark(f"{len(known)} notices were gathered for {channel}")
        if not known:
            return
        try:
            if self._gathering.task_id:
                self._tell_thread(channel, known)
            elif len(known) == 1:
                send, event = known[0]
                Telling(event, self._hub, sender=self._sender).tell_late(send)
            else:
                self._tell_channel(channel, known)
        except Exception:
            self._sender.marks.save()
            raise

    def _channel(self) -> str:
        """Where this goes by the settings as they are now: they may name another channel, or a webhook, by now."""
        named = channels_of(self._settings)
        if self._gathering.channel in named:
            return self._gathering.channel
        return WEBHOOK if self._settings.token is None else self._settings.channel or next(iter(named))

    def _tell_channel(self, channel: str, known: Sequence[tuple[Send, Event]]) -> None:
        try:
            self._post(channel, known, key=f"{channel}/digest")
        except DestinationRefused as refusal:
            fallback = known[0][0].rule.fallback
            if not fallback or fallback == channel:
                raise
            self._hub.log.warning("sent to the fallback", extra={"reason": str(refusal)})
            meant = f"Meant for <#{channel}>, which takes nothing."
            self._post(fallback, known, key=f"{fallback}/digest-instead", above=meant)

    def _tell_thread(self, channel: str, known: Sequence[tuple[Send, Event]]) -> None:
        """As a reply to the task's card. Nobody asked for it elsewhere, should the card be gone."""
        found = Cards(self._hub, known[0][1], self._sender, is_urgent=False).find(channel)
        if found is None:
            self._hub.remark(f"the card in {channel} is gone, and its thread with it")
            return
        try:
            self._post(found.channel, known, key=f"{channel}/thread", thread=found.ts)
        except (CardLost, DestinationRefused) as refusal:
            self._hub.remark(f"not told in the thread: {refusal}")

    def _post(
        self,
        channel: str,
        known: Sequence[tuple[Send, Event]],
        *,
        key: str,
        above: str = "",
        thread: str | None = None,
    ) -> None:
        self._sender.take_turn(channel, key, is_urgent=False)
        more: dict[str, Any] = {"thread_ts": thread} if thread else {}
        message = Message(
            lambda hint: self._content(known, " ".join(filter(None, (above, hint)))), headline(known), more
        )
        posted = self._sender.once(key, channel, message, thread=thread)
        where = "by the webhook" if channel == WEBHOOK else f"in {posted.channel}"
        self._hub.remark(f"{len(known)} notices told as one {where}")

    def _content(self, known: Sequence[tuple[Send, Event]], hint: str) -> dict[str, Any]:
        if self._gathering.task_id and len(known) == 1:
            send, event = known[0]
            return reply(self._story(send, event)._replace(hint=moment(event.at)).under(hint))
        return digest(known, self._story, hint=hint)

    def _story(self, send: Send, event: Event) -> Story:
        return story_of(send, event, self._hub, bot=self._sender.bot)
