"""Idempotency keys: the first answer of every changing command that was given one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tm.store.protocol import Database

FIND = "select use_case, fingerprint, answer from idempotency where key = ?"
KEEP = "insert into idempotency (key, use_case, fingerprint, answer, at) values (?, ?, ?, ?, ?)"


class Keys:
    """The idempotency keys of a store, kept for ever."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> tuple[str, str, str] | None:
        """The use case, fingerprint and answer stored under a key, or None."""
        row: tuple[str, str, str] | None = self._database.execute(FIND, (key,)).fetchone()
        return row

    def keep(self, key: str, *, use_case: str, fingerprint: str, answer: str, at: str) -> None:
        """Remember the answer, in the transaction of the change."""
        self._database.execute(KEEP, (key, use_case, fingerprint, answer, at))
