"""`hub.wake`: a plugin owes itself one look at a task, in line with everything else it is owed."""

from __future__ import annotations

from datetime import timedelta

import pytest

import tm

MINUTE = timedelta(minutes=1)


def wakes(scribe):
    return [event for event in scribe.events if event.type == "sync.requested"]


@pytest.fixture
def woken(open_host, Scribe):
    """A host with two plugins, and a task of which both have heard."""
    scribe, other = Scribe(), Scribe()
    host = open_host(scribe=scribe, other=other)
    task = host.tasks.add("Ship it", priority="high")
    host.deliver()
    return host, scribe, other, task


def test_a_wake_comes_to_the_plugin_that_asked_and_to_nobody_else(woken):
    host, scribe, other, task = woken
    host.hub("scribe").wake(task.id, "PROJ-1 changed")
    host.deliver()
    [wake] = wakes(scribe)

    assert (wake.task_id, wake.data, wake.origin) == (task.id, {"hint": "PROJ-1 changed"}, "tm")
    assert (wake.task.title, wake.task.priority) == ("Ship it", "high")
    assert wakes(other) == []


def test_a_wake_is_no_history(woken):
    host, _, _, task = woken
    host.hub("scribe").wake(task.id)
    host.deliver()

    assert [event.type for event in host.events()] == ["task.created"]
    assert host.tasks.get(task.id).revision == task.revision


def test_wakes_of_one_task_fall_together_until_one_is_looked_at(woken):
    host, scribe, _, task = woken
    for hint in ("first", "second", "third"):
        host.hub("scribe").wake(task.id, hint)
    host.deliver()
    host.hub("scribe").wake(task.id, "after the look")
    host.deliver()

    assert [wake.data["hint"] for wake in wakes(scribe)] == ["first", "after the look"]


def test_a_wake_while_the_last_one_is_being_looked_at_is_owed_again(woken, dispatcher_of):
    host, scribe, _, task = woken
    host.hub("scribe").wake(task.id, "first")
    worker = dispatcher_of(host)
    looking = worker.turn([], {"scribe": 1})
    host.hub("scribe").wake(task.id, "while looking")
    worker.turn([worker.call(each, host.database) for each in looking], {})
    host.deliver()

    assert [wake.data["hint"] for wake in wakes(scribe)] == ["first", "while looking"]


def test_wakes_of_two_plugins_and_of_two_tasks_are_their_own(woken):
    host, scribe, other, task = woken
    second = host.tasks.add("Second")
    for plugin, task_id in (("scribe", task.id), ("scribe", second.id), ("other", task.id)):
        host.hub(plugin).wake(task_id)
    host.deliver()

    assert {wake.task_id for wake in wakes(scribe)} == {task.id, second.id}
    assert len(wakes(other)) == 1


def test_a_wake_stands_in_line_behind_what_the_task_already_owes(open_host, Scribe):
    scribe = Scribe(tm.RetryLater(after=MINUTE))
    host = open_host(scribe=scribe)
    task = host.tasks.add("Ship it")
    host.deliver()
    host.hub("scribe").wake(task.id)
    host.tasks.block(task.id, "no key")
    host.deliver()
    assert scribe.told == []

    host.clock.advance(MINUTE)
    host.deliver()

    assert scribe.told == ["task.created", "sync.requested", "task.blocked"]


def test_a_wake_of_a_line_that_waits_still_falls_together(open_host, Scribe):
    scribe = Scribe(tm.RetryLater(after=MINUTE))
    host = open_host(scribe=scribe)
    task = host.tasks.add("Ship it")
    host.deliver()
    for _ in range(3):
        host.hub("scribe").wake(task.id)
    host.clock.advance(MINUTE)
    host.deliver()

    assert len(wakes(scribe)) == 1


def test_a_filter_does_not_stop_a_wake(open_host, Scribe):
    scribe = Scribe()
    host = open_host(scribe=scribe, settings={"scribe": {"when": "priority == critical"}})
    task = host.tasks.add("Calm")
    host.hub("scribe").wake(task.id)
    host.deliver()

    assert scribe.told == ["sync.requested"]


def test_a_wake_that_fails_is_tried_again_like_any_delivery(open_host, Scribe):
    scribe = Scribe(None, tm.OutcomeUnknown("502"))
    host = open_host(scribe=scribe)
    task = host.tasks.add("Ship it")
    host.deliver()
    host.hub("scribe").wake(task.id)
    host.deliver()
    host.clock.advance(MINUTE)
    host.deliver()

    assert len(wakes(scribe)) == 1
    assert scribe.hubs[-1].attempt.number == 2


def test_an_outside_object_without_a_task_is_owed_under_its_own_key(woken):
    host, scribe, _, _ = woken
    for key in ("PROJ-7", "PROJ-7", "PROJ-8"):
        host.hub("scribe").wake_outside(key, "created")
    host.deliver()

    assert [wake.data for wake in wakes(scribe)] == [
        {"hint": "created", "outside": "PROJ-7"},
        {"hint": "created", "outside": "PROJ-8"},
    ]
    assert {wake.task_id for wake in wakes(scribe)} == {None}


def test_a_waiting_outside_object_holds_back_nothing_else(open_host, Scribe):
    scribe = Scribe(tm.RetryLater(after=MINUTE))
    host = open_host(scribe=scribe)
    host.hub("scribe").wake_outside("PROJ-7")
    host.deliver()
    host.hub("scribe").wake_outside("PROJ-8")
    host.tasks.add("Ship it")
    host.deliver()

    assert sorted(scribe.told) == ["sync.requested", "task.created"]


def test_a_task_made_of_an_outside_object_is_not_told_to_its_maker(open_host):
    class Mirror:
        told = ()

        @tm.hookimpl
        def on_event(self, event, hub):
            self.told += (event.type,)
            if event.data.get("outside"):
                task = hub.tasks.add("From Jira")
                hub.links.save(task.id, kind="issue", outside_id=event.data["outside"], exclusive=True)

    mirror = Mirror()
    host = open_host(mirror=mirror)
    host.hub("mirror").wake_outside("10001")
    host.deliver()

    assert mirror.told == ("sync.requested",)
    assert [event.origin for event in host.events()] == ["mirror"]


def test_a_task_that_is_gone_is_nothing_to_wake(woken):
    host, *_ = woken
    before = len(host.deliveries("scribe"))
    host.hub("scribe").wake("PROJ-1")

    assert len(host.deliveries("scribe")) == before


def test_a_wake_during_a_delivery_is_told_after_it(open_host):
    class Twice:
        told = ()

        @tm.hookimpl
        def on_event(self, event, hub):
            self.told += (event.type,)
            if event.type == "task.created":
                hub.wake(event.task_id)

    twice = Twice()
    host = open_host(twice=twice)
    host.tasks.add("Ship it")
    host.deliver()

    assert twice.told == ("task.created", "sync.requested")
