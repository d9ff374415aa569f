"""The durable mark of a notice in doubt, written before and after its repeat, and what it tells the next attempt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, cast

from tm import RetryLater

if TYPE_CHECKING:
    from tm import Hub

Mark = Literal["sending", "repeating", "sent"]
Step = Literal["repeat", "hold", "give up", "rest"]

KEPT_FOR = timedelta(days=30)
UNSETTLED_KEPT_FOR = timedelta(days=120)
PREFIX = "send:"


def next_step(word: Mark | None, *, is_redelivered: bool, ambiguous: str) -> Step:
    """What to do about a notice that may be there already.

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


class SendMark:
    """The mark of the event being delivered; every change is durable at once."""

    def __init__(self, hub: Hub, event_id: str) -> None:
        self._state = hub.state
        self._clock = hub.clock
        self._key = PREFIX + event_id
        self._found: dict[str, str] | None = hub.state.get(self._key)
        self._current = self._found
        self._first_at = hub.attempt.first_at

    @property
    def word(self) -> Mark | None:
        """What it says now, None if there is no mark."""
        return cast("Mark", self._current["word"]) if self._current else None

    @property
    def is_redelivered(self) -> bool:
        """Whether a person put the delivery back in line: it began anew after the mark that was found."""
        return self._found is not None and self._first_at > datetime.fromisoformat(self._found["at"])

    def begin(self, word: Mark) -> None:
        """Write it before the call. Raises RetryLater when another attempt was quicker."""
        if not self._write(word):
            raise RetryLater("Another attempt at this notice is under way.")

    def settle(self, word: Mark) -> None:
        """Write what the attempt ends with, unless another attempt took over."""
        self._write(word)

    def restore(self) -> None:
        """Leave it as it was found: the call has certainly come to nothing."""
        if self._found is None:
            self._state.delete(self._key)
        else:
            self._state.replace(self._key, self._found, was=self._current, expire_after=UNSETTLED_KEPT_FOR)

    def _write(self, word: Mark) -> bool:
        mark = {"word": word, "at": self._clock.now().isoformat()}
        kept_for = KEPT_FOR if word == "sent" else UNSETTLED_KEPT_FOR
        if self._current is None:
            is_written = self._state.add(self._key, mark, expire_after=kept_for)
        else:
            is_written = self._state.replace(self._key, mark, was=self._current, expire_after=kept_for)
        if is_written:
            self._current = mark
        return is_written
