"""The SQLite store: one file, WAL, full durability, writers in a fair line."""

from __future__ import annotations

import fcntl
import os
import sqlite3

from tm.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from tm.store.protocol import Parameters, Rows

SCHEMA_VERSION = 2
WAIT = 30.0
LONGEST_LOG = 1_000_000
FORGET_WORDS = "insert into task_text (task_text) values ('optimize')"

_REFUSED = (sqlite3.Error, UnicodeEncodeError, OverflowError)
_locks: set[int] = set()


class SqliteDatabase:
    """A connection to the store in the file `path`, opened (and created) at the first statement.

    `wait` is how many seconds a writer stands in line before it gives up with StoreError. With
    `create=False` a missing file is a StoreError; `made` is told the path when a store is made. Implements
    `tm.store.protocol.Database`.
    """

    def __init__(
        self, path: str, *, wait: float = WAIT, create: bool = True, made: Callable[[str], None] | None = None
    ) -> None:
        self.path = path
        self._wait = wait
        self._create = create
        self._made = made
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None

    def execute(self, sql: str, parameters: Parameters = ()) -> Rows:
        """Run one statement. Raises StoreError for whatever the database cannot do."""
        try:
            return (self._connection or self._open()).execute(sql, parameters)
        except _REFUSED as error:
            raise self._sentence(error) from error

    def executemany(self, sql: str, parameters: Sequence[Parameters]) -> Rows:
        """Run one statement once per row of parameters."""
        try:
            return (self._connection or self._open()).executemany(sql, parameters)
        except _REFUSED as error:
            raise self._sentence(error) from error

    def transaction(self) -> _Transaction:
        """A write transaction: committed when the block ends well, rolled back when it raises.

        Raises RuntimeError inside another one: they do not nest.
        """
        return _Transaction(self)

    def changed(self) -> object:
        """SQLite's data_version: moves when another connection has committed."""
        return self.execute("pragma data_version").fetchone()[0]

    def scrub(self) -> None:
        """Rewrite the file without the pages of deleted content, the search index included."""
        with self.transaction():
            self.execute(FORGET_WORDS)
        self.line_up()
        try:
            self.execute("vacuum")
            self.execute("pragma wal_checkpoint(truncate)")
        finally:
            self.step_out()

    def another(self) -> SqliteDatabase:
        """A further connection to the same file, for another thread."""
        return SqliteDatabase(self.path, wait=self._wait, create=False)

    def close(self) -> None:
        """Close the connection and the lock file; both open again when needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._forget_lock()

    def leave(self) -> None:
        """Before a process ends without closing: keep the write-ahead log short.

        Only a connection that closes resets the log for good; where no other process is there for a while, the
        log would grow, and every next process reads it from the start.
        """
        try:
            is_long = self._connection is not None and os.stat(f"{self.path}-wal").st_size > LONGEST_LOG  # noqa: PTH116
        except OSError:
            return
        if is_long:
            self.close()

    def line_up(self) -> None:
        """Wait for the write lock: a kernel lock, because SQLite itself waits by polling and starves some."""
        if self._lock is None:
            try:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW  # a repository may hold links
                self._lock = os.open(f"{self.path}.lock", flags, 0o600)
                _locks.add(self._lock)
            except OSError as error:
                raise self._sentence(error) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            from tm.store.waiting import wait_for_lock  # only a busy store pays for threading

            try:
                wait_for_lock(self._lock, self._wait, self.path)
            except BaseException:
                self._forget_lock()
                raise

    def _forget_lock(self) -> None:
        if self._lock is not None:
            _locks.discard(self._lock)
            os.close(self._lock)
            self._lock = None

    def step_out(self) -> None:
        """Let the next writer go."""
        if self._lock is not None:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _open(self) -> sqlite3.Connection:
        try:
            has_disk = os.major(os.stat(self.path).st_dev) != 0  # noqa: PTH116 - pathlib is dear
        except OSError:
            from tm.store.migrate import prepare_folder

            prepare_folder(self.path, create=self._create)
            if self._made is not None:
                self._made(self.path)
        else:
            if not has_disk:  # a network's file system, or a container's
                from tm.store.mounts import refuse_network_folder

                refuse_network_folder(os.path.dirname(self.path))  # noqa: PTH120
        try:
            return self._connect()
        except BaseException as error:
            self.close()  # a connection that was not looked at to the end is never used
            if isinstance(error, sqlite3.Error):
                raise self._sentence(error) from error
            raise

    def _connect(self) -> sqlite3.Connection:
        connection = self._connection = sqlite3.connect(
            self.path,
            timeout=self._wait,
            isolation_level=None,
            cached_statements=256,
        )
        version = connection.execute("pragma user_version").fetchone()[0]
        connection.execute("pragma synchronous = full")
        if version != SCHEMA_VERSION:
            from tm.store.migrate import migrate

            migrate(self, version)
        return connection

    def _sentence(self, error: Exception) -> StoreError:
        from tm.store.faults import sentence

        return StoreError(sentence(error, self.path, self._wait))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Transaction:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def __enter__(self) -> None:
        database = self._database
        connection = database._connection or database._open()
        if connection.in_transaction:
            raise RuntimeError("a transaction is open on this connection already; they do not nest")
        database.line_up()
        try:
            database.execute("begin immediate")
        except BaseException:
            database.step_out()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        database = self._database
        try:
            if kind is None:
                database.execute("commit")
        finally:
            try:
                connection = database._connection
                if connection is not None and connection.in_transaction:
                    connection.rollback()
            finally:
                database.step_out()


def _forget_locks_in_child() -> None:
    """A plugin may fork while the lock is held; in the child it would outlive the writer."""
    while _locks:
        os.close(_locks.pop())


os.register_at_fork(after_in_child=_forget_locks_in_child)
