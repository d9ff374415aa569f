"""Claims: taken in order, one per line, and finished only by who holds them."""

from __future__ import annotations

import pytest
from tests.contract.outbox_steps import AGAIN, DELIVERED, LATER, NOW, T, claim, finish, names, owe, record, row

from tm.store.events import Events
from tm.store.ledger import Ledger
from tm.store.outbox import Ending, Outbox
from tm.store.plugins import PluginRecords

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
    assert Ledger(database).attempts(claimed.id) == [(1, T[10], T[11], "delivered", None, None)]
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

    finish(database, again, LATER.with_(due_at=T[50]))
    [third] = claim(database, now=T[50])

    assert (third.attempt, third.first_attempt_at) == (3, T[10])


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
        Outbox(database).reclaim(orphan, AGAIN, at=T[20])
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
        (1, T[10], T[20], "reclaimed", "the worker died during the call", None),
        (2, T[25], None, None, None, None),
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
    before = row(database, claimed), Ledger(database).attempts(claimed.id)
    with database.transaction():
        Outbox(database).reclaim(orphan, AGAIN, at=T[40])

    assert (row(database, claimed), Ledger(database).attempts(claimed.id)) == before


def test_an_orphan_can_be_buried_and_then_holds_its_line_or_not(database):
    owe(database, "task", "task")
    claim(database)
    [orphan] = Outbox(database).orphans()
    with database.transaction():
        Outbox(database).reclaim(orphan, Ending(state="dead", outcome="dead", failures=5), at=T[40])
    buried = Ledger(database).get(orphan.id)

    assert (buried.state, buried.failures, buried.unknown, buried.ended_at) == ("dead", 5, True, T[40])
    assert names(claim(database, now=T[41])) == ["e2"]
