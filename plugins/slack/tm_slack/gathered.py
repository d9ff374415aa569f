"""Notices that wait to be told together: kept durably one by one, under the gathering each belongs to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tm_slack.marks import note_gathered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tm import Event, Hub
    from tm_slack.marks import Marks
    from tm_slack.notices import Notice

PREFIX = "gathered:"
STORM, IN_LINE, THREAD = "storm", "in-line", "thread"
# as long as a dead letter, which may hold them, is kept, and then some
_KEPT_FOR = timedelta(days=120)


class Gathering(NamedTuple):
    """Where notices wait together, and for what.

    `task_id` is empty, or names the task in whose thread they will be told. `what` is STORM, or names the end of
    quiet hours or the length of a digest: what is in one gathering comes due in order. What is due and touches a
    task's card is handed over to IN_LINE: it is told in line with the task's other deliveries, for two at once would
    make two cards.
    """

    task_id: str
    channel: str
    what: str

    @property
    def name(self) -> str:
        """The gathering as wakes and keys name it."""
        return "/".join(self)

    @property
    def is_thread(self) -> bool:
        """Whether this is told in the thread of a task's card."""
        return bool(self.task_id) and self.what != IN_LINE

    @property
    def is_in_line(self) -> bool:
        """Whether this is told in line with its task's other deliveries."""
        return self.what in (IN_LINE, THREAD)

    def wake(self, hub: Hub) -> None:
        """See to it that what is in here will be told."""
        if self.is_in_line and hub.tasks.find(self.task_id) is not None:
            hub.wake(self.task_id, "a notice that has waited")
        else:
            hub.wake_outside(PREFIX + self.name, "notices wait to be told as one")

    @classmethod
    def of_task(cls, task_id: str, hub: Hub) -> list[Gathering]:
        """What has been handed over to the line of a task."""
        names = (key.removeprefix(PREFIX).rpartition(":")[0] for key in hub.state.list(f"{PREFIX}{task_id}/"))
        found = [cls(*name.split("/")) for name in dict.fromkeys(names)]
        return [each for each in found if each.is_in_line]

    @classmethod
    def of(cls, wake: Event) -> Gathering | None:
        """The gathering a wake is about, if it is about one."""
        outside = str(wake.data.get("outside", ""))
        return cls(*outside.removeprefix(PREFIX).split("/")) if outside.startswith(PREFIX) else None


class Kept(NamedTuple):
    """One notice that waits, at most until `due_at`.

    `batch` is the id of the wake that tells it, once one does, and `channel` where it began to.
    """

    key: str
    event_id: str
    notice: Notice
    due_at: datetime
    batch: str
    channel: str


def quiet_until(end: datetime) -> str:
    """What notices wait for in quiet hours that end then."""
    return f"quiet-{end:%Y%m%dT%H%M}"


def digest_of(length: timedelta) -> str:
    """What notices wait for in a digest of that length."""
    return f"digest-{length.total_seconds():.0f}"


def gathered_mark(channel: str) -> str:
    """The key of the mark that an event was gathered for a channel."""
    return f"{channel}/gathered"


def gather(event: Event, gathering: Gathering, hub: Hub, *, notice: Notice, marks: Marks, due_at: datetime) -> None:
    """Keep a notice, due at that instant at the latest, with the mark that it was, and see that it will be told."""
    entry = {"event": event.id, "notice": notice, "due": due_at.isoformat()}

    def keep() -> None:
        hub.state.add(f"{PREFIX}{gathering.name}:{event.seq:015d}", entry, expire_after=_KEPT_FOR)
        gathering.wake(hub)

    marks.put(gathered_mark(gathering.channel), "gathered", beside=keep)
    hub.remark(f"gathered for {gathering.channel}, due {due_at:%Y-%m-%d %H:%M} UTC")


def kept_in(gathering: Gathering, hub: Hub) -> list[Kept]:
    """What waits in a gathering, oldest first."""
    return [_kept(key, found) for key, found in hub.state.list(f"{PREFIX}{gathering.name}:").items()]


def _kept(key: str, found: Mapping[str, str]) -> Kept:
    due_at = datetime.fromisoformat(found["due"])
    return Kept(key, found["event"], found["notice"], due_at, found.get("batch", ""), found.get("channel", ""))  # type: ignore[arg-type]  # its own word


def take(waiting: Sequence[Kept], wake: Event, hub: Hub, *, channel: str) -> list[Kept]:
    """Let these be told by that wake and no other from now on, in this channel, which gets each event once."""
    with hub.together():
        for each in waiting:
            note_gathered(each.event_id, channel, hub)
            was = hub.state.get(each.key)
            taken = {**was, "batch": wake.id, "channel": channel}
            hub.state.replace(each.key, taken, was=was, expire_after=_KEPT_FOR)
    return [each._replace(batch=wake.id, channel=channel) for each in waiting]


def move(waiting: Sequence[Kept], hub: Hub, *, to: Gathering, due_at: datetime) -> None:
    """Let these wait in another gathering, until then."""
    with hub.together():
        for each in waiting:
            hub.state.delete(each.key)
            entry = {"event": each.event_id, "notice": each.notice, "due": due_at.isoformat()}
            hub.state.add(f"{PREFIX}{to.name}:{each.key.rpartition(':')[2]}", entry, expire_after=_KEPT_FOR)
        to.wake(hub)


def forget(unwanted: Sequence[Kept], hub: Hub) -> None:
    """Forget what nobody is to be told any more."""
    with hub.together():
        for each in unwanted:
            hub.state.delete(each.key)


def finish(gathering: Gathering, told: Sequence[Kept], hub: Hub) -> None:
    """Forget what was told, and see to it that the rest will be."""
    with hub.together():
        for each in told:
            hub.state.delete(each.key)
        if any(not each.batch for each in kept_in(gathering, hub)):
            gathering.wake(hub)
