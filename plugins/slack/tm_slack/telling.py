"""From an event to Slack: what is told where, what waits for others, and what becomes of refusals."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tm import NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater, matches
from tm_slack.cards import Cards
from tm_slack.gathered import STORM, Gathering, digest_of, gather, gathered_mark, quiet_until
from tm_slack.message import alone, summary
from tm_slack.notices import NOTICES, notice_for
from tm_slack.outcome import CardLost, DestinationRefused
from tm_slack.routes import WEBHOOK, Send, is_told_in_thread, is_urgent, quiet_of, rule_of
from tm_slack.sending import LOOK_AGAIN, Message, Sender
from tm_slack.stories import Ties, story_of
from tm_slack.text import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tm import Event, Hub
    from tm_slack.message import Story
    from tm_slack.settings import Settings

_STEPS = ("alone", "card1", "reply1", "instead")
Failure = RetryLater | NeedsLogin | PermanentFailure | OutcomeUnknown
# a doubt goes first: the dispatcher keeps it, and hears of the login at the next attempt
_WORST: tuple[type[Exception], ...] = (OutcomeUnknown, NeedsLogin, RetryLater, PermanentFailure)


def tell(event: Event, hub: Hub, sends: Sequence[Send]) -> None:
    """Send these notices of an event, and bring the task's cards up to date.

    Everything is tried once; then the worst of what was raised is raised: RetryLater, NeedsLogin,
    PermanentFailure or OutcomeUnknown. What went well is not sent again.
    """
    if not hub.dry_run:
        Telling(event, hub, sender=Sender(hub, event)).run(sends)


class Telling:
    """One event on its way; `sender` sends in the name of the delivery that tells it."""

    def __init__(self, event: Event, hub: Hub, *, sender: Sender) -> None:
        self._event = event
        self._hub = hub
        self._settings: Settings = hub.settings
        self._sender = sender
        self._ties = Ties(hub, event.task_id)
        self._cards = Cards(hub, event, sender, ties=self._ties, is_urgent=matches(self._settings.urgent, event))
        self._failures: list[Exception] = []
        self._covered: set[str] = set()

    def run(self, sends: Sequence[Send]) -> None:
        """Tell and follow everywhere; see `tell`."""
        self._cover(sends)
        for send in sends:
            self._try(send.rule.channel, lambda send=send: self._tell(send))  # type: ignore[misc]  # bound to its own
            if len(sends) > 1:
                self._sender.marks.save()
        if self._settings.has_cards:
            for channel in self._cards.channels():
                if channel not in [send.rule.channel for send in sends]:
                    self._try(channel, lambda channel=channel: self._follow(channel))  # type: ignore[misc]
        if self._failures:
            raise self._end()

    def tell_late(self, send: Send) -> None:
        """Tell one notice that has waited, with the time it is from."""
        self._cover([send])
        if send.rule.channel in self._covered:
            return
        self._send(send, hint=moment(self._event.at))

    def _cover(self, sends: Sequence[Send]) -> None:
        """Look for what an earlier attempt may have told in a way that the settings have given up since.

        Found, it stands for the notice of the same channel, or of one that nothing was sent to so far.
        """
        marks = self._sender.marks
        if not (doubts := marks.in_doubt()):
            return
        family = ("card", "reply") if self._settings.has_cards else ("alone", "instead")
        channels = [send.rule.channel for send in sends]
        # what is told there anyway, by a rule or because there is a card, has its own way of looking
        followed = self._cards.channels() if self._settings.has_cards else []
        expected = {*channels, *(send.rule.fallback for send in sends), *followed}
        for key in doubts:
            channel, _, step = key.partition("/")
            if channel in expected and step.startswith((*family, "instead")):
                continue
            if not self._sender.is_there(key, channel, thread=self._cards.thread_of(key)):
                continue
            free = [each for each in channels if each not in self._covered and not marks.has_any(each)]
            stands_for = channel if channel in channels else next(iter(free), None)
            if stands_for:
                self._covered.add(stands_for)
                self._hub.remark(f"found in {channel}, where the settings of then had it told")

    def _end(self) -> Exception:
        """What to raise. A first attempt that needs a login is forgotten, but what went well must not be."""
        worst = worst_of(self._failures)
        if isinstance(worst, OutcomeUnknown):
            self._sender.mark_turned_away()
        self._sender.marks.save()
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
        """One notice by one rule, unless it waits with others or is too old."""
        channel = send.rule.channel
        if ended := self._sender.marks.of(f"{channel}/ended").get("reason"):
            raise PermanentFailure(str(ended))
        if channel in self._covered:
            return
        if self._is_put_off(send, task_id=""):
            if self._settings.has_cards:
                self._leave_in_peace(channel, lambda: self._cards.paint(channel))
            return
        self._sender.quiet_until = self._quiet_end(send, self._hub.clock.now())
        try:
            self._send(send)
        finally:
            self._sender.quiet_until = None

    def _send(self, send: Send, hint: str = "") -> None:
        try:
            self._send_there(send, hint)
        except DestinationRefused as refusal:
            if not send.rule.fallback or send.rule.fallback == send.rule.channel:
                raise
            self._send_instead(send, refusal)

    def _send_there(self, send: Send, hint: str) -> None:
        channel = send.rule.channel
        if self._settings.has_cards:
            story = self._story(send)._replace(hint=hint)
            self._cards.tell(channel, story, is_broadcast=send.notice in self._settings.broadcast)
        else:
            self._send_alone(send, channel, key=f"{channel}/alone", hint=hint)

    def _send_alone(self, send: Send, channel: str, *, key: str, hint: str = "") -> None:
        story = self._story(send)._replace(hint=hint)
        self._sender.take_turn(channel, key, is_urgent=send.is_urgent)
        message = Message(lambda above: alone(story.under(above)), summary(story))
        posted = self._sender.once(key, channel, message)
        self._hub.remark("told by the webhook" if channel == WEBHOOK else f"told in {posted.channel}")

    def _send_instead(self, send: Send, refusal: DestinationRefused) -> None:
        """To the fallback, once; it says where it was meant to go."""
        channel = str(send.rule.fallback)
        self._hub.log.warning("sent to the fallback", extra={"reason": str(refusal)})
        hint = f"Meant for <#{send.rule.channel}>, which takes nothing."
        self._send_alone(send, channel, key=f"{channel}/instead", hint=hint)

    def _is_put_off(self, send: Send, *, task_id: str) -> bool:
        """Whether the notice waits with others, for the channel or for the thread of a task, or is too old."""
        if self._sender.marks.of(gathered_mark(send.rule.channel)):
            return True
        if self._has_begun(send) or self._is_there_after_all(send.rule.channel):
            return False
        if self._is_too_old(send):
            self._hub.remark("not told: too old by now")
            return True
        return self._is_gathered(send, task_id=task_id)

    def _has_begun(self, send: Send) -> bool:
        """Whether an earlier attempt began to send this, or may have."""
        if any(self._sender.marks.is_under_way(f"{send.rule.channel}/{step}") for step in _STEPS):
            return True
        attempt = self._hub.attempt
        was_gathered = self._may_wait(send) and (send.rule.digest or self._quiet_end(send, attempt.first_at))
        return attempt.may_have_happened and not was_gathered

    def _is_there_after_all(self, channel: str) -> bool:
        """Whether what was refused for its rate was posted all the same; what waits for others is not sent again."""
        keys = [f"{channel}/{step}" for step in _STEPS]
        return any(self._sender.is_there(key, channel, thread=self._cards.thread_of(key)) for key in keys)

    def _is_too_old(self, send: Send) -> bool:
        age = self._hub.clock.now() - datetime.fromisoformat(self._event.at)
        return send.notice == "progress" and age > self._settings.progress_expires

    def _is_gathered(self, send: Send, *, task_id: str) -> bool:
        """Gather a notice for a digest, the end of quiet hours or, in a storm, for the lane's next turn."""
        now, rule = self._hub.clock.now(), send.rule
        quiet_end = self._quiet_end(send, now)
        digest_end = now + rule.digest if self._may_wait(send) and rule.digest else None
        if quiet_end and (digest_end is None or digest_end <= quiet_end):
            what, due_at = quiet_until(quiet_end), quiet_end
        elif digest_end and rule.digest:
            what, due_at = digest_of(rule.digest), digest_end
        elif self._may_wait(send) and not task_id and self._sender.lanes.is_full(rule.channel, self._event.id):
            what, due_at = STORM, now
        else:
            return False
        gathering = Gathering(task_id, rule.channel, what)
        marks = self._sender.marks
        gather(self._event, gathering, self._hub, notice=send.notice, marks=marks, due_at=due_at)
        return True

    def _may_wait(self, send: Send) -> bool:
        """Whether a notice may be put off; where a command delivers its own events nobody would tell it later."""
        return not send.is_urgent and self._hub.delivery != "inline"

    def _quiet_end(self, send: Send, at: datetime) -> datetime | None:
        return send.rule.quiet.until(at) if send.rule.quiet and self._may_wait(send) else None

    def _follow(self, channel: str) -> None:
        """What a card that is there shows and has in its thread, although no rule tells it there."""
        self._leave_in_peace(channel, lambda: self._followed(channel))

    def _leave_in_peace(self, channel: str, step: Callable[[], None]) -> None:
        """Do something about a card that nobody asked for: if it cannot be done, that is no failure."""
        try:
            step()
        except (CardLost, DestinationRefused) as refusal:
            self._hub.remark(f"the card in {channel} was left as it is: {refusal}")

    def _followed(self, channel: str) -> None:
        quiet, now = quiet_of(channel, self._settings), self._hub.clock.now()
        notice = notice_for(self._event, NOTICES, urgent=self._settings.urgent)
        people = self._hub.people
        is_told = is_told_in_thread(self._event, channel, self._settings, people=people)
        if notice is None or notice not in self._settings.thread or not is_told:
            self._cards.paint(channel)
            return
        rule = rule_of(self._settings)._replace(channel=channel, mention=(), digest=None, quiet=quiet)
        send = Send(notice, rule, is_urgent(notice, self._event, self._settings))
        if self._is_put_off(send, task_id=self._event.task_id or ""):
            self._cards.paint(channel)
            return
        self._sender.quiet_until = self._quiet_end(send, now)
        try:
            self._cards.tell(channel, self._story(send), is_broadcast=False)
        finally:
            self._sender.quiet_until = None

    def _story(self, send: Send) -> Story:
        return story_of(send, self._event, self._hub, bot=self._sender.bot, ties=self._ties)


def worst_of(failures: Sequence[Exception]) -> Exception:
    """The one to raise for all: a doubt first, then what a person must do, then what waits."""
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
