"""One lane per channel: messages at Slack's pace, urgent ones first, nobody overtaken otherwise.

Slack takes one message a second and channel: https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tm import RetryLater
from tm_slack.outcome import Limited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tm import Hub

PREFIX = "lane:"
# who stands in line and does not come when it is its turn was dropped, or waits for something else
PATIENCE = timedelta(seconds=10)
LONGEST_LINE = 500
_FORGET_AFTER = timedelta(days=2)
_TRIES = 100


class Place(NamedTuple):
    """Somebody in line: by which send, until when it is missed, whether it goes first."""

    key: str
    missed_at: datetime
    is_urgent: bool


class Lane(NamedTuple):
    """A channel's lane: free for the next message from `free_at` on, and who waits for it, in order."""

    free_at: datetime
    line: tuple[Place, ...] = ()

    def earlier(self, by: timedelta) -> Lane:
        """The same lane by a clock that was set back so far."""
        line = tuple(each._replace(missed_at=each.missed_at - by) for each in self.line)
        return Lane(self.free_at - by, line)


class Turn(NamedTuple):
    """What became of asking for a turn: the lane as it is now, and `after` how long to come back, None for go."""

    lane: Lane
    after: timedelta | None


def ask(lane: Lane, key: str, *, now: datetime, pace: timedelta, is_urgent: bool = False) -> Turn:
    """Ask for a turn: go, or stand in line and come back."""
    line = tuple(each for each in lane.line if each.key == key or each.missed_at > now)
    if key not in [each.key for each in line]:
        if len(line) >= LONGEST_LINE and not is_urgent:
            return Turn(lane._replace(line=line), max(lane.free_at - now, timedelta(0)) + pace * len(line))
        line = _joined(line, Place(key, now, is_urgent))
    at = [each.key for each in line].index(key)
    if at == 0 and now >= lane.free_at:
        return Turn(Lane(now + pace, line[1:]), None)
    after = max(lane.free_at - now, timedelta(0)) + pace * at
    place = line[at]._replace(missed_at=now + after + PATIENCE)
    return Turn(Lane(lane.free_at, (*line[:at], place, *line[at + 1 :])), after)


def _joined(line: Sequence[Place], place: Place) -> tuple[Place, ...]:
    at = sum(each.is_urgent for each in line) if place.is_urgent else len(line)
    return (*line[:at], place, *line[at:])


class Lanes:
    """The lanes of a hub, kept in the plugin's state, so that every thread and process sees the same."""

    def __init__(self, hub: Hub, *, pace: float, most: int) -> None:
        self._hub = hub
        self._pace = timedelta(seconds=pace)
        self._most = most

    def take(self, channel: str, key: str, *, is_urgent: bool) -> None:
        """Take a turn. Raises RetryLater while it is somebody else's, or Slack asked to wait."""
        if not self._pace:
            self.refuse_while_paused(channel)
            return
        turn = self._changed(channel, lambda lane, now: ask(lane, key, now=now, pace=self._pace, is_urgent=is_urgent))
        if turn.after is not None:
            raise RetryLater(f"{channel} takes a message every {self._pace.total_seconds():g} s.", after=turn.after)

    def is_full(self, channel: str, event_id: str) -> bool:
        """Whether so many wait for a channel that another event had better be gathered with others."""
        has_lines = self._most and self._pace
        found, now = self._hub.state.get(PREFIX + channel) if has_lines else None, self._hub.clock.now()
        if not found:
            return False
        line = [each for each in _lane(found, now).line if each.missed_at > now]
        return len(line) >= self._most and not any(each.key.startswith(f"{event_id}/") for each in line)

    def pause(self, channel: str, wait: timedelta) -> None:
        """Let nothing through for so long: Slack asked for it."""
        self._changed(channel, lambda lane, now: Turn(lane._replace(free_at=max(lane.free_at, now + wait)), None))

    def refuse_while_paused(self, name: str) -> None:
        """Raise RetryLater while a lane that has no pace of its own is paused."""
        found, now = self._hub.state.get(PREFIX + name), self._hub.clock.now()
        if found and (free_at := _lane(found, now).free_at) > now:
            raise RetryLater("Slack asked to slow down.", after=free_at - now)

    @contextmanager
    def heeding(self, name: str) -> Iterator[None]:
        """Around a call that Slack limits under this name, a channel's or a method's: its word to wait is kept."""
        try:
            yield
        except Limited as limit:
            if limit.after is not None:
                self.pause(name, limit.after)
            raise

    @contextmanager
    def limited(self, method: str) -> Iterator[None]:
        """The same for a method, which is not called while Slack asks to wait. Raises RetryLater."""
        self.refuse_while_paused(method)
        with self.heeding(method):
            yield

    def _changed(self, channel: str, change: Callable[[Lane, datetime], Turn]) -> Turn:
        key, state = PREFIX + channel, self._hub.state
        for _ in range(_TRIES):
            found, now = state.get(key), self._hub.clock.now()
            turn = change(_lane(found, now) if found else Lane(now), now)
            written = _written(turn.lane, now)
            if found is None:
                is_kept = state.add(key, written, expire_after=_FORGET_AFTER)
            else:
                is_kept = state.replace(key, written, was=found, expire_after=_FORGET_AFTER)
            if is_kept:
                return turn
        raise RetryLater(f"{channel} is crowded.")


def _lane(found: Any, now: datetime) -> Lane:
    """A lane as it was written; waits last as long as they were meant to, should the clock have been set back."""
    ahead = datetime.fromisoformat(found["at"]) - now
    line = tuple(Place(key, datetime.fromisoformat(missed_at), bool(first)) for key, missed_at, first in found["line"])
    lane = Lane(datetime.fromisoformat(found["free_at"]), line)
    return lane.earlier(ahead) if ahead > timedelta(0) else lane


def _written(lane: Lane, now: datetime) -> dict[str, Any]:
    line = [[each.key, each.missed_at.isoformat(), int(each.is_urgent)] for each in lane.line]
    return {"at": now.isoformat(), "free_at": lane.free_at.isoformat(), "line": line}
