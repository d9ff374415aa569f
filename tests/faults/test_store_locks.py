"""A store that somebody else is writing to: waits are limited, refusals clean, turns kept, and nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
from contextlib import closing

import pytest
from tests.faults.store_child import add
from tests.faults.store_steps import (
    child,
    finished,
    go,
    hold_line,
    is_line_free,
    is_sound,
    line,
    refusal,
    titles,
    until,
)

from tm.errors import StoreError
from tm.store.events import Events
from tm.store.listing import Listing
from tm.store.sqlite import SqliteDatabase


@pytest.fixture
def path(tmp_path):
    """A store with one task."""
    path = tmp_path / "tm.db"
    with SqliteDatabase(str(path)) as database:
        add(database, "before")
    return path


# locked


def test_a_foreign_lock_is_a_clean_refusal_after_the_wait_and_leaves_our_own_line_free(path):
    with child("foreign", path) as browser, SqliteDatabase(str(path), wait=0.5) as database:
        assert line(browser) == "locked"
        with pytest.raises(StoreError) as caught:
            add(database, "refused")

        assert str(caught.value) == (
            f"The store {path} has been locked by another program for 0.5 s. Close that program "
            "(a database browser?) and try again."
        )
        assert is_line_free(path)
        assert [row[5] for row in Listing(database).cells({}, sort="created", limit=None)] == ["before"]

        go(browser)
        browser.wait(10)
        add(database, "after")

    assert titles(path) == ["before", "after"]


def test_a_foreign_lock_that_is_let_go_in_time_costs_only_the_wait(path):
    def write():
        with SqliteDatabase(str(path), wait=60) as database:
            add(database, "after")

    with child("foreign", path) as browser:
        assert line(browser) == "locked"
        writer = threading.Thread(target=write)
        writer.start()
        go(browser)
        writer.join(60)

    assert titles(path) == ["before", "after"]


def test_a_stopped_tm_is_a_clean_refusal_and_everything_goes_on_when_it_does(path):
    with child("inside", path, "0a1b2c3d") as stopped:
        assert line(stopped) == "inside"
        stopped.send_signal(signal.SIGSTOP)

        assert refusal(path) == (
            f"The store {path} has been busy for 0.5 s: another tm holds its write lock. "
            "Try again, or look for a stopped process: tm doctor"
        )
        assert titles(path) == ["before"]

        stopped.send_signal(signal.SIGCONT)
        go(stopped)

        assert line(stopped) == "stored"
        with SqliteDatabase(str(path)) as database:
            add(database, "after")

            assert database.execute("select task_id from tombstone").fetchall() == [("0a1b2c3d",)]
    assert titles(path) == ["before", "after"]


class Moody(SqliteDatabase):
    """A connection whose patience changes."""

    def wait_for(self, seconds):
        """How long it stands in line from now on."""
        self._wait = seconds


def test_a_writer_that_gave_up_once_and_lines_up_again_keeps_its_turn(path):
    turns = []

    def let_go(busy, others):
        until(lambda: len(set(threading.enumerate()) - others) == 3)  # this one, and two that stand in line
        os.close(busy)

    with Moody(str(path)) as database:
        for _ in range(3):
            database.wait_for(0.05)
            others = set(threading.enumerate())
            busy = hold_line(path)
            with pytest.raises(StoreError, match="has been busy"):
                add(database, "refused")
            database.wait_for(60)
            other = threading.Thread(target=let_go, args=(busy, others))
            other.start()
            with database.transaction():
                turns.append(not any(is_line_free(path) for _ in range(2000)))
            other.join(60)

    assert turns == [True] * 3


def test_a_transaction_keeps_foreign_writers_out_from_its_beginning(path):
    with SqliteDatabase(str(path)) as database, closing(sqlite3.connect(path, timeout=0)) as browser:
        with database.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"):
            browser.execute("begin immediate")
        browser.execute("begin immediate")


def test_readers_do_not_mind_a_lock(path):
    with child("foreign", path) as browser:
        assert line(browser) == "locked"
        assert titles(path) == ["before"]


def test_a_killed_writer_leaves_no_lock_and_no_trace(path):
    with child("inside", path, "0a1b2c3d") as killed:
        assert line(killed) == "inside"
        killed.kill()
        killed.wait(10)

    assert is_line_free(path)
    assert is_sound(path)
    with SqliteDatabase(str(path), wait=0.5) as database:
        assert database.execute("select count(*) from tombstone").fetchone() == (0,)
        add(database, "after")


# crowds


@pytest.mark.slow
def test_32_writers_at_once_lose_nothing(tmp_path):
    path = tmp_path / "tm.db"
    said = finished("crowd", path, 32, 10)

    assert sorted(said) == sorted(f"w{number}-{turn}" for number in range(32) for turn in range(10))
    assert sorted(titles(path)) == sorted(said)
    assert is_sound(path)
    with SqliteDatabase(str(path)) as database:
        assert [each.seq for each in Events(database).after(0)] == list(range(1, 321))


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(6))
def test_a_store_that_many_make_at_one_moment_is_made_once(tmp_path, turn):
    path = tmp_path / "new" / "hub" / "tm.db"
    said = finished("crowd", path, 24, 1)

    assert sorted(said) == sorted(f"w{number}-0" for number in range(24))
    assert sorted(titles(path)) == sorted(said)


@pytest.mark.slow
def test_what_a_killed_writer_had_acknowledged_is_there(path):
    dice = random.Random(7)
    said = []
    for turn in range(4):
        writers = [child("write", path, f"{turn}{name}", 10_000) for name in "abc"]
        with writers[0] as first, writers[1] as second, writers[2] as third:
            for each in (first, second, third):
                said += [line(each) for _ in range(dice.randrange(1, 12))]
            for each in (second, first, third):
                each.kill()
            for each in (first, second, third):
                said += each.stdout.read().splitlines()
    found = titles(path)

    assert len(said) > 20
    assert set(said) <= set(found)
    assert len(found) == len(set(found))
    assert len(found) <= 1 + len(said) + 12  # what was stored but not said any more: one for each that was killed
    assert is_sound(path)
    assert is_line_free(path)
    with SqliteDatabase(str(path), wait=0.5) as database:
        add(database, "after")
        assert Listing(database).counts()["pending"] == len(found) + 1
        assert len(Events(database).after(0)) == len(found) + 1
