"""The outbox: fanned out once, claimed in order, finished only by who claimed it."""

from __future__ import annotations

import pytest

from tm.events import Event, Snapshot
from tm.store.events import Events
from tm.store.ledger import Ledger
from tm.store.outbox import Ending, Outbox
from tm.store.plugins import PluginRecords

T = [f"2026-11-22T12:{minute:02}:00.000000Z" for minute in range(60)]
NOW = T[30]
DELIVERED = Ending(state="delivered", outcome="delivered")
LATER = Ending(state="pending", outcome="later", holds=True, due_at=T[40])


def record(database, number, *, task_id="task", kind="task.progressed"):
    now = Snapshot(title=f"Task {task_id}", status="pending", priority="low")
    event = Event(
        id=f"e{number}", type=kind, task_id=task_id, revision=number, origin="cli", actor="a", at=T[0], task=now
    )
    return Events(database).record(event)


def owe(database, *lines, plugin="slack", due_at=T[0], judged=True, kind="task.progressed"):
    """One event and its delivery per line, in this order; their seqs."""
    with database.transaction():
        PluginRecords(database).admit(plugin, since_seq=0, at=T[0])
        seqs = []
        for line in lines:
            number = Events(database).latest() + 1
            seqs.append(record(database, number, task_id=line, kind=kind))
            Outbox(database).owe(plugin, event_seq=seqs[-1], line=line, at=due_at, judged=judged)
    return seqs


def claim(database, *, plugin="slack", now=NOW, limit=10):
    with database.transaction():
        return Outbox(database).claim(plugin, now=now, limit=limit, by="me")


def finish(database, claimed, ending=DELIVERED, *, at=NOW):
    with database.transaction():
        return Outbox(database).finish(claimed, ending, at=at)


def row(database, claimed):
    return Ledger(database).get(claimed.id)


def names(claims):
    return [each.event.id for each in claims]


# fan-out


def test_events_wait_in_order_until_each_is_marked_by_itself(database):
    with database.transaction():
        seqs = [record(database, n) for n in (1, 2, 3)]
        Outbox(database).mark_fanned([seqs[1]], at=NOW)
    outbox = Outbox(database)

    assert names(outbox.unfanned(10)) == ["e1", "e3"]
    assert names(outbox.unfanned(1)) == ["e1"]
    assert outbox.unfanned_between(seqs[0], seqs[2]) == 2
    assert outbox.unfanned_between(seqs[1], seqs[1]) == 0

    with database.transaction():
        outbox.mark_fanned([seqs[0], seqs[2]], at=NOW)

    assert not outbox.has_unfanned()


def test_an_event_is_owed_to_a_plugin_once(database):
    with database.transaction():
        seq = record(database, 1)
        outbox = Outbox(database)
        answers = [
            outbox.owe(plugin, event_seq=seq, line="task", at=NOW, judged=True) for plugin in ("slack", "slack", "jira")
        ]

    assert answers == [True, False, True]
    assert [each[0] for each in Outbox(database).of_events(seq, seq)] == ["jira", "slack"]


# claims


def test_what_is_claimed_says_everything_a_call_needs(database):
    [seq] = owe(database, "task")
    [claimed] = claim(database)

    assert claimed.event == Events(database).get(seq)
    assert (claimed.plugin, claimed.line, claimed.attempt, claimed.failures) == ("slack", "task", 1, 0)
    assert (claimed.first_attempt_at, claimed.unknown) == (NOW, False)
    assert row(database, claimed).state == "claimed"


def test_a_line_is_claimed_one_at_a_time_in_the_order_of_its_events(database):
    owe(database, "task", "task", "task")
    seen = []
    for _ in range(3):
        [claimed] = claim(database)
        seen.append(claimed.event.id)

        assert claim(database) == []
        finish(database, claimed)

    assert seen == ["e1", "e2", "e3"]


def test_an_earlier_event_owed_late_still_goes_first(database):
    with database.transaction():
        PluginRecords(database).admit("slack", since_seq=0, at=T[0])
        first, second = record(database, 1), record(database, 2)
        Outbox(database).owe("slack", event_seq=second, line="task", at=T[0], judged=True)
        Outbox(database).owe("slack", event_seq=first, line="task", at=T[1], judged=True)

    assert names(claim(database)) == ["e1"]


def test_lines_do_not_wait_for_each_other_and_the_longest_due_goes_first(database):
    owe(database, "a", due_at=T[20])
    owe(database, "b", "c", due_at=T[10])

    assert names(claim(database)) == ["e2", "e3", "e1"]


def test_plugins_do_not_wait_for_each_other(database):
    owe(database, "task")
    owe(database, "task", plugin="jira")
    claim(database)

    assert names(claim(database, plugin="jira")) == ["e2"]


