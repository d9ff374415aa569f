"""A process of its own that does something to a store, for tests that stop it, starve it or kill it.

    python store_child.py WHAT PATH [ARGUMENT …]

Says what it has done on stdout, a line each; one that waits goes on when it reads a line from stdin.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import sys
from pathlib import Path

from tm.clock import Clock
from tm.errors import StoreError
from tm.service import editing
from tm.service.work import Caller, Work
from tm.store import faults, migrate  # noqa: F401 - loaded now: nobody may not read this Python's files
from tm.store.listing import Listing
from tm.store.sqlite import SqliteDatabase


def say(text: str) -> None:
    """One line on stdout, in one write."""
    os.write(1, f"{text}\n".encode())


def wait() -> None:
    """Until somebody says go."""
    sys.stdin.readline()


def add(database: SqliteDatabase, title: str, *, description: str | None = None) -> str:
    """A task more."""
    work = Work(database, Clock(), Caller(origin="cli", actor="alice"))
    return editing.add(work, {"title": title, "description": description})


def foreign(path: str) -> None:
    """Hold SQLite's write lock as a database browser does, which knows nothing of tm."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("begin immediate")
    say("locked")
    wait()
    connection.rollback()
    connection.close()


def inside(path: str, title: str) -> None:
    """Stand still in the middle of a transaction of tm."""
    database = SqliteDatabase(path)
    with database.transaction():
        database.execute("insert into tombstone (task_id, deleted_at) values (?, '')", (title,))
        say("inside")
        wait()
    say("stored")
    wait()


def write(path: str, name: str, amount: str) -> None:
    """Add tasks one after another and say each that is stored."""
    database = SqliteDatabase(path)
    for number in range(int(amount)):
        add(database, f"{name}-{number}")
        say(f"{name}-{number}")


def crowd(path: str, processes: str, amount: str) -> None:
    """Many processes that start to write at one moment, from the making of the store on."""
    children = []
    gate, key = os.pipe()
    for number in range(int(processes)):
        child = os.fork()
        if child == 0:
            os.close(key)
            os.read(gate, 1)
            attempt(lambda name=f"w{number}": write(path, name, amount))
            os._exit(0)
        children.append(child)
    os.close(key)
    for child in children:
        os.waitpid(child, 0)


def nobody(path: str) -> None:
    """Read and write as a user who may not."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    attempt(lambda: say(f"counted {sum(Listing(SqliteDatabase(path)).counts().values())}"))
    attempt(lambda: say(f"stored {add(SqliteDatabase(path), 'x')}"))


def swell(path: str, limit: str) -> None:
    """Write until a file may grow no more, then with room again."""
    database = SqliteDatabase(path)
    add(database, "before")
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    until_refused(database)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    afterwards(database)


def full(path: str, ballast: str) -> None:
    """Write until the disk is full, then with room again."""
    database = SqliteDatabase(path)
    add(database, "before")
    until_refused(database)
    Path(ballast).unlink()
    afterwards(database)


def until_refused(database: SqliteDatabase) -> None:
    """Fill the store; says how many tasks were stored and the refusal."""
    stored = 0
    try:
        while stored < 10_000:
            add(database, "filling", description="x" * 20_000)
            stored += 1
    except StoreError as error:
        say(f"stored {stored}")
        say(f"refused {error}")


def afterwards(database: SqliteDatabase) -> None:
    """What is left, and whether the next change goes through."""
    say(f"counted {Listing(database).counts()['pending']}")
    attempt(lambda: say(f"after {add(database, 'after') != ''}"))
    say(f"sound {database.execute('pragma integrity_check').fetchone()[0]}")


def attempt(step) -> None:
    """Take a step; say the refusal if it is one."""
    try:
        step()
    except Exception as error:
        say(f"{type(error).__name__} {error}")


if __name__ == "__main__":
    {each.__name__: each for each in (foreign, inside, write, crowd, nobody, swell, full)}[sys.argv[1]](*sys.argv[2:])
