"""Who is owed an event: every plugin enabled by name, never its origin, nobody for what is history."""

from __future__ import annotations

from datetime import timedelta

import pytest

import tm
from tm.service import editing
from tm.service.work import Caller, Work
from tm.store.events import Events

WEEK = timedelta(days=7)


class Broken:
    """A plugin that no tm can call."""

    TM_API = 99


class Narrow:
    """A plugin that hears of completions only."""

    def __init__(self):
        self.events = []

    @tm.hookimpl
    def on_complete(self, event):
        self.events.append(event)


def add_from(host, title, *, owed_to):
    """A task added by a command that knew other plugins to be enabled than the host does."""
    work = Work(host.database, host.clock, Caller(origin="cli", actor="tester"), owed_to=owed_to)
    return editing.add(work, {"title": title})


def states(host, name):
    return [row.state for row in host.deliveries(name)]


def test_every_enabled_plugin_is_told_every_event_once(open_host, Scribe):
    one, two = Scribe(), Scribe()
    host = open_host(one=one, two=two)
    task = host.tasks.add("Ship it")
    host.tasks.block(task.id, "no key")
    host.deliver()
    host.deliver()

    assert one.told == two.told == ["task.created", "task.blocked"]


def test_the_narrower_hook_is_called_instead_of_on_event(open_host, Scribe):
    class Both(Scribe):
        completed = 0

        @tm.hookimpl
        def on_complete(self):
            self.completed += 1

    both = Both()
    host = open_host(both=both)
    host.tasks.complete(host.tasks.add("Ship it").id)
    host.deliver()

    assert both.told == ["task.created"]
    assert both.completed == 1


def test_a_plugin_is_owed_nothing_it_has_no_hook_for(open_host):
    narrow = Narrow()
    host = open_host(narrow=narrow)
    host.tasks.complete(host.tasks.add("Ship it").id)
    host.deliver()

    assert [event.type for event in narrow.events] == ["task.completed"]
    assert states(host, "narrow") == ["delivered"]


def test_a_broken_plugin_is_owed_all_the_same_and_told_in_order_when_mended(open_host, Scribe):
    host = open_host(mended=Broken())
    first, second = host.tasks.add("First"), host.tasks.add("Second")
    host.deliver()
    host.clock.advance(timedelta(hours=1))
    host.tasks.progress(first.id, "half way")
    host.tasks.block(second.id, "no key")
    host.tasks.complete(first.id)
    host.deliver()
    assert states(host, "mended") == ["pending"] * 6

    scribe = Scribe()
    host.replace("mended", module=scribe)
    host.deliver()

    assert [(event.task.title, event.name) for event in scribe.events if event.task.title == "First"] == [
        ("First", name) for name in ("created", "progressed", "started", "completed")
    ]
    assert [event.name for event in scribe.events if event.task.title == "Second"] == ["created", "blocked"]


def test_what_a_mended_plugin_does_not_want_is_dropped_then(open_host):
    host = open_host(mended=Broken())
    host.tasks.complete(host.tasks.add("Ship it").id)
    host.deliver()
    narrow = Narrow()
    host.replace("mended", module=narrow)
    host.deliver()

    assert [event.type for event in narrow.events] == ["task.completed"]
    assert states(host, "mended") == ["dropped", "delivered"]


def test_a_mended_plugin_judges_more_than_one_batch_of_what_it_was_owed(open_host, Scribe):
    host = open_host(mended=Broken(), settings={"mended": {"when": "priority == critical"}})
    for number in range(230):
        host.tasks.add(f"Task {number}")
    host.tasks.add("Urgent", priority="critical")
    host.deliver()
    scribe = Scribe()
    host.replace("mended", module=scribe)
    host.deliver()

    assert scribe.titles == ["Urgent"]


def test_a_broken_plugin_delays_nobody_else(open_host, Scribe):
    well = Scribe()
    host = open_host(broken=Broken(), well=well)
    host.tasks.add("Ship it")
    host.deliver()

    assert well.titles == ["Ship it"]