def test_no_more_is_claimed_than_is_asked_for(database):
    owe(database, "a", "b", "c")

    assert names(claim(database, limit=2)) == ["e1", "e2"]
    assert names(claim(database, limit=2)) == ["e3"]


def test_what_is_not_due_waits_and_holds_back_its_line_alone(database):
    owe(database, "task", due_at=T[40])
    owe(database, "task", "other")

    assert names(claim(database)) == ["e3"]
    assert names(claim(database, now=T[40])) == ["e1"]


def test_a_long_queue_behind_one_waiting_head_starves_nobody(database):
    owe(database, "stuck", due_at=T[59])
    owe(database, *["stuck"] * 200, "free")

    assert [each.line for each in claim(database, limit=1)] == ["free"]


def test_what_the_plugin_has_not_judged_is_not_claimed_and_holds_its_line(database):
    owe(database, "task", judged=False)
    owe(database, "task", "other")

    assert names(claim(database)) == ["e3"]


# endings


def test_a_delivered_one_frees_its_line_and_closes_its_attempt(database):
    owe(database, "task", "task")
    [claimed] = claim(database, now=T[10])

    assert finish(database, claimed, at=T[11])
    assert row(database, claimed).state == "delivered"
    assert row(database, claimed).ended_at == T[11]
    assert Ledger(database).attempts(claimed.id) == [(1, T[10], T[11], "delivered", None)]
    assert names(claim(database)) == ["e2"]


def test_a_retry_keeps_its_line_waiting_and_counts_on(database):
    owe(database, "task", "task")
    [first] = claim(database, now=T[10])
    finish(database, first, LATER.with_(failures=1, unknown=True, error="timed out", error_class="ReadTimeout"))
    waiting = row(database, first)

    assert (waiting.state, waiting.due_at, waiting.ended_at) == ("pending", T[40], None)
    assert (waiting.failures, waiting.unknown, waiting.error) == (1, True, "timed out")
    assert claim(database, now=T[39]) == []

    [again] = claim(database, now=T[40])

    assert (again.event.id, again.attempt, again.failures, again.unknown) == ("e1", 2, 1, True)
    assert again.first_attempt_at == T[10]
    assert again.generation > first.generation


@pytest.mark.parametrize(("holds", "next_up"), [(True, []), (False, ["e2"])])
def test_a_dead_letter_blocks_or_skips_as_its_ending_says(database, holds, next_up):
    owe(database, "task", "task")
    [claimed] = claim(database)
    finish(database, claimed, Ending(state="dead", outcome="dead", holds=holds, error="refused"))

    assert row(database, claimed).state == "dead"
    assert names(claim(database)) == next_up


def test_a_forgiven_attempt_was_never_made(database):
    owe(database, "task")
    [claimed] = claim(database)
    finish(database, claimed, Ending(state="pending", outcome="needs login", holds=True, forgive=True))
    [again] = claim(database, now=T[35])

    assert (again.attempt, again.first_attempt_at) == (1, T[35])
    assert [each[3] for each in Ledger(database).attempts(claimed.id)] == ["needs login", None]


# the fence


@pytest.fixture
def stale(database):
    """A claim whose worker was declared dead, and the claim that took its place."""
    owe(database, "task")
    [old] = claim(database, now=T[10])
    with database.transaction():
        [orphan] = Outbox(database).orphans()
        Outbox(database).reclaim(orphan, due_at=T[20], failures=0, at=T[20])
    return old, claim(database, now=T[25])[0]


def test_a_stale_worker_changes_neither_the_delivery_nor_its_log(database, stale):
    old, new = stale
    before = row(database, new), Ledger(database).attempts(new.id)

    assert not finish(database, old)
    assert (row(database, new), Ledger(database).attempts(new.id)) == before
    assert finish(database, new)


@pytest.mark.parametrize("ending", [DELIVERED, LATER, Ending(state="dead", outcome="dead")])
def test_a_claim_is_finished_once(database, ending):
    owe(database, "task")
    [claimed] = claim(database)

    assert finish(database, claimed, ending)
    assert not finish(database, claimed)
    assert row(database, claimed).state == ending.state


def test_a_reclaimed_delivery_is_due_again_and_may_have_happened(database, stale):
    old, new = stale

    assert (new.id, new.attempt, new.unknown, new.failures) == (old.id, 2, True, 0)
    assert Ledger(database).attempts(new.id) == [
        (1, T[10], T[20], "reclaimed", "the worker died during the call"),
        (2, T[25], None, None, None),
    ]


