"""Telling what was gathered: one notice as it is, several as one message, in a channel or in a task's thread."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tm import Event, NeedsLogin, OutcomeUnknown, PermanentFailure, RetryLater, matches
from tm_slack.cards import Cards
from tm_slack.digest import digest, headline
from tm_slack.gathered import IN_LINE, THREAD, Gathering, Kept, finish, forget, kept_in, move, quiet_until, take
from tm_slack.marks import PREFIX as MARKS
from tm_slack.message import reply
from tm_slack.outcome import CardLost, DestinationRefused
from tm_slack.routes import WEBHOOK, Send, channels_of, quiet_of, rule_of, send_to, sends_for
from tm_slack.sending import LOOK_AGAIN, Message, Sender
from tm_slack.stories import story_of
from tm_slack.telling import Telling, worst_of
from tm_slack.text import moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tm import Hub
    from tm_slack.message import Story
    from tm_slack.settings import Settings

MOST = 500
# a wait is given up after seven days; a gathering that waits so long goes on under a new one
_RENEW_AFTER = timedelta(days=5)


class _Waiting(NamedTuple):
    """A notice that waits, with its event and the rule that tells it by the settings as they are now."""

    kept: Kept
    event: Event
    send: Send


def tell_gathered(wake: Event, gathering: Gathering, hub: Hub) -> None:
    """Tell what waits in a gathering once it is due.

    Raises RetryLater until then, and what telling raises. What one wake has begun to tell stays with it.
    """
    batch = [each for each in kept_in(gathering, hub) if each.batch == wake.id]
    choosing = _Choosing(gathering, hub)
    if batch and gathering.is_in_line and _is_certainly_unsent(batch, wake, hub):
        batch = choosing.still_due(batch)
    batch = batch or choosing.due(wake)
    if not batch:
        return
    sender = _sender_of(batch, wake, hub)
    if _is_for_a_card(batch, gathering, hub) and not sender.marks.in_doubt():
        _hand_over(batch, gathering, hub)
    else:
        _Together(gathering, hub, sender).tell(batch)


def _sender_of(batch: Sequence[Kept], wake: Event, hub: Hub) -> Sender:
    """Each batch has a name of its own: a wake that is tried again may find another one in the same gathering."""
    return Sender(hub, wake, name=f"{wake.id}:{batch[0].key}")


def _is_certainly_unsent(batch: Sequence[Kept], wake: Event, hub: Hub) -> bool:
    """Whether something of this is still to be sent, and nothing of it may be there without its mark saying so."""
    sender, channel = _sender_of(batch, wake, hub), batch[0].channel
    if not sender.marks.is_certain():
        return False
    cards = Cards(hub, hub.event(batch[0].event_id) or wake, sender, is_urgent=False)
    is_there = any(sender.is_there(key, channel, thread=cards.thread_of(key)) for key in sender.marks.limited(channel))
    sender.marks.save()  # what was found is not looked for again
    return not is_there


def tell_in_line(wake: Event, hub: Hub) -> None:
    """Tell what was handed over to the line of the task that this wake is of; each gathering is tried.

    Raises the worst of what telling raised.
    """
    failures: list[Exception] = []
    for gathering in Gathering.of_task(wake.task_id or "", hub):
        try:
            tell_gathered(wake, gathering, hub)
        except (RetryLater, NeedsLogin, PermanentFailure, OutcomeUnknown) as failure:
            failures.append(failure)
    if failures:
        raise worst_of(failures)


def _is_for_a_card(batch: Sequence[Kept], gathering: Gathering, hub: Hub) -> bool:
    """Whether telling this touches the card of a task that is there, and has not been handed over yet."""
    if gathering.is_in_line or not hub.settings.has_cards or (len(batch) > 1 and not gathering.task_id):
        return False
    event = hub.event(batch[0].event_id)
    return event is not None and hub.tasks.find(event.task_id or "") is not None


def _hand_over(batch: Sequence[Kept], gathering: Gathering, hub: Hub) -> None:
    """Let a batch be told in line with the task's other deliveries."""
    event = hub.event(batch[0].event_id)
    what = THREAD if gathering.task_id else IN_LINE
    to = Gathering(event.task_id or "" if event else "", batch[0].channel, what)
    with hub.together():
        move(batch, hub, to=to, due_at=hub.clock.now())
        finish(gathering, [], hub)
    hub.remark(f"{len(batch)} notices are told in line with the task's others")


