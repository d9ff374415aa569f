"""Run by the measured interpreter: `inside_store.py FILE COUNT` makes a store of so many tasks, two events each.

The tasks spread evenly over two years up to now; seven of ten are completed, three of ten of those are rated.
The word `quasar` is in 20 titles whatever the size, `parser` in one of fifty.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from tm.store.sqlite import SqliteDatabase

SPAN = timedelta(weeks=104)
BATCH = 20_000
RARE = 20

NUMBERS = """
create temp table number as
with recursive counted (n) as (select :first union all select n + 1 from counted where n < :last)
select n, :start + (n + 0.0) * :span / :count as created, format('%08x', n * 2654435761 % 4294967296) as id,
  case n % 10 when 7 then 'in_progress' when 8 then 'blocked' when 9 then 'pending' else 'completed' end as status,
  min(:start + (n + 0.0) * :span / :count + n % 96 * 3600, :start + :span) as ended
from counted"""
TASKS = """
insert into task (row, id, title, description, status, priority, assignee, team, estimated_hours, actual_hours,
  feedback_quality, feedback_timeliness, blocked_reason, blocked_from, revision, created_at, started_at, updated_at,
  completed_at)
select n + 1, id,
  format('Mend the %s %d%s%s', substr('invoice backup  report  mailer  ', n % 4 * 8 + 1, 7), n,
    iif(n % :every = 0, ' quasar', ''), iif(n % 50 = 0, ' parser', '')),
  format('What is known about number %d: it was seen twice on staging and once in production.', n),
  status, case n % 4 when 0 then 'low' when 1 then 'medium' when 2 then 'high' else 'critical' end,
  format('person%d@example.com', n % 40), format('team%d', n % 8), n % 16 + 1.0,
  iif(status = 'completed', n % 12 + 1.0, null),
  iif(status = 'completed' and n % 3 = 0, n % 5 + 1, null), iif(status = 'completed' and n % 3 = 0, n % 4 + 2, null),
  iif(status = 'blocked', 'waiting', null), iif(status = 'blocked', 'pending', null), 2,
  strftime('%Y-%m-%dT%H:%M:%f000Z', created, 'unixepoch'),
  iif(status = 'pending', null, strftime('%Y-%m-%dT%H:%M:%f000Z', created, 'unixepoch')),
  strftime('%Y-%m-%dT%H:%M:%f000Z', ended, 'unixepoch'),
  iif(status = 'completed', strftime('%Y-%m-%dT%H:%M:%f000Z', ended, 'unixepoch'), null)
from number"""
LABELS = "insert into label (task_id, label) select id, format('label%d', n % 20) from number where n % 3 = 0"
EVENTS = """
insert into event (id, type, task_id, revision, origin, actor, at, data, snapshot, fanned_out_at)
select lower(hex(randomblob(16))), kind, id, step, 'cli', 'bench@example.com', created_at, body,
  json_object('title', title, 'status', status, 'priority', priority, 'assignee', assignee, 'team', team,
    'labels', json('[]'), 'deadline', null), created_at
from (select * from number join task on task.row = n + 1) join (
  select 1 as step, 'task.created' as kind, '{}' as body
  union all select 2, 'task.progressed', '{"note":"half of it is done"}')
order by n, step"""


def main(path: str, count: int) -> None:
    """Make the store and leave it closed, its log folded in."""
    start = (datetime.now(UTC) - SPAN).timestamp()
    with SqliteDatabase(path) as database:
        for first in range(0, count, BATCH):
            bounds = {
                "first": first, "last": min(first + BATCH, count) - 1, "count": count, "every": count // RARE,
                "start": start, "span": SPAN.total_seconds(),
            }  # fmt: skip
            with database.transaction():
                database.execute(NUMBERS, bounds)
                for statement in (TASKS, LABELS, EVENTS):
                    database.execute(statement, bounds)
                database.execute("drop table number")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