def test_a_plugin_enabled_today_hears_nothing_of_last_week(open_host, Scribe):
    before = open_host(old=Scribe())
    before.tasks.add("Last week")
    before.deliver()
    before.clock.advance(WEEK)
    scribe = Scribe()
    host = open_host(old=Scribe(), fresh=scribe, clock=before.clock)
    host.tasks.add("Today")
    host.deliver()

    assert scribe.titles == ["Today"]


def test_events_nobody_fanned_out_last_week_stay_history_for_a_plugin_enabled_today(open_host, Scribe):
    before = open_host()
    before.tasks.add("Last week")
    scribe = Scribe()
    host = open_host(fresh=scribe, clock=before.clock)
    host.deliver()

    assert scribe.told == []
    assert states(host, "fresh") == []


def test_a_plugin_that_the_command_named_is_owed_the_event_although_no_dispatcher_had_seen_it(open_host, Scribe):
    before = open_host()
    add_from(before, "Named", owed_to=("fresh",))
    scribe = Scribe()
    host = open_host(fresh=scribe, clock=before.clock)
    host.deliver()

    assert scribe.titles == ["Named"]


def test_what_a_command_owes_to_a_plugin_this_worker_does_not_know_waits_for_one_that_does(open_host, Scribe):
    blind = open_host()
    add_from(blind, "Named", owed_to=("fresh",))
    blind.deliver()
    assert states(blind, "fresh") == ["pending"]

    scribe = Scribe()
    host = open_host(fresh=scribe, clock=blind.clock)
    host.deliver()

    assert scribe.titles == ["Named"]


def test_a_worker_adds_the_plugins_that_only_it_knows(open_host, Scribe):
    scribe = Scribe()
    host = open_host(fresh=scribe)
    add_from(host, "From elsewhere", owed_to=())
    host.deliver()

    assert scribe.titles == ["From elsewhere"]


def test_replay_is_the_only_way_to_the_past_and_makes_no_second_delivery(open_host, dispatcher_of, Scribe):
    before = open_host()
    before.tasks.add("Last week")
    before.deliver()
    scribe = Scribe()
    host = open_host(fresh=scribe, clock=before.clock)
    past = Events(host.database).after(0)
    dispatcher = dispatcher_of(host)

    assert dispatcher.fan.replay("fresh", past) == 1
    assert dispatcher.fan.replay("fresh", past) == 0
    host.deliver()

    assert scribe.titles == ["Last week"]


def test_bulk_work_is_history_at_once(open_host, Scribe):
    scribe = Scribe()
    host = open_host(scribe=scribe)
    parent = host.tasks.quietly().add("Imported")
    child = host.tasks.quietly().add("Waits", depends_on=(parent.id,))
    host.tasks.quietly().complete(parent.id)
    host.deliver()

    assert host.tasks.get(child.id).status == "pending"
    assert scribe.told == []


def test_events_of_one_task_reach_a_plugin_in_their_order(open_host, Scribe):
    scribe = Scribe()
    host = open_host(scribe=scribe)
    task = host.tasks.add("Ship it")
    for number in range(20):
        host.tasks.progress(task.id, f"step {number}")
    host.tasks.complete(task.id)
    host.deliver()

    assert [event.seq for event in scribe.events] == sorted(event.seq for event in scribe.events)
    assert len(scribe.events) == 23


def test_a_waiting_delivery_holds_back_only_its_own_task_in_its_own_plugin(open_host, Scribe):
    stuck, free = Scribe(tm.RetryLater("slow down", after=timedelta(minutes=5))), Scribe()
    host = open_host(stuck=stuck, free=free)
    waiting, other = host.tasks.add("Waiting"), host.tasks.add("Other")
    host.tasks.block(waiting.id, "no key")
    host.tasks.block(other.id, "no key")
    host.deliver()

    assert [(event.task.title, event.name) for event in stuck.events] == [("Other", "created"), ("Other", "blocked")]
    assert len(free.events) == 4

    host.clock.advance(timedelta(minutes=5))
    host.deliver()

    assert [(event.task.title, event.name) for event in stuck.events[2:]] == [
        ("Waiting", "created"),
        ("Waiting", "blocked"),
    ]


