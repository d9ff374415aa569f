"""Sending a message once: told once, looked for when nobody knows whether it was, repeated only as a last resort."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater
from tm_slack.client import Bot, Webhook
from tm_slack.lanes import Lanes
from tm_slack.marks import Marks, next_step
from tm_slack.message import REPEAT
from tm_slack.outcome import (
    CardLost,
    DestinationRefused,
    Limited,
    MessageRefused,
    ScopeMissing,
    ServerTrouble,
    Unavailable,
)
from tm_slack.routes import WEBHOOK
from tm_slack.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tm import Event, Hub
    from tm_slack.settings import Settings

METADATA = "tm_notice"
LOOK_AGAIN = timedelta(seconds=5)
# as far as this machine's clock and Slack's may differ
_LOOK_BACK = timedelta(minutes=10)
_PAGES = 10
_HISTORY, _REPLIES = "conversations.history", "conversations.replies"
_DOUBT = "Nobody knows whether Slack posted this notice"
_LOOK = "Look into the channel; if the notice is missing there, redeliver this delivery."


# a client is dear to make, and holds nothing of a call
_wire, _bot, _webhook = lru_cache(4)(Wire), lru_cache(4)(Bot), lru_cache(4)(Webhook)


class Posted(NamedTuple):
    """Where a message stands; a webhook tells no `ts`. `payload` is its metadata; `is_found`: it was there already."""

    channel: str
    ts: str = ""
    payload: Mapping[str, Any] = {}
    is_found: bool = False


class Message(NamedTuple):
    """What is to be sent: the whole `content`, made for a hint line, and the `plain` words where that is refused.

    `more` goes beside the content: the thread it belongs to.
    """

    content: Callable[[str], dict[str, Any]]
    plain: str
    more: Mapping[str, Any] = {}
    payload: Mapping[str, Any] = {}


def transport_of(settings: Settings, hub: Hub) -> Bot | Webhook:
    """The way to Slack that the settings give."""
    proxy = settings.proxy.get_secret_value() if settings.proxy else None
    wire = _wire(timeout=settings.timeout, proxy=proxy, monotonic=hub.clock.monotonic)
    if settings.token is not None:
        return _bot(settings.token.get_secret_value(), wire, base_url=settings.base_url, now=hub.clock.now)
    assert settings.webhook_url is not None  # noqa: S101 - the settings see to it
    return _webhook(settings.webhook_url.get_secret_value(), wire, now=hub.clock.now)


class Sender:
    """Sends the messages of one event, each once and in its lane; while `quiet_until` is set it only looks.

    `name` tells its messages from those of others: the event's id, unless one event tells of several things. When
    it got quiet, `quiet_patience` is how long to wait at most before somebody asks again.
    """

    def __init__(self, hub: Hub, event: Event, *, name: str = "") -> None:
        self._hub = hub
        self._name = name or event.id
        self._settings: Settings = hub.settings
        self.transport = transport_of(hub.settings, hub)
        self.marks = Marks(hub, self._name)
        self.lanes = Lanes(hub, pace=self._settings.pace, most=self._settings.storm)
        self.quiet_until: datetime | None = None
        self.quiet_patience = timedelta.max
        self._turned_away: list[str] = []

    @property
    def bot(self) -> Bot | None:
        """The Web API, or None with a webhook."""
        return self.transport if isinstance(self.transport, Bot) else None

    def take_turn(self, channel: str, key: str, *, is_urgent: bool) -> None:
        """Take a turn in the channel's lane for a send that has not begun. Raises RetryLater until it is there."""
        if self.marks.is_under_way(key):
            return
        try:
            self.lanes.take(channel, f"{self._name}/{key}", is_urgent=is_urgent)
        except RetryLater:
            self._turned_away.append(key)
            raise

    def mark_turned_away(self) -> None:
        """Mark what found no turn as certainly not begun, before an attempt ends in doubt about something else."""
        for key in self._turned_away:
            self.marks.untouched(key)

    def once(self, key: str, channel: str, message: Message, *, thread: str | None = None) -> Posted:
        """Send a message unless it is there; `key` names it among the event's own.

        Raises what the transport raises, PermanentFailure when nobody can know whether it is there.
        """
        mark = self.marks.of(key)
        match mark.get("word"):
            case "sent":
                return Posted(mark["channel"], mark["ts"], mark.get("payload") or {}, is_found=True)
            case "dead":
                raise PermanentFailure(mark["reason"])
            case "absent":
                if mark.get("was_refused") and (found := self._seen(key, channel, thread=thread)):
                    return self._sent(key, found)
                return self._try(key, channel, message)
        if self.marks.is_in_doubt(key):
            return self._in_doubt(key, channel, message, thread=thread)
        # a refusal for its rate was seen to have been posted all the same
        if mark.get("word") == "limited" and (found := self._seen(key, channel, thread=thread)):
            return self._sent(key, found)
        return self._first(key, channel, message)

    def _first(self, key: str, channel: str, message: Message) -> Posted:
        """Send what was never sent; what became of it stays known, should the settings be others next time."""
        try:
            return self._sent(key, self._post(channel, message, key=key))
        except (Limited, Unavailable):
            if self.bot is not None:
                self._mark(key, "limited")
            raise
        except OutcomeUnknown:
            if self.bot is not None:
                self.marks.set(key, "asked")
            raise

    def is_there(self, key: str, channel: str, *, thread: str | None) -> bool:
        """Whether what was refused for its rate, or is in doubt, can be seen to be there."""
        if self.marks.of(key).get("word") in (None, "sent", "absent", "dead", "gathered"):
            return False
        found = self._seen(key, channel, thread=thread)
        if found is not None:
            self._sent(key, found)
        return found is not None

    def _seen(self, key: str, channel: str, *, thread: str | None) -> Posted | None:
        """The message, if it can be seen that it is there."""
        try:
            return self._found(key, channel, thread=thread)
        except (ScopeMissing, DestinationRefused, CardLost, _CannotLook):
            return None

    def _in_doubt(self, key: str, channel: str, message: Message, *, thread: str | None) -> Posted:
        try:
            found = self._found(key, channel, thread=thread)
        except (ScopeMissing, DestinationRefused, _CannotLook):
            return self._without_looking(key, channel, message)
        except NeedsLogin:
            if not self.marks.of(key):
                self._mark(key, "sending")
            raise
        if found is not None:
            return self._sent(key, found)
        mark = self.marks.of(key)
        looked_at = mark.get("at") if mark.get("word") == "looked" else None
        if looked_at is None or self._hub.clock.now() - datetime.fromisoformat(looked_at) < LOOK_AGAIN:
            if looked_at is None:
                self._mark(key, "looked")
            raise RetryLater(f"{_DOUBT}; it is looked for once more.", after=LOOK_AGAIN)
        return self._try(key, channel, message)

    def _without_looking(self, key: str, channel: str, message: Message) -> Posted:
        word = self.marks.of(key).get("word")
        step = next_step(word, is_redelivered=self.marks.is_redelivered(key), ambiguous=self._settings.ambiguous)
        if step == "hold":
            self._mark(key, "sending")
            raise PermanentFailure(f'{_DOUBT}, and ambiguous = "hold" keeps it from being told twice. {_LOOK}')
        if step == "give up":
            raise PermanentFailure(f"{_DOUBT}, nor whether it posted the repeat. {_LOOK}")
        return self._repeat(key, channel, message)

    def _try(self, key: str, channel: str, message: Message) -> Posted:
        """Send what was looked for and is not there; the new doubt is on record before."""
        self._mark(key, "trying")
        try:
            return self._kept(key, self._post(channel, message, key=key))
        except (RetryLater, NeedsLogin, PermanentFailure) as refusal:
            # what was refused for its rate may have been posted all the same
            self._mark(key, "absent", was_refused=isinstance(refusal, Limited | Unavailable))
            raise

    def _repeat(self, key: str, channel: str, message: Message) -> Posted:
        """Send once more, marked as a repeat, where nobody can look; what is certainly refused changes no doubt."""
        before = self.marks.of(key)
        self._mark(key, "repeating")
        try:
            return self._kept(key, self._post(channel, message, key=key, hint=REPEAT))
        except (RetryLater, NeedsLogin, PermanentFailure):
            if before:
                self.marks.restore(key, before)
                self.marks.save()
            else:
                self._mark(key, "sending")
            raise
        except ServerTrouble:
            self._mark(key, "sending")
            raise
        except OutcomeUnknown as failure:
            words = f"{failure} {_DOUBT}, nor whether it posted the repeat. {_LOOK}"
            raise PermanentFailure(words) from None

    def _mark(self, key: str, word: Any, **more: Any) -> None:
        self.marks.set(key, word, **more)
        self.marks.save()

    def _kept(self, key: str, posted: Posted) -> Posted:
        self._sent(key, posted)
        self.marks.save()
        return posted

    def _sent(self, key: str, posted: Posted) -> Posted:
        self.marks.set(key, "sent", channel=posted.channel, ts=posted.ts, payload=dict(posted.payload))
        return posted

    def _post(self, channel: str, message: Message, *, key: str, hint: str = "") -> Posted:
        if self.quiet_until is not None:
            wait = min(self.quiet_until - self._hub.clock.now(), self.quiet_patience)
            raise RetryLater(f"It is quiet in {channel} until {self.quiet_until:%Y-%m-%d %H:%M} UTC.", after=wait)
        try:
            return self._posted(channel, message.content(hint), message, key=key)
        except MessageRefused as refusal:
            self._hub.log.warning("message refused, sent plain", extra={"reason": str(refusal)})
            self._hub.remark(f"sent as plain text: {refusal}")
            # beside no blocks the text is shown, and what was typed in it is to stay text
            text = f"{hint}\n{message.plain}".strip()
            plain = {"text": text, "parse": "none", "unfurl_links": False, "unfurl_media": False}
            return self._posted(channel, plain, message, key=key)

    def _posted(self, channel: str, content: dict[str, Any], message: Message, *, key: str) -> Posted:
        if isinstance(self.transport, Webhook):
            self.transport.post(content)
            return Posted(WEBHOOK)
        payload = {"send": f"{self._name}/{key}", **message.payload}
        metadata = {"event_type": METADATA, "event_payload": payload}
        with self.lanes.heeding(channel):
            return Posted(*self.transport.post(channel, content, metadata=metadata, **message.more), payload)

    def _found(self, key: str, channel: str, *, thread: str | None) -> Posted | None:
        """The message with this key, if it is in the channel, or in the thread.

        Raises ScopeMissing, DestinationRefused or _CannotLook when that cannot be seen.
        """
        for message in self._messages(channel, thread=thread, since=self.marks.begun_at(key)):
            metadata = message.get("metadata")
            payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
            if isinstance(payload, dict) and payload.get("send") == f"{self._name}/{key}":
                self._hub.remark(f"found in {channel}")
                return Posted(channel, str(message["ts"]), payload, is_found=True)
        return None

    def _messages(self, channel: str, *, thread: str | None, since: datetime) -> Iterator[Mapping[str, Any]]:
        bot, cursor = self.bot, ""
        if bot is None or channel[0] in "UW":  # a person's own id has no history
            raise _CannotLook
        oldest = f"{(since - _LOOK_BACK).timestamp():.6f}"
        for _ in range(_PAGES):
            with self.lanes.limited(_REPLIES if thread else _HISTORY):
                page = bot.messages(channel, oldest=oldest, thread=thread, cursor=cursor)
            yield from (each for each in page.get("messages") or () if isinstance(each, dict))
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return
        raise _CannotLook  # it may be further back


class _CannotLook(Exception):
    """There is nowhere to look."""
