"""People edit on both sides while the network fails and workers die: nothing is lost unsaid, and both sides agree."""

import itertools
import json
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tm
import tm_jira
from tm.testing import FakeClock, Host, Reply
from tm_jira import standin

TITLES = st.sampled_from(["Ship it", "Ship it soon", "Sink it", "Sail on"])
PRIORITIES = st.sampled_from(["critical", "high", "medium", "low"])
LABELS = st.lists(st.sampled_from(["api", "ui", "ops"]), unique=True, max_size=3)
NAMES = st.sampled_from(["Highest", "High", "Medium", "Low", "Lowest"])
STATUSES = st.sampled_from(["To Do", "In Progress", "In Review", "Blocked", "Done", "Cancelled"])
MOVES = st.sampled_from(["pending", "in_progress", "blocked", "completed", "cancelled"])
TROUBLE = st.sampled_from(
    [
        Reply(fault="drop"),
        Reply(fault="drop", is_stored=True),
        Reply(fault="unread"),
        Reply(status=500),
        Reply(status=502, is_stored=True),
        Reply(status=429, headers={"Retry-After": "7"}),
        Reply(status=200, body="<html>Log in</html>"),
        Reply(status=200, body="<html>Log in</html>", is_stored=True),
        Reply(status=409),
    ]
)
CALLS = st.sampled_from(
    [
        ("POST", r"^issue$"),
        ("PUT", "issue/"),
        ("POST", "transitions"),
        ("POST", "comment$"),
        ("GET", "issue/"),
        ("GET", "search"),
    ]
)
HERE = st.one_of(
    st.tuples(st.just("title here"), TITLES),
    st.tuples(st.just("priority here"), PRIORITIES),
    st.tuples(st.just("labels here"), LABELS),
    st.tuples(st.just("status here"), MOVES),
)
THERE = st.one_of(
    st.tuples(st.just("title there"), TITLES),
    st.tuples(st.just("priority there"), NAMES),
    st.tuples(st.just("labels there"), LABELS),
    st.tuples(st.just("status there"), STATUSES),
    st.tuples(st.just("comment there"), st.none()),
    st.tuples(st.just("person there"), st.sampled_from(["alice", "tm"])),
)
WORLD = st.one_of(
    st.tuples(st.just("deliver"), st.none()),
    st.tuples(st.just("pull"), st.none()),
    st.tuples(st.just("trouble"), st.tuples(CALLS, TROUBLE)),
    st.tuples(st.just("crash"), st.integers(1, 60)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 400])),
    st.tuples(st.just("twice"), st.none()),
    st.tuples(st.just("lag"), st.sampled_from([0, 60, 90])),
    st.tuples(st.just("meanwhile"), st.tuples(st.sampled_from([("PUT", "issue/"), ("POST", "transitions")]), THERE)),
)
STORY = st.lists(st.one_of(HERE, THERE, WORLD, WORLD), max_size=25)
STATES = {
    "To Do": "pending", "In Progress": "in_progress", "In Review": "in_progress", "Blocked": "blocked",
    "Done": "completed", "Cancelled": "cancelled",
}  # fmt: skip
READ = {"Highest": "critical", "High": "high", "Medium": "medium", "Low": "low", "Lowest": "low"}
WRITE = {"critical": "Highest", "high": "High", "medium": "Medium", "low": "Low"}
PULL = 2  # requests of a look that finds nothing new
EVERY_FIELD = {"title": "both", "priority": "both", "labels": "both"}


def is_creation(request):
    return request.method == "POST" and request.path.endswith("/issue")


class Death(KeyboardInterrupt):
    """A worker that dies in the middle of a delivery."""


class MortalClock(FakeClock):
    """Kills whoever looks at it for the n-th time once it is armed: after an answer, before a commit …"""

    looks = None

    def now(self):
        if self.looks is not None:
            self.looks -= 1
            if self.looks <= 0:
                self.looks = None
                raise Death
        return super().now()


