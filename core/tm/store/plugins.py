"""What a plugin keeps between calls: state, cursors, and its health as the dispatcher sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tm.values import Value

if TYPE_CHECKING:
    from tm.store.protocol import Database

GET_STATE = """
select value from plugin_state where plugin = ? and key = ? and (expires_at is null or expires_at > ?)"""
ADD_STATE = """
insert into plugin_state (plugin, key, value, updated_at, expires_at) values (?, ?, ?, ?, ?)
on conflict (plugin, key) do update
  set value = excluded.value, updated_at = excluded.updated_at, expires_at = excluded.expires_at
  where plugin_state.expires_at <= excluded.updated_at"""
REPLACE_STATE = """
update plugin_state set value = ?, updated_at = ?, expires_at = ? where plugin = ? and key = ? and value = ?"""
LIST_STATE = """
select key, value from plugin_state where plugin = ?1 and key >= ?2 and key < ?2 || char(1114111) order by key"""
DELETE_STATE = "delete from plugin_state where plugin = ? and key = ?"
EXPIRE_STATE = "delete from plugin_state where expires_at < ?"
GET_CURSOR = "select value from cursor where plugin = ? and name = ?"
SET_CURSOR = """
insert into cursor (plugin, name, value, updated_at) values (?, ?, ?, ?)
on conflict (plugin, name) do update set value = excluded.value, updated_at = excluded.updated_at"""
ADMIT = """
insert into plugin (name, since_seq, since_at) values (?, ?, ?) on conflict (name) do nothing"""
HEALTH = """
select name, since_seq, since_at, open_until, failures, trips, paused, paused_at, state, state_reason, settings_mark,
  last_error, last_error_at, last_success_at
from plugin order by name"""
SAVE_HEALTH = """
update plugin set open_until = :open_until, failures = :failures, trips = :trips, paused = :paused,
  paused_at = :paused_at, state = :state, state_reason = :state_reason, settings_mark = :settings_mark,
  last_error = :last_error, last_error_at = :last_error_at, last_success_at = :last_success_at
where name = :name"""
PULLS = "select plugin, pulled_at, next_at, error from pull"
SAVE_PULL = """
insert into pull (plugin, pulled_at, next_at, error) values (?, ?, ?, ?)
on conflict (plugin) do update set pulled_at = coalesce(excluded.pulled_at, pull.pulled_at),
  next_at = excluded.next_at, error = excluded.error"""


class Health(Value):
    """How a plugin is doing. `since_seq`: the newest event when a dispatcher first saw it enabled.

    `open_until` is when its breaker or pause lets calls through again, `paused` why a person must act.
    Instants are UTC stamps.
    """

    name: str
    since_seq: int
    since_at: str
    open_until: str | None = None
    failures: int = 0
    trips: int = 0
    paused: str | None = None
    paused_at: str | None = None
    state: str = "active"
    state_reason: str | None = None
    settings_mark: str | None = None
    last_error: str | None = None
    last_error_at: str | None = None
    last_success_at: str | None = None


COLUMNS = (
    "name", "since_seq", "since_at", "open_until", "failures", "trips", "paused", "paused_at", "state",
    "state_reason", "settings_mark", "last_error", "last_error_at", "last_success_at",
)  # fmt: skip


class PluginRecords:
    """The plugin tables of a store. Writes belong inside a transaction of the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get_state(self, plugin: str, key: str, *, now: str) -> str | None:
        """The stored JSON under a key that has not expired, or None."""
        row = self._database.execute(GET_STATE, (plugin, key, now)).fetchone()
        return row[0] if row else None

    def add_state(self, plugin: str, key: str, *, value: str, at: str, expires_at: str | None) -> bool:
        """Store JSON under a free key; False if the key is taken."""
        return self._database.execute(ADD_STATE, (plugin, key, value, at, expires_at)).rowcount == 1

    def replace_state(self, plugin: str, key: str, *, value: str, was: str, at: str, expires_at: str | None) -> bool:
        """Store JSON over exactly the JSON that was there; False if it was not."""
        return self._database.execute(REPLACE_STATE, (value, at, expires_at, plugin, key, was)).rowcount == 1

    def expire_state(self, *, now: str) -> int:
        """Forget what has expired; how many keys went."""
        return self._database.execute(EXPIRE_STATE, (now,)).rowcount

    def list_state(self, plugin: str, prefix: str) -> list[tuple[str, str]]:
        """Keys with this prefix and their JSON, in order."""
        return self._database.execute(LIST_STATE, (plugin, prefix)).fetchall()

    def delete_state(self, plugin: str, key: str) -> bool:
        """Forget a key; False if it was not there."""
        return self._database.execute(DELETE_STATE, (plugin, key)).rowcount == 1

    def get_cursor(self, plugin: str, name: str) -> str | None:
        """A cursor's text, or None."""
        row = self._database.execute(GET_CURSOR, (plugin, name)).fetchone()
        return row[0] if row else None

    def set_cursor(self, plugin: str, name: str, *, value: str, at: str) -> None:
        """Move a cursor."""
        self._database.execute(SET_CURSOR, (plugin, name, value, at))

    def admit(self, plugin: str, *, since_seq: int, at: str) -> bool:
        """Note the first sight of an enabled plugin; False if it was known."""
        return self._database.execute(ADMIT, (plugin, since_seq, at)).rowcount == 1

    def health(self) -> dict[str, Health]:
        """Every plugin a dispatcher has seen, by name."""
        rows = self._database.execute(HEALTH).fetchall()
        return {row[0]: Health(**dict(zip(COLUMNS, row, strict=True))) for row in rows}

    def save_health(self, health: Health) -> None:
        """Store a plugin's health."""
        self._database.execute(SAVE_HEALTH, {name: getattr(health, name) for name in COLUMNS})

    def pulls(self) -> dict[str, tuple[str | None, str, str | None]]:
        """Per plugin: when it was last pulled, when next, and the last error."""
        return {row[0]: tuple(row[1:]) for row in self._database.execute(PULLS)}

    def save_pull(self, plugin: str, *, pulled_at: str | None, next_at: str, error: str | None) -> None:
        """Note a pull (`pulled_at` None: it failed)."""
        self._database.execute(SAVE_PULL, (plugin, pulled_at, next_at, error))
