"""What becomes of a delivery, by how the plugin's hook ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

import tm
from tm.dispatcher import refuse_coroutine
from tm.store.ledger import Ledger

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def failing(open_host, Scribe):
    """A host with one plugin, `scribe`, that fails as told, and one task added."""

    def opened(*failures, settings=None):
        scribe = Scribe(*failures)
        host = open_host(scribe=scribe, settings={"scribe": settings or {}})
        host.tasks.add("Ship it")
        host.deliver()
        return host, scribe

    return opened


def only(host):
    [row] = host.deliveries("scribe")
    return row


def outcomes(host, row):
    return [each.outcome for each in Ledger(host.database).attempts(row.id)]


def test_a_hook_that_returns_has_delivered(failing):
    host, _ = failing()

    assert (only(host).state, only(host).attempt, only(host).error) == ("delivered", 1, None)
    assert outcomes(host, only(host)) == ["delivered"]


def test_retry_later_waits_as_long_as_it_says_and_counts_nothing(failing):
    host, scribe = failing(tm.RetryLater("Slow down.", after=MINUTE))
    row = only(host)
    assert (row.state, row.failures, row.may_have_happened, row.error) == ("pending", 0, False, "Slow down.")
    assert row.due_at == host.clock.now() + MINUTE

    host.clock.advance(MINUTE - timedelta(microseconds=1))
    assert host.deliver() == 0
    host.clock.advance(timedelta(microseconds=1))
    host.deliver()

    assert scribe.told == ["task.created"]
    assert outcomes(host, only(host)) == ["later", "delivered"]


def test_retry_later_at_once_does_not_spin(failing):
    host, _ = failing(*[tm.RetryLater(after=timedelta(0))] * 50)

    assert only(host).attempt == 1


def test_retry_later_for_one_delivery_lets_the_others_of_the_plugin_go(failing):
    host, scribe = failing(tm.RetryLater("This channel is busy.", after=HOUR))
    host.tasks.add("Other")
    host.deliver()

    assert scribe.titles == ["Other"]


def test_retry_later_for_the_whole_plugin_holds_all_of_it_and_nobody_else(open_host, Scribe):
    limited, free = Scribe(tm.RetryLater("429", after=HOUR, whole_plugin=True)), Scribe()
    host = open_host(limited=limited, free=free)
    host.tasks.add("One")
    host.tasks.add("Two")
    host.deliver()
    assert (limited.titles, free.titles) == ([], ["One", "Two"])

    host.clock.advance(HOUR)
    host.deliver()

    assert sorted(limited.titles) == ["One", "Two"]
    assert [row.attempt for row in host.deliveries("limited")] == [2, 1]


def test_a_call_that_ends_well_does_not_end_the_pause_another_was_told_to_make(open_host, dispatcher_of, Scribe):
    scribe = Scribe(tm.RetryLater("429", after=HOUR, whole_plugin=True))
    host = open_host(scribe=scribe)
    for title in ("One", "Two", "Three"):
        host.tasks.add(title)
    dispatcher = dispatcher_of(host)
    dispatcher.fan.fan_out()
    together = dispatcher.turn([], {"scribe": 2})
    results = [dispatcher.call(each, host.database) for each in together]
    dispatcher.turn(results, {})
    host.deliver()

    assert scribe.titles == ["Two"]


def test_retry_later_is_a_dead_letter_after_seven_days(failing):
    host, _ = failing(*[tm.RetryLater("Still closed.", after=DAY)] * 8)
    for _ in range(7):
        assert only(host).state == "pending"
        host.clock.advance(DAY)
        host.deliver()

    assert (only(host).state, only(host).failures, only(host).error) == ("dead", 0, "Still closed.")


def test_a_permanent_failure_is_a_dead_letter_at_once(failing):
    host, _ = failing(tm.PermanentFailure("There is no channel C1. Set another."))
    host.clock.advance(DAY)
    host.deliver()

    assert (only(host).state, only(host).attempt) == ("dead", 1)
    assert only(host).error == "There is no channel C1. Set another."
    assert outcomes(host, only(host)) == ["dead"]


@pytest.mark.parametrize(("on_dead", "told"), [("skip", ["task.blocked"]), ("block", [])])
def test_a_dead_letter_is_skipped_or_blocks_its_task_as_the_settings_say(failing, on_dead, told):
    host, scribe = failing(tm.PermanentFailure("No."), settings={"on_dead": on_dead})
    host.tasks.block(only(host).task_id, "no key")
    host.deliver()

    assert scribe.told == told


def test_a_dead_letter_that_blocks_holds_back_its_own_task_only(failing):
    host, scribe = failing(tm.PermanentFailure("No."), settings={"on_dead": "block"})
    host.tasks.add("Other")
    host.deliver()

    assert scribe.titles == ["Other"]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (tm.OutcomeUnknown("Slack answered 502."), "Slack answered 502."),
        (tm.OutcomeUnknown(), "OutcomeUnknown"),
        (ValueError("boom"), "ValueError: boom"),
        (KeyError("x"), "KeyError: 'x'"),
        (SystemExit(3), "SystemExit: 3"),
        (GeneratorExit(), "GeneratorExit"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (tm.TmError("There is no task."), "TmError: There is no task."),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "UnicodeDecodeError: 'utf-8' codec"),
    ],
)
def test_whatever_else_is_raised_counts_and_may_have_happened(failing, failure, error):
    host, scribe = failing(failure)
    row = only(host)
    assert (row.state, row.failures, row.may_have_happened) == ("pending", 1, True)
    assert row.error.startswith(error)
    assert row.due_at == host.clock.now() + timedelta(seconds=5)

    host.clock.advance(timedelta(seconds=5))
    host.deliver()

    assert scribe.told == ["task.created"]
    assert outcomes(host, only(host)) == ["unknown", "delivered"]


def test_an_error_with_half_characters_is_kept_without_them(failing):
    host, _ = failing(OSError("no file caf\udce9.txt"))

    assert only(host).error.partition(" (conftest.py:")[0] == "OSError: no file caf?.txt"


class Unprintable(Exception):
    def __str__(self):
        raise SystemExit("not even that")


class Fickle(tm.RetryLater):
    @property
    def after(self):
        raise KeyboardInterrupt

    @after.setter
    def after(self, value):
        pass


@pytest.mark.parametrize("failure", [Unprintable(), Fickle("soon")])
def test_an_error_that_cannot_be_looked_at_counts_like_any_other_and_spoils_no_other_plugin_s(
    open_host, Scribe, failure
):
    good = Scribe()
    host = open_host(bad=Scribe(failure), good=good)
    host.tasks.add("Ship it")
    host.deliver()

    assert [(row.state, row.failures) for row in host.deliveries("bad")] == [("pending", 1)]
    assert host.deliveries("bad")[0].error.startswith(f"{type(failure).__name__} was raised, and looking at it raised")
    assert good.told == ["task.created"]


def test_a_surprise_names_the_plugin_s_line_that_raised(failing):
    host, _ = failing(ValueError("kaboom"))

    assert only(host).error.startswith("ValueError: kaboom (conftest.py:")


def test_a_long_error_is_cut(failing):
    host, _ = failing(ValueError("x" * 100_000))

    assert len(only(host).error) == 2000


def test_an_interrupt_from_the_keyboard_is_not_swallowed(open_host, Scribe):
    host = open_host(scribe=Scribe(KeyboardInterrupt()))
    host.tasks.add("Ship it")

    with pytest.raises(KeyboardInterrupt):
        host.deliver()


async def later():
    """Would run if somebody waited for it."""


def lazily():
    yield "would run if somebody iterated over it"


@pytest.mark.parametrize("make", [later, lazily])
def test_a_hook_that_returns_something_to_be_run_has_delivered_nothing(open_host, make):
    class Lazy:
        @tm.hookimpl
        def on_event(self):
            return make()

    host = open_host(scribe=Lazy())
    host.tasks.add("Ship it")
    host.deliver()

    assert only(host).state == "pending"
    assert "hooks are plain functions" in only(host).error


@pytest.mark.parametrize("returned", [None, 1, "text", [1], {"ok": True}])
def test_any_plain_return_value_is_fine(returned):
    refuse_coroutine(returned)


def test_a_delivery_that_fails_for_a_day_is_a_dead_letter_that_may_have_happened(failing):
    host, _ = failing(*[tm.OutcomeUnknown("502")] * 200)
    for _ in range(24):
        assert only(host).state == "pending"
        host.clock.advance(HOUR)
        host.deliver()

    assert (only(host).state, only(host).may_have_happened) == ("dead", True)


def test_a_plugin_may_give_up_sooner(failing):
    host, _ = failing(*[tm.OutcomeUnknown("502")] * 9, settings={"max_age": "90s"})
    for _ in range(3):
        host.clock.advance(MINUTE)
        host.deliver()

    assert only(host).state == "dead"


def test_a_delivery_that_waited_behind_another_does_not_die_at_its_first_failure(failing):
    host, _ = failing(*[tm.RetryLater(after=DAY)] * 3, None, tm.OutcomeUnknown("502"))
    host.tasks.block(only(host).task_id, "no key")
    for _ in range(3):
        host.clock.advance(DAY)
        host.deliver()

    assert [row.state for row in host.deliveries("scribe")] == ["delivered", "pending"]


def test_the_hub_tells_which_attempt_it_is_and_when_the_first_was(failing):
    host, scribe = failing(tm.RetryLater(after=MINUTE), tm.OutcomeUnknown("502"))
    start = host.clock.now()
    host.clock.advance(MINUTE)
    host.deliver()
    host.clock.advance(timedelta(seconds=5))
    host.deliver()

    assert [hub.attempt.number for hub in scribe.hubs] == [1, 2, 3]
    assert {hub.attempt.first_at for hub in scribe.hubs} == {start}
    assert [hub.attempt.may_have_happened for hub in scribe.hubs] == [False, False, True]


def test_what_may_have_happened_is_not_forgotten_by_a_later_refusal(failing):
    host, scribe = failing(tm.OutcomeUnknown("reset"), tm.RetryLater("429", after=MINUTE), tm.NeedsLogin("401"))
    for _ in range(2):
        host.clock.advance(MINUTE)
        host.deliver()

    assert [hub.attempt.may_have_happened for hub in scribe.hubs] == [False, True, True]
    assert only(host).may_have_happened


def test_an_event_keeps_its_id_over_every_attempt(open_host):
    class Sender:
        ids = ()

        @tm.hookimpl
        def on_event(self, event):
            self.ids += (event.id,)
            raise tm.OutcomeUnknown("502")

    sender = Sender()
    host = open_host(scribe=sender)
    host.tasks.add("Ship it")
    for _ in range(4):
        host.deliver()
        host.clock.advance(HOUR)

    assert len(sender.ids) == 4
    assert set(sender.ids) == {host.events()[0].id}


def test_a_repeated_delivery_repeats_no_change(open_host):
    class Mirror:
        calls = 0

        @tm.hookimpl
        def on_create(self, event, hub):
            hub.tasks.progress(event.task_id, "opened PROJ-1")
            hub.tasks.progress(event.task_id, "opened PROJ-1")
            hub.tasks.acting_for("alice").add("Review it")
            self.calls += 1
            if self.calls < 3:
                raise tm.OutcomeUnknown("died at the end")
            hub.tasks.block(event.task_id, "waits for the review")

    host = open_host(mirror=Mirror())
    host.tasks.quietly().add("Nothing to do with it")
    host.tasks.add("Ship it")
    for _ in range(4):
        host.deliver()
        host.clock.advance(HOUR)

    mirrored = [event.type for event in host.events() if event.origin == "mirror"]
    assert mirrored == ["task.progressed", "task.progressed", "task.created", "task.blocked"]


def test_another_event_of_the_same_task_is_another_change(open_host):
    class Mirror:
        @tm.hookimpl
        def on_blocked(self, event, hub):
            hub.tasks.context(event.task_id, "seen")

    host = open_host(mirror=Mirror())
    task = host.tasks.add("Ship it")
    host.tasks.block(task.id, "no key")
    host.tasks.block(task.id, "still no key")
    host.deliver()

    assert [event.type for event in host.events()].count("task.context_added") == 2