class World:
    """One hub, one Jira, people on both sides, and a record of what they said."""

    def __init__(self, *, data_center, **table):
        self.clock = MortalClock()
        self.jira = standin.StandIn(now=FakeClock.now.__get__(self.clock), data_center=data_center)
        self.host = Host(
            Path(tempfile.mkdtemp(prefix="tm-world-")),
            plugins={"jira": tm_jira},
            settings={"jira": {**self.jira.settings, **table}},
            core={"timezone": "UTC"},
            clock=self.clock,
        )
        self.task = self.host.tasks.add("Ship it").id
        self.numbers = itertools.count(1)
        self.remarks = []
        self.person = "alice"
        self.moments = 0
        self.said = []
        self.latest = {}

    def close(self):
        self.host.close()
        self.jira.close()

    @property
    def issue(self):
        return self.jira.site.issues[0] if self.jira.site.issues else None

    def do(self, what, value):
        getattr(self, what.replace(" ", "_"))(value)

    # people here

    def title_here(self, title):
        title = f"{title} {next(self.numbers)}"
        self.say("ours", "title", title, lambda: self.host.tasks.update(self.task, title=title))

    def priority_here(self, priority):
        self.say("ours", "priority", priority, lambda: self.host.tasks.update(self.task, priority=priority))

    def labels_here(self, labels):
        self.host.tasks.update(self.task, labels=labels)

    def status_here(self, status):
        with suppress(tm.Refused):
            self.host.tasks.bring(self.task, status, reason=f"because {next(self.numbers)}")

    # people in Jira, some of whom use the very account that is ours

    def person_there(self, name):
        self.person = name

    def title_there(self, title):
        title = f"{title} {next(self.numbers)}"
        if self.issue:
            self.say(
                "theirs", "title", title, lambda: self.jira.site.edit(self.issue.key, by=self.person, summary=title)
            )

    def priority_there(self, name):
        if self.issue:
            self.say(
                "theirs", "priority", name, lambda: self.jira.site.edit(self.issue.key, by=self.person, priority=name)
            )

    def labels_there(self, labels):
        if self.issue:
            self.jira.site.edit(self.issue.key, by=self.person, labels=labels)

    def status_there(self, name):
        if self.issue:
            self.jira.site.move(self.issue.key, name, by=self.person)

    def comment_there(self, _):
        if self.issue:
            self.remarks.append(f"remark {next(self.numbers)} of hers")
            self.jira.site.comment(self.issue.key, self.remarks[-1], by=self.person)

    def say(self, side, field, value, act):
        """A person's edit; what they find overwritten by then must be on record by the end."""
        self.look_back(side, field)
        if self.now(side, field) != value:
            act()
            self.latest[side, field] = value

    def look_back(self, side, field):
        before = self.latest.get((side, field))
        if before is not None and self.now(side, field) != before:
            self.said.append((side, field, before))
        self.latest.pop((side, field), None)

    def now(self, side, field):
        if side == "ours":
            return getattr(self.host.tasks.get(self.task), field)
        fields = self.issue.fields
        return fields["summary"] if field == "title" else fields["priority"]["name"]

    # the world

    def deliver(self, _):
        try:
            self.host.deliver()
        except Death:
            self.host.restart()
        self.clock.looks = None

    def pull(self, _):
        try:
            self.host.pull("jira")
        except (Death, tm.RetryLater):
            self.host.restart()
        self.clock.looks = None

    def trouble(self, value):
        (method, path), reply = value
        self.jira.fault(method, path, reply)

    def crash(self, looks):
        self.clock.looks = looks
        self.deliver(None)

    def wait(self, seconds):
        self.clock.advance(timedelta(seconds=seconds))

    def twice(self, _):
        self.host.hub("jira").wake(self.task, "again")

    def lag(self, seconds):
        self.jira.site.search_lag = timedelta(seconds=seconds)

    def meanwhile(self, value):
        (method, path), (what, said) = value
        self.jira.meanwhile(method, path, lambda: self.in_a_moment(what, said))

    def in_a_moment(self, what, said):
        self.moments += 1
        self.do(what, said)

    def come_to_rest(self):
        """Everybody stops; the network works; the worker goes on."""
        self.jira.calm()
        self.jira.site.search_lag = timedelta(0)
        for _ in range(30):
            self.clock.advance(timedelta(minutes=10))
            calls = len(self.jira.server.requests)
            self.pull(None)
            self.deliver(None)
            if len(self.jira.server.requests) == calls + PULL and not self.owed():
                return
        raise AssertionError("it never comes to rest")

    def owed(self):
        return [row for row in self.host.deliveries("jira") if row.state not in ("delivered", "dropped")]

    # what must be true then

    def open_fields(self):
        return {each.field for each in self.host.conflicts()}

    def has_reached(self, side, field, value):
        """Whether what somebody said was once on the other side too."""
        if side == "theirs":
            found = {word for each in self.host.events() for word in each.changes.get(field, ())}
            return READ.get(value, value) in {*found, getattr(self.host.events()[0].task, field)}
        said = [
            item[word] for each in self.issue.history for item in each["items"] for word in ("fromString", "toString")
        ]
        first = {"title": self.created["summary"], "priority": self.created["priority"]["name"]}[field]
        return WRITE.get(value, value) in (*said, first)

    @property
    def created(self):
        [body] = [each.json["fields"] for each in self.jira.server.requests if is_creation(each)][-1:]
        return body

    def lost(self):
        return [(each.side, each.field, json.loads(each.lost)) for each in self.host.lost_values()]


@pytest.fixture(params=["cloud", "data center"])
def worlds(request):
    opened = []

    def make(**table):
        opened.append(World(data_center=request.param == "data center", **table))
        return opened[-1]

    yield make
    for world in opened:
        world.close()


def told(world, story):
    for what, value in story:
        world.do(what, value)
    world.come_to_rest()
    for side, field in list(world.latest):
        world.look_back(side, field)


SLOWLY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@SLOWLY
@given(story=STORY, fields=st.sampled_from([{}, EVERY_FIELD]), policy=st.sampled_from(["park", "tm", "jira"]))
def test_nothing_is_lost_unsaid_and_both_sides_agree_in_the_end(worlds, story, fields, policy):
    world = worlds(fields=fields, conflict=policy, comments=["completed", "blocked"])
    told(world, story)
    task, issue, site = world.host.tasks.get(world.task), world.issue, world.jira.site

    assert len(site.issues) == 1
    assert [row.state for row in world.host.deliveries("jira") if row.state not in ("delivered", "dropped")] == []
    # somebody may do the very same in the moment between our look and our write
    assert len([write for write in site.writes if not write.changed]) <= world.moments
    lost = world.lost()
    open_fields = world.open_fields()
    for said in world.said:
        assert said in lost or said[1] in open_fields or world.has_reached(*said), (said, lost)
    if "title" not in open_fields:
        assert task.title == issue.fields["summary"]
    if "priority" not in open_fields:
        assert READ[issue.fields["priority"]["name"]] == task.priority
    if "status" not in open_fields:
        assert STATES[issue.fields["status"]["name"]] == task.status
    if fields:
        assert sorted(task.labels) == sorted(issue.fields["labels"])
    else:
        assert {*task.labels} <= {*issue.fields["labels"]}
    bodies = [repr(each["body"]) for each in issue.comments]
    assert len(bodies) == len(set(bodies))
    notes = [each.data["note"] for each in world.host.events() if each.type in ("task.noted", "task.progressed")]
    for remark in world.remarks:
        assert len([note for note in notes if note.endswith(f": {remark}")]) == 1