def test_only_what_is_claimed_is_an_orphan(database):
    owe(database, "waiting", due_at=T[59])
    owe(database, "done", "claimed")
    done, left = claim(database)
    finish(database, done)

    assert [each.id for each in Outbox(database).orphans()] == [left.id]


def test_a_delivery_finished_in_time_is_not_reclaimed(database):
    owe(database, "task")
    [claimed] = claim(database)
    [orphan] = Outbox(database).orphans()
    finish(database, claimed)
    with database.transaction():
        Outbox(database).reclaim(orphan, due_at=NOW, failures=0, at=NOW)

    assert row(database, claimed).state == "delivered"


# when to look again


def test_the_next_due_is_the_earliest_that_nothing_holds_back(database):
    owe(database, "a", due_at=T[50])
    owe(database, "a", due_at=T[10])
    owe(database, "b", due_at=T[45])
    owe(database, "c", due_at=T[1], judged=False)
    owe(database, "d", due_at=T[1], plugin="jira")

    assert Outbox(database).next_due("slack") == T[45]
    assert Outbox(database).next_due("git") is None


def test_a_wake_counts_while_nobody_has_looked_at_it(database):
    outbox = Outbox(database)
    owe(database, "task")

    assert not outbox.is_woken("slack", line="task")

    owe(database, "other", kind="sync.requested")

    assert outbox.is_woken("slack", line="other")
    assert not outbox.is_woken("jira", line="other")

    claim(database)

    assert not outbox.is_woken("slack", line="other")


# deliveries that waited for a plugin's word


def test_what_waited_for_the_plugins_word_is_judged_in_order(database):
    owe(database, "a", "b", "c", judged=False)
    outbox = Outbox(database)
    waiting = outbox.unjudged("slack", 2)

    assert [event.id for _, event in waiting] == ["e1", "e2"]

    with database.transaction():
        outbox.judge(waiting[0][0], is_wanted=False, at=NOW)
        outbox.judge(waiting[1][0], is_wanted=True, at=NOW)

    assert names(claim(database)) == ["e2"]
    assert [event.id for _, event in outbox.unjudged("slack", 9)] == ["e3"]
    assert Ledger(database).get(waiting[0][0]).state == "dropped"


def test_an_unwanted_delivery_frees_its_line(database):
    owe(database, "task", judged=False)
    owe(database, "task")
    [(unwanted, _)] = Outbox(database).unjudged("slack", 9)
    with database.transaction():
        Outbox(database).judge(unwanted, is_wanted=False, at=NOW)

    assert names(claim(database)) == ["e2"]


# pruning


def prune(database, *, limit=100, delivered=T[20], dead=T[20], attempts=T[20]):
    with database.transaction():
        return Outbox(database).prune(
            delivered_before=delivered, dead_before=dead, attempts_before=attempts, limit=limit
        )


def ids(database):
    return [each.event_id for each in Ledger(database).rows(plugin=None, states=(), limit=99, newest_first=False)]


def test_old_delivered_dropped_and_dead_ones_go_and_what_is_owed_stays(database):
    owe(database, "delivered", "dead", "dropped", "pending", "claimed")
    delivered, dead, dropped, pending, _ = claim(database, now=T[10])
    finish(database, delivered, at=T[11])
    finish(database, dead, Ending(state="dead", outcome="dead"), at=T[11])
    with database.transaction():
        Outbox(database).finish(dropped, Ending(state="dead", outcome="dead"), at=T[11])
        Ledger(database).drop(dropped.id, at=T[11])
    finish(database, pending, LATER)

    assert prune(database) == 3 + 5  # and the five attempts
    assert ids(database) == ["e4", "e5"]
    assert len(Events(database).after(0)) == 5


def test_each_limit_is_its_own(database):
    owe(database, "delivered", "dead")
    delivered, dead = claim(database, now=T[10])
    finish(database, delivered, at=T[25])
    finish(database, dead, Ending(state="dead", outcome="dead"), at=T[25])

    assert prune(database, attempts=T[1]) == 0
    assert prune(database, delivered=T[30], attempts=T[1]) == 1
    assert ids(database) == ["e2"]


def test_a_dead_letter_that_holds_its_line_is_never_pruned(database):
    owe(database, "task")
    [claimed] = claim(database, now=T[10])
    finish(database, claimed, Ending(state="dead", outcome="dead", holds=True), at=T[11])

    assert prune(database, attempts=T[1]) == 0
    assert row(database, claimed).state == "dead"


def test_a_batch_takes_no_more_than_its_limit(database):
    owe(database, *[f"line{n}" for n in range(5)])
    for each in claim(database, now=T[10]):
        finish(database, each, at=T[11])

    assert [prune(database, limit=2) for _ in range(4)] == [4, 4, 2, 0]
