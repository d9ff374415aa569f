"""Which task waits for which."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tm.store.protocol import Database

ADD = "insert into dependency (task_id, depends_on) values (?, ?) on conflict do nothing"
CLEAR = "delete from dependency where task_id = ?"
FORGET = "delete from dependency where depends_on = ?"
OF = "select depends_on from dependency where task_id = ? order by depends_on"
OPEN_OF = """
select task.id from dependency join task on task.id = dependency.depends_on
where dependency.task_id = ? and task.status in ('pending', 'in_progress', 'blocked') order by task.id"""
WAITING_FOR = """
select task.id from dependency join task on task.id = dependency.task_id
where dependency.depends_on = ? and task.waits = 1 order by task.row"""
REACHES = """
with recursive reached (id) as (
  select ?1 union select depends_on from dependency join reached on dependency.task_id = reached.id)
select 1 from reached where id = ?2"""


class Dependencies:
    """The dependencies of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, task_id: str, depends_on: str) -> None:
        """Let a task wait for another."""
        self._database.execute(ADD, (task_id, depends_on))

    def clear(self, task_id: str) -> None:
        """Let a task wait for nothing."""
        self._database.execute(CLEAR, (task_id,))

    def forget(self, task_id: str) -> None:
        """Let nothing wait for a task any more."""
        self._database.execute(FORGET, (task_id,))

    def of(self, task_id: str) -> list[str]:
        """The ids a task depends on."""
        return [row[0] for row in self._database.execute(OF, (task_id,))]

    def open_of(self, task_id: str) -> list[str]:
        """The ids a task depends on that are not finished."""
        return [row[0] for row in self._database.execute(OPEN_OF, (task_id,))]

    def waiting_for(self, task_id: str) -> list[str]:
        """The tasks that are blocked because they depend on this one, perhaps among others."""
        return [row[0] for row in self._database.execute(WAITING_FOR, (task_id,))]

    def reaches(self, start: str, target: str) -> bool:
        """Whether `start` depends on `target`, directly or through others."""
        return self._database.execute(REACHES, (start, target)).fetchone() is not None
