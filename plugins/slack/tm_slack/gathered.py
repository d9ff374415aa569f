"""Notices that are sent together: kept durably one by one, posted as one message when their time has come."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tm import RetryLater
from tm_slack.digest import Entry, digest
from tm_slack.message import summary
from tm_slack.parts import FALLBACK_LIMIT
from tm_slack.sending import Message, Sender

if TYPE_CHECKING:
    from tm import Event, Hub
    from tm_slack.message import Story
    from tm_slack.sending import Posted

PREFIX, WAKE = "gathered:", "digest:"


def gather(channel: str, story: Story, hub: Hub, *, due_at: datetime) -> None:
    """Keep a notice for the channel's next message of many, which is due at that instant at the latest."""
    entry = {"notice": story.notice, "line": summary(story, limit=600), "url": story.url, "due": due_at.isoformat()}
    hub.state.add(f"{PREFIX}{channel}:{story.event.seq:015d}", entry)
    hub.wake_outside(WAKE + channel, "notices wait to be sent as one")
    hub.remark(f"gathered for {channel}")


def is_ours(event: Event) -> bool:
    """Whether this wake is about gathered notices."""
    return str(event.data.get("outside", "")).startswith(WAKE)


def post(event: Event, hub: Hub) -> None:
    """Post what was gathered for a channel, once it is due.

    Raises RetryLater until then, and what the transport raises.
    """
    channel = str(event.data["outside"]).removeprefix(WAKE)
    prefix = f"{PREFIX}{channel}:"
    found = hub.state.list(prefix)
    if not found:
        return
    due_at, now = min(datetime.fromisoformat(each["due"]) for each in found.values()), hub.clock.now()
    if due_at > now:
        raise RetryLater("Notices are being gathered.", after=due_at - now)
    sender, key = Sender(hub, event), f"{channel}/digest"
    if not sender.marks.is_under_way(key):
        sender.lanes.take(channel, f"{event.id}/{key}", is_urgent=False)
    posted = _posted(sender, key, channel, found={int(each.removeprefix(prefix)): kept for each, kept in found.items()})
    upto = int(posted.payload.get("upto", max(int(each.removeprefix(prefix)) for each in found)))
    sent = [each for each in found if int(each.removeprefix(prefix)) <= upto]
    for each in sent:
        hub.state.delete(each)
    hub.remark(f"{len(sent)} notices told as one in {posted.channel}")
    if len(sent) < len(found):
        raise RetryLater("More notices were gathered meanwhile.")


def _posted(sender: Sender, key: str, channel: str, *, found: dict[int, dict[str, Any]]) -> Posted:
    entries = [Entry(seq, kept["notice"], kept["line"], kept["url"]) for seq, kept in sorted(found.items())]
    plain = digest(entries)["text"][:FALLBACK_LIMIT]
    message = Message(lambda hint: digest(entries, hint=hint), plain, payload={"upto": max(found)})
    return sender.once(key, channel, message)
