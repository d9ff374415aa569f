"""A task's cards: one message per channel that is painted anew, and what belongs into its thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tm import OutcomeUnknown, RetryLater
from tm_slack.card import card, likeness
from tm_slack.message import reply, summary
from tm_slack.outcome import CardLost, MessageRefused
from tm_slack.sending import Message
from tm_slack.stories import Ties

if TYPE_CHECKING:
    from tm import Event, Hub
    from tm_slack.client import Bot
    from tm_slack.message import Story
    from tm_slack.sending import Sender

PREFIX = "card:"
UPDATES = "chat.update"


class Card(NamedTuple):
    """Where a task's card in a channel stands, and what it shows.

    `channel` is the one Slack really posted to, `seq` the event it was last painted for, `made_by` the event that
    made it; `number` counts the cards the task had there, from 1.
    """

    channel: str
    ts: str
    seq: int
    look: str
    made_by: str
    number: int = 1


class Cards:
    """The cards of one event's task."""

    def __init__(self, hub: Hub, event: Event, sender: Sender, *, is_urgent: bool, ties: Ties | None = None) -> None:
        self._hub = hub
        self._event = event
        self._sender = sender
        self._ties = ties or Ties(hub, event.task_id)
        self._is_urgent = is_urgent
        self._content: dict[str, Any] | None = None
        self._records: dict[str, dict[str, Any]] | None = None

    @property
    def _kept(self) -> dict[str, dict[str, Any]]:
        """What is on record of the task's cards, by channel: read once, and kept up to date by what this changes."""
        if self._records is None:
            prefix = self._key("")
            self._records = {key.removeprefix(prefix): found for key, found in self._hub.state.list(prefix).items()}
        return self._records

    def channels(self) -> list[str]:
        """The channels in which the task has a card, or had one until this very event found it gone."""
        return [
            channel
            for channel, found in self._kept.items()
            if found.get("ts") or found.get("lost_by") == self._event.id
        ]

    def tell(self, channel: str, story: Story, *, is_broadcast: bool) -> None:
        """Have the card there show how the task is now, and the event in its thread.

        Raises RetryLater while another message has its turn, and what the transport raises.
        """
        for _ in range(2):  # a card that is lost is made anew, once for each event
            made, limit = self._shown(channel)
            try:
                self._replied(channel, made, story, is_broadcast=is_broadcast and made.made_by != self._event.id)
            except CardLost:
                self.forget(channel, made)
                continue
            if limit is not None:
                raise limit
            return
        raise CardLost(f"The card in {channel} was lost twice in a row. See that nothing removes it there.")

    def show(self, channel: str) -> None:
        """Have the card there show how the task is now."""
        _, limit = self._shown(channel)
        if limit is not None:
            raise limit

    def root(self, channel: str) -> Card:
        """The card there as it is, or a fresh one. Raises what the transport raises."""
        return self.find(channel) or self._made(channel)

    def paint(self, channel: str) -> None:
        """The same, but nothing new appears there: a card that is gone stays so until something is told."""
        found = self.find(channel)
        if found is None:
            return
        try:
            self._painted(channel, found)
        except CardLost:
            self.forget(channel, found)

    def _shown(self, channel: str) -> tuple[Card, RetryLater | None]:
        """The card; and what is to be raised in the end if changes have to wait, which holds up no reply."""
        found = self.find(channel)
        if found is None:
            return self._made(channel), None
        try:
            return self._painted(channel, found), None
        except RetryLater as limit:
            if limit.whole_plugin:
                raise
            return found, limit
        except CardLost:
            if found.made_by == self._event.id:
                raise
            self.forget(channel, found)
            return self._made(channel), None

    def _made(self, channel: str) -> Card:
        number, content = self._number(channel), self._card()
        key = f"{channel}/card{number}"
        self._sender.take_turn(channel, key, is_urgent=self._is_urgent)
        posted = self._sender.once(key, channel, Message(lambda _hint: self._quiet(content), content["text"]))
        made = Card(posted.channel, posted.ts, self._event.seq, likeness(content), self._event.id, number)
        if posted.is_found:  # posted by an earlier attempt, when the task may have been another
            made = made._replace(seq=0, look="")
        self._keep(channel, made)
        if self._hub.attempt.may_have_happened and not posted.is_found:
            self._sender.marks.set(f"{channel}/reply{number}", "absent")  # in a thread that was not there
        self._hub.remark(f"card made in {posted.channel}")
        return self._painted(channel, made) if posted.is_found else made

    def _painted(self, channel: str, found: Card) -> Card:
        """The card, painted unless it shows as much or a later event."""
        content = self._card()
        look = likeness(content)
        # after a change whose answer was lost nobody knows what is shown
        is_sure = found.look == look and not self._hub.attempt.may_have_happened
        if found.seq >= self._event.seq or is_sure:
            return found
        bot = self._sender.bot
        assert bot is not None  # noqa: S101 - there are no cards without one
        try:
            with self._sender.lanes.limited(UPDATES):
                self._change(bot, found, content)
        except (OutcomeUnknown, RetryLater):  # a change is simply made again; of the reply there is no doubt
            self._sender.marks.untouched(f"{channel}/reply{found.number}")
            self._keep(channel, found._replace(look=""))
            raise
        painted = found._replace(seq=self._event.seq, look=look)
        self._keep(channel, painted)
        self._hub.remark(f"card painted in {found.channel}")
        return painted

    def _change(self, bot: Bot, found: Card, content: dict[str, Any]) -> None:
        try:
            bot.change(found.channel, found.ts, content)
        except MessageRefused as refusal:
            self._hub.remark(f"card painted in plain text: {refusal}")
            bot.change(found.channel, found.ts, {"text": content["text"], "blocks": [], "attachments": []})

    def _replied(self, channel: str, made: Card, story: Story, *, is_broadcast: bool) -> None:
        key = f"{channel}/reply{made.number}"
        self._sender.take_turn(channel, key, is_urgent=self._is_urgent)
        more: dict[str, Any] = {"thread_ts": made.ts, **({"reply_broadcast": True} if is_broadcast else {})}
        message = Message(lambda hint: reply(story.under(hint)), summary(story), more)
        posted = self._sender.once(key, made.channel, message, thread=made.ts)
        where = "in its thread and in the channel" if is_broadcast else "in its thread"
        self._hub.remark(f"told {where} ({posted.channel})")

    def _card(self) -> dict[str, Any]:
        if self._content is None:
            event, task = self._event, self._hub.tasks.find(self._event.task_id or "")
            self._content = card(
                event,
                task,
                people=self._hub.people,
                links=self._ties.links,
                url=self._ties.url,
                is_urgent=self._is_urgent,
            )
        return self._content

    @staticmethod
    def _quiet(content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "unfurl_links": False, "unfurl_media": False}

    def _key(self, channel: str) -> str:
        return f"{PREFIX}{self._event.task_id}:{channel}"

    def find(self, channel: str) -> Card | None:
        """The task's card there, if it has one."""
        found = self._kept.get(channel)
        return Card(**found) if found and found.get("ts") else None

    def thread_of(self, key: str) -> str | None:
        """The thread that the send of this key goes to; None for one to the channel itself."""
        channel, _, step = key.partition("/")
        card = self.find(channel) if step.startswith(("reply", "thread")) else None
        return card.ts if card else None

    def _number(self, channel: str) -> int:
        return int(self._kept.get(channel, {}).get("number", 0)) + 1

    def _keep(self, channel: str, made: Card) -> None:
        """Put a card on record, unless a later event was quicker."""
        found = self._kept.get(channel)
        if self._replaced(channel, found, made):
            return
        found = self._hub.state.get(self._key(channel))
        if found is None or not found.get("ts") or found["seq"] <= made.seq:
            self._replaced(channel, found, made)

    def _replaced(self, channel: str, found: dict[str, Any] | None, made: Card) -> bool:
        key, state, told = self._key(channel), self._hub.state, made._asdict()
        is_kept = state.add(key, told) if found is None else state.replace(key, told, was=found)
        if is_kept:
            self._kept[channel] = told
        return is_kept

    def forget(self, channel: str, lost: Card) -> None:
        """Note that a card is gone."""
        gone = {"number": lost.number, "lost_by": self._event.id}
        if self._hub.state.replace(self._key(channel), gone, was=lost._asdict()):
            self._kept[channel] = gone
        else:
            self._records = None
        self._hub.remark(f"the card in {lost.channel} was gone")