class _Choosing:
    """What of a gathering is to be told now, and where, by the settings as they are now."""

    def __init__(self, gathering: Gathering, hub: Hub) -> None:
        self._gathering = gathering
        self._hub = hub
        self._settings: Settings = hub.settings

    def due(self, wake: Event) -> list[Kept]:
        """What this wake is to tell: all for one channel, once the first of it is due.

        Empty when nothing is left to it. Raises RetryLater if nothing is due.
        """
        now = self._hub.clock.now()
        kept = [each for each in kept_in(self._gathering, self._hub) if not each.batch][:MOST]
        waiting = [each for each in map(self.looked_at, kept) if each is not None]
        unwanted = {each.key for each in kept} - {each.kept.key for each in waiting}
        if unwanted:
            self._hub.remark(f"{len(unwanted)} notices told nowhere, by the settings as they are now")
            forget([each for each in kept if each.key in unwanted], self._hub)
        free = self._out_of_quiet(waiting, now)
        if any(each.kept.due_at <= now for each in free):
            channel = free[0].send.rule.channel
            mine = [each.kept for each in free if each.send.rule.channel == channel]
            return take(mine, wake, self._hub, channel=channel)
        if free and now - self._hub.attempt.first_at <= _RENEW_AFTER:
            raise self._wait([each.kept for each in free], now)
        finish(self._gathering, [], self._hub)
        return []

    def still_due(self, batch: Sequence[Kept]) -> list[Kept]:
        """What of a batch that nothing was sent of may be told: it must not wait for quiet hours in a task's line."""
        waiting = [each for each in map(self.looked_at, batch) if each is not None]
        free = {each.kept.key for each in self._out_of_quiet(waiting, self._hub.clock.now())}
        return [each for each in batch if each.key in free]

    def looked_at(self, kept: Kept) -> _Waiting | None:
        """The notice with who tells it now; None if nobody does, or its event is gone."""
        event = self._hub.event(kept.event_id)
        send = None if event is None else self._send(kept, event)
        return None if event is None or send is None else _Waiting(kept, event, send)

    def _send(self, kept: Kept, event: Event) -> Send | None:
        settings, people, channel = self._settings, self._hub.people, kept.channel or self._gathering.channel
        if self._gathering.is_thread:
            rule = rule_of(settings)._replace(channel=channel, mention=(), quiet=quiet_of(channel, settings))
            return Send(kept.notice, rule, is_urgent=False)
        if channel in channels_of(settings) or (kept.channel and self._hub.attempt.may_have_happened):
            return send_to(channel, kept.notice, event, settings=settings, people=people)
        told = {key.partition("/")[0] for key in self._hub.state.get(MARKS + event.id) or {}}
        others = (each for each in sends_for(event, settings, people) if each.rule.channel not in told)
        return next((each._replace(notice=kept.notice) for each in others), None)

    def _out_of_quiet(self, waiting: Sequence[_Waiting], now: datetime) -> list[_Waiting]:
        """Those for which it is not quiet; the others wait for its end among their like from here on."""
        free, moved = [], defaultdict(list)
        for each in waiting:
            end = each.send.rule.quiet.until(now) if each.send.rule.quiet else None
            if end is None or self._gathering.what == quiet_until(end):
                free.append(each)
            else:
                moved[end].append(each.kept)
        task_id = self._gathering.task_id if self._gathering.is_thread else ""
        for end, kept in moved.items():
            move(kept, self._hub, to=Gathering(task_id, self._gathering.channel, quiet_until(end)), due_at=end)
        return free

    def _wait(self, kept: Sequence[Kept], now: datetime) -> RetryLater:
        until = min(each.due_at for each in kept)
        many = "1 notice waits" if len(kept) == 1 else f"{len(kept)} notices wait"
        where = f"{self._gathering.channel} until {until:%Y-%m-%d %H:%M} UTC"
        return RetryLater(f"{many} for {where}.", after=until - now)


