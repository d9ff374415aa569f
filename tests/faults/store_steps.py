"""Steps that the tests of a store in trouble share: children, what they say, and what is left afterwards."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from tests.faults import store_child
from tests.faults.store_child import add

from tm.errors import StoreError
from tm.store.listing import Listing
from tm.store.sqlite import SqliteDatabase

CHILD = [sys.executable, store_child.__file__]


@contextmanager
def child(what, *arguments):
    """A running child, ended at last whatever happens."""
    process = subprocess.Popen(
        [*CHILD, what, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line(process):
    """The next thing a child says."""
    return process.stdout.readline().rstrip("\n")


def go(process):
    """Let a waiting child go on."""
    process.stdin.write("\n")
    process.stdin.flush()


def finished(what, *arguments):
    """The lines of a child that runs to its end."""
    run = subprocess.run([*CHILD, what, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=True)
    return run.stdout.splitlines()


def titles(path):
    with SqliteDatabase(str(path)) as database:
        return [row[5] for row in Listing(database).cells({}, sort="created", limit=None)]


def is_sound(path):
    with SqliteDatabase(str(path)) as database:
        return database.execute("pragma integrity_check").fetchone()[0] == "ok"


def until(is_so):
    """Look until it is so; an AssertionError after a minute."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.001)


def hold_line(path):
    """Take tm's own write lock; closing what comes back lets it go."""
    lock = os.open(f"{path}.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def is_line_free(path):
    """Whether nobody holds tm's own write lock."""
    lock = os.open(f"{path}.lock", os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def refusal(path, *, wait=0.5):
    """What a writer is told."""
    with SqliteDatabase(str(path), wait=wait) as database, pytest.raises(StoreError) as caught:
        add(database, "refused")
    return str(caught.value)