class Echo:
    """A plugin that answers each new task with a change of its own."""

    def __init__(self, answer):
        self.answer = answer
        self.told = []

    @tm.hookimpl
    def on_event(self, event, hub):
        self.told.append(event.type)
        if event.type == "task.created" and event.origin == "cli":
            self.answer(hub.tasks, event.task_id)


def test_what_a_plugin_does_is_told_to_the_others_and_not_to_itself(open_host, Scribe):
    echo, other = Echo(lambda tasks, task_id: tasks.block(task_id, "Jira says so")), Scribe()
    host = open_host(echo=echo, other=other)
    host.tasks.add("Ship it")
    host.deliver()

    assert echo.told == ["task.created"]
    assert [(event.type, event.origin) for event in other.events] == [("task.created", "cli"), ("task.blocked", "echo")]


def test_consequences_the_service_draws_come_back_to_the_plugin_that_caused_them(open_host):
    echo = Echo(lambda tasks, task_id: tasks.progress(task_id, "seen in Jira"))
    host = open_host(echo=echo)
    host.tasks.add("Ship it")
    host.deliver()
    created, progressed, started = host.events()

    assert echo.told == ["task.created", "task.started"]
    assert (started.origin, started.caused_by) == ("tm", progressed.id)
    assert (progressed.origin, progressed.caused_by) == ("echo", created.id)


def test_a_dependent_freed_by_a_plugin_is_told_to_that_plugin(open_host):
    echo = Echo(lambda tasks, task_id: tasks.complete(task_id))
    host = open_host(echo=echo)
    first = host.tasks.quietly().add("First")
    host.tasks.quietly().add("Waits for the first", depends_on=(first.id,))
    host.hub("echo").tasks.complete(first.id)
    host.deliver()

    assert echo.told == ["task.unblocked"]


@pytest.mark.parametrize(
    ("when", "titles"),
    [
        ("priority == critical", ["Urgent"]),
        ("priority == critical and team == platform", []),
        ("event == created and not (priority == critical)", ["Calm"]),
        ("origin == cli and actor == tester", ["Calm", "Urgent"]),
        ("label == docs", ["Calm"]),
        ("assignee == nobody", []),
    ],
)
def test_a_filter_decides_what_a_plugin_is_owed(open_host, Scribe, when, titles):
    scribe = Scribe()
    host = open_host(scribe=scribe, settings={"scribe": {"when": when}})
    host.tasks.add("Calm", labels=("docs",))
    host.tasks.add("Urgent", priority="critical")
    host.deliver()

    assert scribe.titles == titles
    assert len(host.deliveries("scribe")) == len(titles)


def test_a_plugin_linked_to_a_task_is_told_whatever_its_filter_says(open_host, Scribe):
    scribe = Scribe()
    host = open_host(scribe=scribe, settings={"scribe": {"when": "priority == critical"}})
    task, other = host.tasks.add("Linked"), host.tasks.add("Not linked")
    host.hub("scribe").links.save(task.id, kind="issue", outside_id="10001")
    host.tasks.block(task.id, "no key")
    host.tasks.block(other.id, "no key")
    host.deliver()

    assert set(scribe.titles) == {"Linked"}


def test_the_link_of_another_plugin_opens_no_filter(open_host, Scribe):
    scribe = Scribe()
    host = open_host(scribe=scribe, other=Scribe(), settings={"scribe": {"when": "priority == critical"}})
    task = host.tasks.add("Linked")
    host.hub("other").links.save(task.id, kind="issue", outside_id="10001")
    host.deliver()

    assert scribe.told == []