class _Together:
    """The notices of one batch on their way."""

    def __init__(self, gathering: Gathering, hub: Hub, sender: Sender) -> None:
        self._gathering = gathering
        self._hub = hub
        self._settings: Settings = hub.settings
        self._sender = sender

    def tell(self, batch: Sequence[Kept]) -> None:
        """Tell these, as one message if there are several, and forget them."""
        found = map(_Choosing(self._gathering, self._hub).looked_at, batch)
        waiting = [each for each in found if each is not None]
        self._hub.remark(f"{len(waiting)} notices were gathered for {self._gathering.channel}")
        now = self._hub.clock.now()
        quiet = [each.send.rule.quiet.until(now) for each in waiting if each.send.rule.quiet]
        self._sender.quiet_until = max(filter(None, quiet), default=None)  # it may have begun since this was taken
        if self._gathering.is_in_line:
            self._sender.quiet_patience = LOOK_AGAIN  # the task's other deliveries wait behind this one
        try:
            if self._gathering.is_thread and waiting:
                self._tell_thread([(each.send, each.event) for each in waiting])
            elif len(waiting) == 1:
                Telling(waiting[0].event, self._hub, sender=self._sender).tell_late(waiting[0].send)
            elif waiting:
                self._tell_channel(waiting)
        except Exception:
            self._sender.marks.save()
            raise
        finish(self._gathering, batch, self._hub)

    def _tell_channel(self, waiting: Sequence[_Waiting]) -> None:
        channel = waiting[0].send.rule.channel
        try:
            self._post(channel, [(each.send, each.event) for each in waiting], key=f"{channel}/digest")
        except DestinationRefused as refusal:
            self._tell_fallbacks(channel, waiting, refusal)

    def _tell_fallbacks(self, channel: str, waiting: Sequence[_Waiting], refusal: DestinationRefused) -> None:
        """Each notice to its own rule's fallback; what has none stays a dead letter."""
        by_fallback: dict[str, list[_Waiting]] = defaultdict(list)
        for each in waiting:
            fallback = each.send.rule.fallback
            by_fallback[fallback if fallback and fallback != channel else ""].append(each)
        left = by_fallback.pop("", [])
        for fallback, some in by_fallback.items():
            self._hub.log.warning("sent to the fallback", extra={"reason": str(refusal)})
            meant = f"Meant for <#{channel}>, which takes nothing."
            key = f"{fallback}/digest-instead"
            self._post(fallback, [(each.send, each.event) for each in some], key=key, above=meant)
        if left:
            finish(self._gathering, [each.kept for some in by_fallback.values() for each in some], self._hub)
            raise refusal

    def _tell_thread(self, known: Sequence[tuple[Send, Event]]) -> None:
        """As a reply to the task's card, which is made anew if it is gone."""
        channel, event = self._gathering.channel, known[-1][1]
        if self._sender.bot is None:
            self._hub.remark("a webhook has no threads")
            return
        cards = Cards(self._hub, event, self._sender, is_urgent=matches(self._settings.urgent, event))
        try:
            for _ in range(2):
                card = cards.root(channel)
                try:
                    self._post(card.channel, known, key=f"{channel}/thread{card.number}", thread=card.ts)
                except CardLost:
                    cards.forget(channel, card)
                    continue
                return
        except DestinationRefused as refusal:
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
        if self._gathering.is_thread and len(known) == 1:
            send, event = known[0]
            return reply(self._story(send, event)._replace(hint=moment(event.at)).under(hint))
        return digest(known, self._story, hint=hint)

    def _story(self, send: Send, event: Event) -> Story:
        """What there is to tell; a template that cannot be filled is no reason to keep the others from being told."""
        try:
            return story_of(send, event, self._hub, bot=self._sender.bot)
        except PermanentFailure as wrong:
            self._hub.remark(str(wrong))
            return story_of(send, event, self._hub, bot=self._sender.bot, has_own_words=False)
