"""What the rows of a restored store must be besides well-formed: questions that find the first that is wrong.

An export may come from anybody. One unreadable event or instant would stop every delivery of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tm.store.protocol import Database

_DIGIT, _TWO = "[0-9]", "[0-9][0-9]"
STAMP = f"{_TWO}{_TWO}-{_TWO}-{_TWO}T{_TWO}:{_TWO}:{_TWO}.{_DIGIT * 6}Z"
_INSTANTS = {
    "task": ("created_at", "updated_at", "started_at", "completed_at", "deadline"),
    "measurement": ("measured_at",),
    "tombstone": ("deleted_at", "purged_at"),
    "event": ("at", "fanned_out_at"),
    "delivery": ("due_at", "owed_since", "first_attempt_at", "ended_at"),
    "attempt": ("started_at", "ended_at"),
    "plugin": ("since_at", "open_until", "paused_at", "last_error_at", "last_success_at"),
    "plugin_state": ("updated_at", "expires_at"),
    "link": ("linked_at",),
    "cursor": ("updated_at",),
    "pull": ("pulled_at", "next_at"),
    "idempotency": ("at",),
    "conflict": ("found_at", "decided_at", "settled_at"),
    "lost_value": ("lost_at",),
}
# a day that is none, like February 30, becomes another one when SQLite counts days
WRONG_INSTANT = """
select {column} from {table} where {column} is not null
  and not ({column} glob '{stamp}' and julianday({column}) is not null
    and strftime('%Y-%m-%d', julianday(substr({column}, 1, 10))) = substr({column}, 1, 10)) limit 1"""
QUESTIONS = {
    "the task {} has no id of a task": """
select id from task where id not glob
  '[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]' limit 1""",
    "the event {} is of no task": """
select id from event where task_id is not null and task_id not glob
  '[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]' limit 1""",
    "the event {} holds broken JSON": """
select id from event where not (json_valid(changes) and json_valid(data) and json_valid(snapshot)) limit 1""",
    "the event {} says nothing that an event says": """
select id from event where json_type(changes) <> 'object' or json_type(data) <> 'object'
  or json_type(snapshot) <> 'object' or json_type(snapshot, '$.title') is not 'text'
  or json_type(snapshot, '$.labels') is not 'array'
  or json_extract(snapshot, '$.status') not in ('pending', 'in_progress', 'blocked', 'completed', 'cancelled')
  or json_extract(snapshot, '$.priority') not in ('low', 'medium', 'high', 'critical')
  or json_type(snapshot, '$.status') is null or json_type(snapshot, '$.priority') is null limit 1""",
    "the event {} says more of its task than events say": """
select event.id from event, json_each(event.snapshot) as said
where said.key not in ('title', 'status', 'priority', 'assignee', 'team', 'labels', 'deadline')
  or (said.key <> 'labels' and said.type not in ('text', 'null')) limit 1""",
    "the event {} holds a change without before and after": """
select event.id from event, json_each(event.changes) as change
where change.type <> 'array' or json_array_length(change.value) <> 2 limit 1""",
    "the measurement {} is no JSON": "select name from measurement where not json_valid(value) limit 1",
    "the measurement {} is no value": """
select name from measurement where json_type(value) not in ('integer', 'real', 'text', 'true', 'false')
  or (json_type(value) = 'real' and not json_extract(value, '$') between -1.7e308 and 1.7e308) limit 1""",
    "the hours of the task {} are none": """
select id from task where not ifnull(estimated_hours, 0) between 0 and 999999.999
  or not ifnull(actual_hours, 0) between 0 and 999999.999 limit 1""",
    "the task {} was blocked in a status it cannot have had": """
select id from task where blocked_from is not null and blocked_from not in ('pending', 'in_progress') limit 1""",
    "the delivery {} has a number that is too large": """
select id from delivery where max(attempt, failures, reclaims, generation, id, event_seq) > 1000000000000
  or min(attempt, failures, reclaims, generation, id, event_seq) < 0 limit 1""",
    "the event number {} is too large": "select seq from event where seq > 1000000000000 or seq < 0 limit 1",
    "the number of rows {} is too large": """
select name from sqlite_sequence where typeof(seq) <> 'integer' or not seq between 0 and 1000000000000 limit 1""",
    "the row {} of a task is too large": "select row from task where row > 1000000000000 or row < 0 limit 1",
    "the conflict {} holds no JSON": """
select id from conflict where not (json_valid(ours) and json_valid(theirs)) limit 1""",
    "the lost value {} is no JSON": """
select id from lost_value where not (json_valid(lost) and json_valid(kept)) limit 1""",
    "the value {} of a plugin's state is no JSON": "select key from plugin_state where not json_valid(value) limit 1",
}


def complaint(database: Database) -> str | None:
    """What is wrong with the first wrong row, or None when tm could have written them all."""
    for words, question in QUESTIONS.items():
        found = database.execute(question).fetchone()
        if found:
            return words.format(f"{found[0]!s:.60}")
    for table, columns in _INSTANTS.items():
        for column in columns:
            asked = WRONG_INSTANT.format(table=table, column=column, stamp=STAMP)
            found = database.execute(asked).fetchone()
            if found:
                return f"{table}.{column} holds {found[0]!r:.60}, which is no instant of a store"
    return None
