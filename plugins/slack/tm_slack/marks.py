"""What an event's sends have come to so far, kept where the delivery alone does not say it.

The dispatcher's claim is the durable mark of a first send. Marks are written where more is to be known: when one of
several sends went well and another did not, and in doubt.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from tm import RetryLater

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tm import Hub

Word = Literal["limited", "asked", "sending", "repeating", "looked", "trying", "absent", "sent", "dead", "gathered"]
Step = Literal["repeat", "hold", "give up", "rest"]

KEPT_FOR = timedelta(days=30)
UNSETTLED_KEPT_FOR = timedelta(days=120)
PREFIX = "send:"
UNSETTLED = ("sending", "repeating", "looked", "trying")


def next_step(word: str | None, *, is_redelivered: bool, ambiguous: str) -> Step:
    """What to do about a notice that may be there already and cannot be looked for.

    `word` is the mark earlier attempts left: with `sending` (or none) nobody knows whether the first send
    arrived, with `repeating` nor its repeat. `is_redelivered` is a person's word to go on after a dead letter,
    `ambiguous` the setting.
    """
    if word == "sent":
        return "rest"
    if is_redelivered:
        return "repeat"
    if word == "repeating":
        return "give up"
    return "repeat" if ambiguous == "resend" else "hold"


def note_gathered(event_id: str, channel: str, hub: Hub) -> None:
    """Have an event's marks say that it is gathered for a channel, unless they say something of it already."""
    key, at = PREFIX + event_id, hub.clock.now().isoformat()
    found = hub.state.get(key) or {}
    if not any(each.startswith(f"{channel}/") for each in found):
        marks = {**found, f"{channel}/gathered": {"word": "gathered", "at": at, "since": at}}
        if found:
            hub.state.replace(key, marks, was=found, expire_after=KEPT_FOR)
        else:
            hub.state.add(key, marks, expire_after=KEPT_FOR)


class Marks:
    """The marks of one event, by the key of the send."""

    def __init__(self, hub: Hub, event_id: str) -> None:
        self._hub = hub
        self._key = PREFIX + event_id
        # a first attempt finds nothing
        self._found: dict[str, dict[str, Any]] | None = hub.state.get(self._key) if hub.attempt.number > 1 else None
        self._marks = {key: dict(mark) for key, mark in (self._found or {}).items()}

    def of(self, key: str) -> dict[str, Any]:
        """The mark of a send; empty if there is none. A dead one is forgotten once a person put it back."""
        mark = self._marks.get(key, {})
        return {} if mark.get("word") == "dead" and self.is_redelivered(key) else mark

    def is_under_way(self, key: str) -> bool:
        """Whether this was begun, so that it stands in no line any more; what Slack had no room for was not."""
        return self.of(key).get("word") not in (None, "limited")

    def is_in_doubt(self, key: str) -> bool:
        """Whether an earlier attempt may have sent this."""
        return self._hub.attempt.may_have_happened and self.of(key).get("word") not in ("sent", "absent")

    def has_any(self, channel: str) -> bool:
        """Whether anything is known of sends to a channel."""
        return any(key.startswith(f"{channel}/") for key in self._marks)

    def is_redelivered(self, key: str) -> bool:
        """Whether a person put the delivery back in line: it began anew after the mark that was found."""
        at = (self._found or {}).get(key, {}).get("at")
        return at is not None and self._hub.attempt.first_at > datetime.fromisoformat(at)

    def in_doubt(self) -> list[str]:
        """The keys of sends that an earlier attempt may have made, as far as it left a mark."""
        if not self._hub.attempt.may_have_happened:
            return []
        return [key for key, mark in self._marks.items() if mark["word"] in ("asked", *UNSETTLED)]

    def is_certain(self) -> bool:
        """Whether it is known of every send so far that it was made or not, and one is yet to be made."""
        words = [mark["word"] for mark in self._marks.values()]
        return not self._hub.attempt.may_have_happened or (
            "absent" in words and not any(word in ("limited", "asked", *UNSETTLED) for word in words)
        )

    def limited(self, channel: str) -> list[str]:
        """The keys of sends to a channel that Slack turned away, though it may have made them all the same."""
        return [key for key in self._marks if key.startswith(f"{channel}/") and self.of(key).get("word") == "limited"]

    def is_empty(self) -> bool:
        """Whether there is nothing to know."""
        return not self._marks

    def begun_at(self, key: str) -> datetime:
        """When this may have been sent for the first time: after a login a delivery's attempts begin anew."""
        since = self._marks.get(key, {}).get("since")
        first_at = self._hub.attempt.first_at
        return first_at if since is None else min(first_at, datetime.fromisoformat(since))

    def set(self, key: str, word: Word, **more: Any) -> None:
        """Mark a send, for now in memory."""
        since = self.begun_at(key).isoformat()
        self._marks[key] = {"word": word, "at": self._hub.clock.now().isoformat(), "since": since, **more}

    def untouched(self, key: str) -> None:
        """Mark a send as certainly not tried so far, should the attempt end in doubt about something else."""
        if not self.of(key) and not self.is_in_doubt(key):
            self.set(key, "absent")

    def restore(self, key: str, mark: Mapping[str, Any]) -> None:
        """Mark a send as it was, its time included."""
        self._marks[key] = dict(mark)

    def put(self, key: str, word: Word, *, beside: Callable[[], None]) -> None:
        """Make a mark durable in one commit with all marks so far and what `beside` writes."""
        before, found = dict(self._marks), self._found
        try:
            with self._hub.together():
                beside()
                self.set(key, word)
                self.save()
        except BaseException:
            self._marks, self._found = before, found
            raise

    def save(self) -> None:
        """Make the marks durable. Raises RetryLater when another attempt was quicker."""
        if self._marks == (self._found or {}):
            return
        is_open = any(mark["word"] in UNSETTLED for mark in self._marks.values())
        kept_for = UNSETTLED_KEPT_FOR if is_open else KEPT_FOR
        if self._found is None:
            is_kept = self._hub.state.add(self._key, self._marks, expire_after=kept_for)
        else:
            is_kept = self._hub.state.replace(self._key, self._marks, was=self._found, expire_after=kept_for)
        if not is_kept:
            raise RetryLater("Another attempt at this notice is under way.")
        self._found = {key: dict(mark) for key, mark in self._marks.items()}
