"""From an event to Slack: what is told where, what waits, what is gathered, and what becomes of refusals."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater, matches
from tm_slack.cards import Cards
from tm_slack.gathered import gather
from tm_slack.message import alone, summary
from tm_slack.notices import NOTICES, notice_for
from tm_slack.outcome import CardLost, DestinationRefused
from tm_slack.routes import WEBHOOK, Send, rule_of
from tm_slack.sending import LOOK_AGAIN, Message, Sender
from tm_slack.stories import story_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tm import Event, Hub
    from tm_slack.message import Story
    from tm_slack.settings import Settings

Failure = RetryLater | NeedsLogin | PermanentFailure | OutcomeUnknown
# a doubt goes first: the dispatcher keeps it, and hears of the login at the next attempt
_WORST: tuple[type[Exception], ...] = (OutcomeUnknown, NeedsLogin, RetryLater, PermanentFailure)


def tell(event: Event, hub: Hub, sends: Sequence[Send]) -> None:
    """Send these notices of an event, and bring the task's cards up to date.

    Everything is tried once; then the worst of what was raised is raised: RetryLater, NeedsLogin,
    PermanentFailure or OutcomeUnknown. What went well is not sent again.
    """
    if not hub.dry_run:
        _Telling(event, hub).run(sends)


class _Telling:
    def __init__(self, event: Event, hub: Hub) -> None:
        self._event = event
        self._hub = hub
        self._settings: Settings = hub.settings
        self._sender = Sender(hub, event)
        is_urgent = matches(self._settings.urgent, event)
        self._cards = Cards(hub, event, self._sender, is_urgent=is_urgent)
        self._failures: list[Exception] = []

    def run(self, sends: Sequence[Send]) -> None:
        for send in sends:
            self._try(send.rule.channel, lambda send=send: self._tell(send))  # type: ignore[misc]  # bound to its own
        if self._settings.has_cards:
            for channel in self._cards.channels():
                if channel not in [send.rule.channel for send in sends]:
                    self._try(channel, lambda channel=channel: self._follow(channel))  # type: ignore[misc]
        if self._failures:
            self._sender.marks.save()
            raise self._end()

    def _end(self) -> Exception:
        """What to raise. A first attempt that needs a login is forgotten, but what went well must not be."""
        worst = _worst(self._failures)
        if isinstance(worst, NeedsLogin) and self._hub.attempt.number == 1 and not self._sender.marks.is_empty():
            return RetryLater(str(worst), after=LOOK_AGAIN)
        return worst

    def _try(self, channel: str, step: Callable[[], None]) -> None:
        try:
            step()
        except (RetryLater, NeedsLogin, OutcomeUnknown) as failure:
            self._failures.append(failure)
        except PermanentFailure as failure:
            self._sender.marks.set(f"{channel}/ended", "dead", reason=str(failure))
            self._failures.append(failure)

    def _tell(self, send: Send) -> None:
        """One notice by one rule, unless it waits, is gathered with others, or is too old."""
        channel = send.rule.channel
        if ended := self._sender.marks.of(f"{channel}/ended").get("reason"):
            raise PermanentFailure(str(ended))
        if not self._has_begun(channel):
            if self._is_too_old(send):
                self._hub.remark("not told: too old by now")
                return
            if self._waits(send):
                return
        try:
            self._send(send)
        except DestinationRefused as refusal:
            if not send.rule.fallback or send.rule.fallback == channel:
                raise
            self._send_instead(send, refusal)

    def _send(self, send: Send) -> None:
        channel = send.rule.channel
        if self._settings.has_cards:
            self._cards.tell(channel, self._story(send), is_broadcast=send.notice in self._settings.broadcast)
        else:
            self._send_alone(send, channel, key=f"{channel}/alone")

    def _send_alone(self, send: Send, channel: str, *, key: str, hint: str = "") -> None:
        story = self._story(send)
        if not self._sender.marks.is_under_way(key):
            self._sender.lanes.take(channel, f"{self._event.id}/{key}", is_urgent=send.is_urgent)
        message = Message(
            lambda above: alone(story._replace(hint=" ".join(filter(None, (above, hint))))), summary(story)
        )
        posted = self._sender.once(key, channel, message)
        self._hub.remark("told by the webhook" if channel == WEBHOOK else f"told in {posted.channel}")

    def _send_instead(self, send: Send, refusal: DestinationRefused) -> None:
        """To the fallback, once; it says where it was meant to go."""
        channel = str(send.rule.fallback)
        self._hub.log.warning("sent to the fallback", extra={"reason": str(refusal)})
        hint = f"Meant for <#{send.rule.channel}>, which takes nothing."
        self._send_alone(send, channel, key=f"{channel}/instead", hint=hint)

    def _has_begun(self, channel: str) -> bool:
        return self._hub.attempt.may_have_happened or any(
            self._sender.marks.is_under_way(f"{channel}/{step}") for step in ("alone", "card1", "reply1", "instead")
        )

    def _is_too_old(self, send: Send) -> bool:
        age = self._hub.clock.now() - datetime.fromisoformat(self._event.at)
        return send.notice == "progress" and age > self._settings.progress_expires

    def _waits(self, send: Send) -> bool:
        """Whether it was gathered. Raises RetryLater in quiet hours and while others have their turn."""
        now, rule = self._hub.clock.now(), send.rule
        if send.is_urgent:
            return False
        quiet_until = rule.quiet.until(now) if rule.quiet else None
        if rule.digest:
            due_at = max(now + rule.digest, quiet_until or now)
            gather(rule.channel, self._story(send), self._hub, due_at=due_at)
            return True
        if quiet_until:
            raise RetryLater(f"It is quiet in {rule.channel}.", after=quiet_until - now)
        if self._sender.lanes.is_full(rule.channel, self._event.id):
            gather(rule.channel, self._story(send), self._hub, due_at=now)
            return True
        return False

    def _follow(self, channel: str) -> None:
        """What a card that is there shows and has in its thread, although no rule tells it there."""
        try:
            self._followed(channel)
        except (CardLost, DestinationRefused) as refusal:  # nobody asked for it there
            self._hub.remark(f"the card in {channel} was left as it is: {refusal}")

    def _followed(self, channel: str) -> None:
        notice = notice_for(self._event, NOTICES, urgent=self._settings.urgent)
        if notice is None or notice not in self._settings.thread:
            self._cards.show(channel)
            return
        send = Send(notice, rule_of(self._settings)._replace(channel=channel, mention=()), False)
        if self._is_too_old(send) and not self._has_begun(channel):
            self._cards.show(channel)
            return
        self._cards.tell(channel, self._story(send), is_broadcast=False)

    def _story(self, send: Send) -> Story:
        return story_of(send, self._event, self._hub, bot=self._sender.bot)


def _worst(failures: list[Exception]) -> Exception:
    for kind in _WORST:
        found = [each for each in failures if isinstance(each, kind)]
        if not found:
            continue
        if kind is PermanentFailure:
            return PermanentFailure(" ".join(dict.fromkeys(map(str, found))))
        if kind is RetryLater:
            return min(found, key=lambda each: getattr(each, "after", None) or timedelta.max)
        return found[0]
    return failures[0]
