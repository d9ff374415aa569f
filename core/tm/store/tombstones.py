"""What is left of deleted tasks: the id, and after a purge no text at all."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tm.store.protocol import Database

HAS = "select 1 from tombstone where task_id = ?"
ADD = "insert into tombstone (task_id, deleted_at) values (?, ?)"
MARK_PURGED = "update tombstone set purged_at = ? where task_id = ?"
REMOVE = (
    "delete from label where task_id = ?",
    "delete from criterion where task_id = ?",
    "delete from measurement where task_id = ?",
    "delete from link where task_id = ?",
    "delete from conflict where task_id = ?",
    "delete from task where id = ?",
)
EMPTY_TEXTS = (
    "delete from lost_value where task_id = ?",
    """update event set changes = '{}', data = '{}' where task_id = ? and type <> 'task.deleted'""",
    """update event set data = json_object('purged', json('true'), 'links', (
         select json_group_array(json_object(
           'plugin', json_extract(value, '$.plugin'), 'instance', json_extract(value, '$.instance'),
           'kind', json_extract(value, '$.kind'), 'outside_id', json_extract(value, '$.outside_id')))
         from json_each(event.data, '$.links')))
       where task_id = ? and type = 'task.deleted'""",
    """update event set snapshot =
         json_set(snapshot, '$.title', '(purged)', '$.assignee', null, '$.team', null, '$.labels', json('[]'))
       where task_id = ?""",
    """update delivery set error = null where event_seq in (select seq from event where task_id = ?)""",
    """update attempt set error = null, note = null where delivery_id in
         (select delivery.id from delivery join event on event.seq = delivery.event_seq where event.task_id = ?)""",
)


class Tombstones:
    """The deleted tasks of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def has(self, task_id: str) -> bool:
        """Whether a task with this id was deleted."""
        return self._database.execute(HAS, (task_id,)).fetchone() is not None

    def bury(self, task_id: str, *, at: str) -> None:
        """Remove the task and what hangs on it, and remember its id."""
        for statement in REMOVE:
            self._database.execute(statement, (task_id,))
        self._database.execute(ADD, (task_id, at))

    def purge(self, task_id: str, *, at: str) -> None:
        """Empty every text of a deleted task, in the history and in the delivery log."""
        for statement in EMPTY_TEXTS:
            self._database.execute(statement, (task_id,))
        self._database.execute(MARK_PURGED, (at, task_id))
