"""Workers killed at random while people change 150 tasks and their issues, and Jira loses answers and slows down."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.faults.jira_kit import SPEED, BadDay, Hub, QuickClock
from tests.faults.worker_kit import kill
from tests.plugins.jira.pushing import reading

import tm
from tm.clock import stamp
from tm.service.completion import complete
from tm.service.editing import add, update
from tm.service.lifecycle import block, progress, reopen, unblock
from tm.service.steering import decide
from tm_jira.standin import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tm_jira.standin.issues import Issue

pytestmark = pytest.mark.slow

TASKS, HERE, THERE, TYPED = 150, 320, 240, 12
LEAST_KILLS, LEAST_FAULTS, ROUNDS = 20, 60, 4
LONGEST_LIFE, PATIENCE = 3.0, 120.0
LAG = timedelta(seconds=2 * SPEED)
STATES = {
    "To Do": "pending", "In Progress": "in_progress", "In Review": "in_progress", "Blocked": "blocked",
    "Done": "completed", "Cancelled": "cancelled",
}  # fmt: skip
PRIORITIES = {"Highest": "critical", "High": "high", "Medium": "medium", "Low": "low", "Lowest": "low"}
LABELS = ("api", "ui", "ops", "docs")


def test_one_issue_per_task_every_word_once_and_both_sides_agree_whatever_died_or_got_lost(tmp_path: Path) -> None:
    dice = random.Random(random.getrandbits(32))  # the plugin `randomly` says with which seed
    with BadDay(dice) as jira:
        jira.site.search_lag = LAG
        hub = Hub(tmp_path, jira, comments=["completed", "blocked", "progress"])
        people = People(hub, jira, dice)
        jira.begin(people.act_on)
        kills = hunt(hub, jira, story=people.story(), dice=dice)
        jira.calm()
        jira.site.search_lag = timedelta(0)
        come_to_rest(hub)
        parked = hub.conflicts()
        assert {last_mover(jira.site.issue(each.place)) for each in parked} <= {"alice"}
        for each in parked:
            keep = dice.choice(["ours", "theirs"])
            decide(hub.session.database, each.id, keep=keep, by="tester", at=stamp(hub.session.clock.now()))
        come_to_rest(hub)

        assert kills >= LEAST_KILLS
        assert jira.happened.total() >= LEAST_FAULTS
        assert len(jira.happened) >= 6
        assert hub.dead() == []
        assert hub.conflicts() == []
        assert {each.field for each in parked} <= {"status"}
        assert {each.task_id for each in parked} <= people.moved_there & people.moved_here
        assert all(each.startswith("Summary") for each in hub.lost(side="theirs", field="title"))
        assert_each_task_has_its_issue(hub, jira.site.issues, tasks=people.tasks)
        assert_both_agree(hub, jira.site.issues)
        assert_told_once(hub, jira.site.issues, remarks=people.remarks)
        hub.session.database.close()


@pytest.mark.parametrize("data_center", [False, True], ids=["cloud", "data center"])
def test_a_worker_and_commands_at_the_same_time_make_each_issue_and_each_task_once(
    tmp_path: Path, data_center: bool
) -> None:
    with StandIn(now=QuickClock().now, data_center=data_center) as jira:
        jira.site.search_lag = timedelta(seconds=SPEED / 2)
        hub = Hub(tmp_path, jira, import_jql="project = PROJ")
        for number in range(ROUNDS):
            for each in range(8):
                add(hub.session.work({}), {"title": f"Ours {number}.{each}"})
                jira.site.add(summary=f"Theirs {number}.{each}")
            commands = [("worker",), ("deliver",), ("jira", "backfill", "--jql", "project = PROJ"), ("jira", "sync")]

            assert "Traceback" not in said_at_once(hub, random.sample(commands, k=4 if number else 3))
        come_to_rest(hub)
        ours = [event.task_id for event in hub.events() if event.type == "task.created"]

        assert hub.dead() == []
        assert Counter(link.task_id for link in hub.links()) == Counter(ours)
        assert Counter(link.outside_id for link in hub.links()) == Counter(each.id for each in jira.site.issues)
        assert len(ours) == ROUNDS * 8 * 2
        assert len({each.fields["summary"] for each in jira.site.issues}) == len(ours)
        hub.session.database.close()


def said_at_once(hub: Hub, commands: list[tuple[str, ...]]) -> str:
    """What commands say that run at the same time; the first, and a worker, are killed when the rest is done."""
    first, *others = [(words, hub.start(*words)) for words in commands]
    try:
        return "".join(each.communicate(timeout=60)[1] for words, each in others if words != ("worker",))
    finally:
        for _, each in (first, *others):
            kill(each)


def assert_each_task_has_its_issue(hub: Hub, issues: list[Issue], *, tasks: list[str]) -> None:
    marks = Counter(str(issue.properties["tm.task"]["task"]) for issue in issues)
    links = {link.outside_id: link.task_id for link in hub.links()}

    assert marks == Counter(tasks)
    assert {issue.id: issue.properties["tm.task"]["task"] for issue in issues} == links
    assert {link.state for link in hub.links()} == {None}


def assert_both_agree(hub: Hub, issues: list[Issue]) -> None:
    apart = {}
    for issue in issues:
        task, fields = hub.task(issue.properties["tm.task"]["task"]), issue.fields
        here = (task.title, task.status, task.priority, set(task.labels) - set(fields["labels"]))
        there = (fields["summary"], STATES[issue.status], PRIORITIES[fields["priority"]["name"]], set())
        if here != there:
            apart[issue.key] = (here, there)

    assert apart == {}


def assert_told_once(hub: Hub, issues: list[Issue], *, remarks: list[str]) -> None:
    """What was to be told of each of our events is one comment, and each comment of people is one note."""
    said: Counter[str] = Counter()
    for issue in issues:
        said.update(reading(each["body"]) for each in issue.comments if each["author"]["displayName"] == "tm")
    wanted, notes = Counter(), Counter()
    for event in hub.events():
        words = [str(event.data.get(each) or "") for each in ("note", "summary", "reason")]
        lead = {"completed": "Completed by tester: ", "blocked": "Blocked by tester: "}.get(event.name, "tester: ")
        if event.origin == "cli" and event.name in ("completed", "blocked", "progressed", "noted"):
            wanted[lead + "".join(words)] += 1
        elif event.origin == "jira" and event.name in ("progressed", "noted"):
            notes[words[0].rpartition(": ")[2]] += 1

    assert len(wanted) > HERE / 5
    assert said == wanted
    assert len(remarks) > THERE / 5
    assert notes == Counter(remarks)


def last_mover(issue: Issue) -> str:
    moves = [each for each in issue.history if each["items"][0]["field"] == "status"]
    return str(moves[-1]["author"]["displayName"]).casefold()


class People:
    """What people do on both sides, one thing after another, never the same words twice."""

    def __init__(self, hub: Hub, jira: BadDay, dice: random.Random) -> None:
        self._hub, self._site, self._dice = hub, jira.site, dice
        self._numbers = itertools.count(1)
        self.tasks: list[str] = []
        self.remarks: list[str] = []
        self.moved_here: set[str] = set()
        self.moved_there: set[str] = set()

    def story(self) -> Iterator[None]:
        acts = [self._add] * (TASKS - 20) + [self._act_here] * HERE + [self._act_there] * THERE + [self._type] * TYPED
        self._dice.shuffle(acts)
        for act in [*[self._add] * 20, *acts]:
            act()
            yield

    def _words(self, what: str) -> str:
        return f"{what} {next(self._numbers):04}"

    def _add(self) -> None:
        labels = self._dice.sample(LABELS, k=self._dice.randint(0, 2))
        fields = {"title": self._words("Task"), "labels": labels, "priority": self._dice.choice(["high", "low"])}
        self.tasks.append(add(self._hub.session.work({}), fields))

    def _type(self) -> None:
        """Somebody types a command."""
        words = ("add", self._words("Typed")) if self._dice.random() < 0.3 else self._some_note()
        done = self._hub.start(*words)
        out, err = done.communicate(timeout=60)
        assert done.returncode == 0, err
        if words[0] == "add":
            self.tasks.append(out.strip())

    def _some_note(self) -> tuple[str, ...]:
        task = self._dice.choice(self.tasks)
        self.moved_here.add(task)
        return ("progress", task, self._words("typed note"))

    def _act_here(self) -> None:
        task, work = self._dice.choice(self.tasks), self._hub.session.work({})
        acts: tuple[Callable[[], object], ...] = (
            lambda: progress(work, task, self._words("note")),
            lambda: complete(work, task, summary=self._words("summary")),
            lambda: block(work, task, reason=self._words("reason")),
            lambda: unblock(work, task),
            lambda: reopen(work, task),
        )
        if self._dice.random() < 0.4:
            self._edit(task)
            return
        with suppress(tm.Refused):  # it is where somebody else brought it meanwhile
            self._dice.choice((acts[0], *acts))()
            self.moved_here.add(task)

    def _edit(self, task: str) -> None:
        labels, dice = set(self._hub.task(task).labels), self._dice
        update(
            self._hub.session.work({}),
            task,
            dice.choice([{"title": self._words("Title")}, {"priority": dice.choice(["critical", "medium"])}, {}]),
            add_labels=[dice.choice(LABELS)],
            remove_labels=sorted(labels)[:1],
        )

    def _act_there(self) -> None:
        if self._site.issues:
            self.act_on(self._dice.choice(self._site.issues))

    def act_on(self, issue: Issue) -> None:
        """Somebody does something with an issue."""
        key, dice = issue.key, self._dice
        match dice.choice(["comment", "comment", "comment", "move", "move", "edit"]):
            case "comment":
                remark = self._words("remark")
                self.remarks.append(remark)
                self._site.comment(key, remark, by=dice.choice(["alice", "bob"]))
            case "move":
                self.moved_there.add(str(issue.properties["tm.task"]["task"]))
                self._site.move(key, dice.choice(list(STATES)), by="alice")
            case "edit":
                fields = [{"summary": self._words("Summary")}, {"priority": "Low"}, {"labels": [*LABELS, "theirs"]}]
                self._site.edit(key, by="bob", **dice.choice(fields))


def hunt(hub: Hub, jira: BadDay, *, story: Iterator[None], dice: random.Random) -> int:
    """Run workers while people act, killing each amid its calls; how many were killed with work before them.

    A life is counted in calls, so that a quick machine kills as often as a slow one.
    """
    kills, is_over, until = 0, False, time.monotonic() + PATIENCE
    while not is_over or kills < LEAST_KILLS:
        assert time.monotonic() < until, f"killed {kills} only"
        with hub.worker():
            last, ends_at = jira.calls + dice.randint(5, 90), time.monotonic() + LONGEST_LIFE
            while jira.calls < last and time.monotonic() < ends_at:
                is_over = next(story, "over") == "over"
                time.sleep(0.01)
            kills += hub.owed()
    return kills


def come_to_rest(hub: Hub) -> None:
    """Let a worker run until nothing is owed, nor found by two whole looks at Jira."""
    until, looks = time.monotonic() + PATIENCE, set[str | None]()
    with hub.worker() as worker:
        while len(looks) < 4:  # the first was before, the second may have begun before
            assert time.monotonic() < until, "it never comes to rest"
            assert worker.poll() is None
            looks = set() if hub.owed() else {*looks, hub.pulled_at()}
            time.sleep(0.01)
