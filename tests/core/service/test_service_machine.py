"""Any commands in any order: what must hold of the tasks, their history and their counts after each of them."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tm.criteria import from_expression
from tm.errors import CriteriaNotMet, NotFound, Refused, UsageError
from tm.events import snapshot
from tm.service import completion, editing, lifecycle, measuring
from tm.service.work import TOLD, Caller, Work
from tm.store.dependencies import Dependencies
from tm.store.events import Events
from tm.store.ledger import Ledger
from tm.store.listing import Listing
from tm.store.sqlite import SqliteDatabase
from tm.store.tasks import Tasks
from tm.store.tombstones import Tombstones
from tm.testing import FakeClock

if TYPE_CHECKING:
    from tm.events import Event
    from tm.model import Task

TABLES = ("task", "label", "criterion", "measurement", "dependency", "tombstone", "task_count", "event", "delivery")
SHOWN = ("title", "status", "priority", "assignee", "team", "labels", "deadline")
REFUSALS = (Refused, NotFound, UsageError, CriteriaNotMet)
CRITERIA = (from_expression("coverage >= 85"), from_expression("Alice has read it"))
WORDS = st.sampled_from(["half way", "no key", "é 🚀"])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["Ship it", "Ship the parser"]),
        "description": st.sampled_from([None, "why"]),
        "priority": st.sampled_from(["low", "critical"]),
        "assignee": st.sampled_from([None, "alice", "bob"]),
        "labels": st.lists(st.sampled_from(["a", "b"])).map(tuple),
        "estimated_hours": st.sampled_from([None, 0.5, 4.0]),
        "criteria": st.sampled_from([(), CRITERIA, CRITERIA[:1]]),
    },
)


class Commands(RuleBasedStateMachine):
    """A team that types whatever comes to mind, some of it under a key, some of it twice."""

    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.database = SqliteDatabase(str(Path(self.folder) / "tm.db"))
        self.database.execute("select 1")
        self.clock = FakeClock()
        self.deleted: set[str] = set()
        self.keys = 0
        self.living: list[tuple[Task, list[Event]]] = []

    def teardown(self) -> None:
        """Put the store away."""
        self.database.close()
        shutil.rmtree(self.folder)

    def do(self, use_case, *arguments, **options):
        """Run a command under a fresh key and then once more; a refused one must leave the store as it was."""
        self.clock.advance(timedelta(seconds=1))
        self.keys += 1
        before = self.everything()
        try:
            answer = use_case(self.work(), *arguments, **options)
        except REFUSALS:
            assert self.everything() == before
            return None
        after = self.everything()
        self.living = self.look()
        again = self.work()

        assert use_case(again, *arguments, **options) == answer
        assert again.is_repeat
        assert self.everything() == after
        return answer

    def work(self) -> Work:
        """A unit of work under the key of this command."""
        return Work(self.database, self.clock, Caller(origin="cli", actor="alice"), key=f"k{self.keys}")

    def everything(self):
        """Every row of every table a command may touch, but its key."""
        return [self.database.execute(f"select * from {table}").fetchall() for table in TABLES]

    @rule(target=tasks, fields=FIELDS, depends_on=st.lists(tasks, max_size=2).map(tuple))
    def add(self, fields, depends_on):
        """Add a task."""
        living = tuple(each for each in depends_on if each not in self.deleted)
        added = self.do(editing.add, {"title": "Ship it", **fields}, depends_on=living)
        assert added is not None
        return added

    @rule(task=tasks, fields=FIELDS, depends_on=st.none() | st.lists(tasks, max_size=2).map(tuple))
    def update(self, task, fields, depends_on):
        """Change fields, perhaps what it depends on."""
        self.do(editing.update, task, fields, depends_on=depends_on)

    @rule(task=tasks, words=WORDS)
    def progress(self, task, words):
        """Note progress."""
        self.do(lifecycle.progress, task, words)

    @rule(task=tasks, words=WORDS)
    def block(self, task, words):
        """Block it."""
        self.do(lifecycle.block, task, reason=words)

    @rule(task=tasks, use_case=st.sampled_from([lifecycle.unblock, lifecycle.cancel, lifecycle.reopen]))
    def turn(self, task, use_case):
        """Unblock, cancel or reopen it."""
        self.do(use_case, task)

    @rule(task=tasks, status=st.sampled_from(["pending", "in_progress"]))
    def move(self, task, status):
        """Start it or put it back."""
        self.do(lifecycle.move, task, status=status)

    @rule(task=tasks, validate=st.booleans(), force=st.booleans())
    def complete(self, task, validate, force):
        """Complete it."""
        self.do(completion.complete, task, validate=validate, force=force)

    @rule(task=tasks, value=st.sampled_from([80, 85, "high"]), number=st.none() | st.integers(1, 2))
    def measure(self, task, value, number):
        """Measure something or say something."""
        if number is None:
            self.do(measuring.measure, task, {"coverage": value})
        else:
            self.do(measuring.decide, task, number=number, verdict="met")

    @rule(task=tasks, quality=st.integers(1, 5))
    def rate(self, task, quality):
        """Rate it."""
        self.do(completion.feedback, task, quality=quality)

    @rule(task=tasks, words=WORDS)
    def share(self, task, words):
        """Share context."""
        self.do(editing.context, task, words)

    @rule(task=consumes(tasks), purge=st.booleans())
    def delete(self, task, purge):
        """Delete it; others may still name it."""
        if self.do(editing.delete, task, purge=purge):
            self.deleted.add(task)

    # what must hold

    def look(self):
        """Every task there is, with its history."""
        ids = [row[0] for row in Listing(self.database).cells({}, sort="created", limit=None)]
        return [(Tasks(self.database).find(each), Events(self.database).of_task(each)) for each in ids]

    @invariant()
    def the_revision_is_the_number_of_events(self):
        """Each event is one revision, none is left out."""
        for task, history in self.living:
            assert [each.revision for each in history] == list(range(1, task.revision + 1))

    @invariant()
    def the_last_event_shows_the_task_as_it_is(self):
        """What plugins are told is what is stored."""
        for task, history in self.living:
            assert history[-1].task == snapshot(task)
            assert history[-1].at == task.updated_at

    @invariant()
    def the_changes_lead_from_one_event_to_the_next(self):
        """Every change starts where the last one of its field ended, and the last one is how the task is."""
        for task, history in self.living:
            known = {}
            for event in history:
                for field, (was, is_now) in event.changes.items():
                    assert field in TOLD
                    assert known.get(field, was) == was
                    assert was != is_now
                    known[field] = is_now
            for field, value in known.items():
                here = getattr(task, field)
                assert (list(here) if isinstance(here, tuple) else here) == value

    @invariant()
    def what_differs_between_two_commands_is_told(self):
        """Whatever a snapshot shows to be new, one of the events of that command says so."""
        for _, history in self.living:
            shown = {}
            for _, events in groupby(history, key=lambda event: event.at):
                command = list(events)
                told = {field for event in command for field in event.changes}
                is_now = command[-1].task
                differs = {field for field, value in shown.items() if getattr(is_now, field) != value}
                assert differs <= told
                shown = {field: getattr(is_now, field) for field in SHOWN}

    @invariant()
    def the_fields_of_a_status_come_and_go_with_it(self):
        """Blocked has a reason and a way back, completed has a time."""
        for task, _ in self.living:
            assert (task.status == "blocked") == (task.blocked_reason is not None)
            assert (task.status == "blocked") == (task.blocked_from is not None)
            assert (task.status == "completed") == (task.completed_at is not None)
            assert task.status != "in_progress" or task.started_at is not None

    @invariant()
    def nobody_waits_for_what_is_finished(self):
        """Who is blocked by dependencies has an open one, and its reason names only such."""
        dependencies = Dependencies(self.database)
        for task, _ in self.living:
            assert not task.waits or dependencies.open_of(task.id)
            assert not task.waits or task.status == "blocked"
            assert not any(dependencies.reaches(each, task.id) for each in dependencies.of(task.id))

    @invariant()
    def the_counts_and_totals_are_right(self):
        """Kept counts are what counting gives; no event belongs to nobody; all of them wait in the outbox."""
        living = [task for task, _ in self.living]
        total = Ledger(self.database).unfanned()[0]
        gone = sum(len(Events(self.database).of_task(each)) for each in self.deleted)

        for status, count in Listing(self.database).counts().items():
            assert count == sum(each.status == status for each in living)
        assert sum(each.revision for each in living) + gone == total

    @invariant()
    def what_is_deleted_stays_so(self):
        """A tombstone stands where the task was."""
        for task_id in self.deleted:
            assert Tombstones(self.database).has(task_id)
            assert Tasks(self.database).find(task_id) is None
            assert Events(self.database).of_task(task_id)[-1].type == "task.deleted"

    @invariant()
    def another_connection_sees_the_same(self):
        """Nothing is left uncommitted."""
        with closing(self.database.another()) as other:
            assert Listing(other).counts() == Listing(self.database).counts()


TestCommands = pytest.mark.slow(Commands.TestCase)
TestCommands.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
