"""The outbox: fanned out once, looked at again in time, judged when a plugin can say, pruned when it is over."""

from __future__ import annotations

from tests.contract.outbox_steps import LATER, NOW, T, claim, finish, names, owe, record, row

from tm.store.events import Events
from tm.store.ledger import Ledger
from tm.store.outbox import Ending, Outbox

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


# when to look again


def test_the_next_due_is_the_earliest_that_nothing_holds_back(database):
    owe(database, "a", due_at=T[50])
    owe(database, "a", due_at=T[10])
    owe(database, "b", due_at=T[45])
    owe(database, "c", due_at=T[1], judged=False)
    owe(database, "d", due_at=T[1], plugin="jira")

    assert Outbox(database).next_due("slack") == T[45]
    assert Outbox(database).next_due("git") is None


def test_what_waits_says_since_when_and_its_time_can_be_moved(database):
    owe(database, "a")
    owe(database, "b", due_at=T[50])
    [tried] = claim(database, now=T[10])
    finish(database, tried, LATER, at=T[12])
    outbox = Outbox(database)
    waiting = outbox.waiting("slack", now=T[20])

    assert sorted(each[1:] for each in waiting) == [(T[40], T[12]), (T[50], T[50])]
    assert len(outbox.waiting("slack", now=T[40])) == 1

    with database.transaction():
        outbox.set_due(tried.id, due_at=T[21])

    assert names(claim(database, now=T[21])) == ["e1"]


def test_the_age_of_what_could_not_be_called_counts_anew(database):
    owe(database, "a", "b")
    tried, _ = claim(database, now=T[10])
    finish(database, tried, LATER)
    with database.transaction():
        Outbox(database).forget_age("slack")
        Outbox(database).forget_age("jira")
    [again] = claim(database, now=T[45])

    assert (again.attempt, again.first_attempt_at) == (2, T[45])
    assert sorted(each.first_attempt_at or "" for each in Outbox(database).orphans()) == [T[10], T[45]]


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

    assert prune(database) == 3 + 3  # and their attempts
    assert ids(database) == ["e4", "e5"]
    assert len(Ledger(database).attempts(pending.id)) == 1
    assert len(Events(database).after(0)) == 5


def test_each_limit_is_its_own(database):
    owe(database, "delivered", "dead")
    delivered, dead = claim(database, now=T[10])
    finish(database, delivered, at=T[25])
    finish(database, dead, Ending(state="dead", outcome="dead"), at=T[25])

    assert prune(database, attempts=T[1]) == 0
    assert prune(database, delivered=T[30], attempts=T[1]) == 1 + 1  # and its attempt
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
    assert database.execute("select count(*) from attempt").fetchone() == (0,)
