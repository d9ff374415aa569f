-- Instants are UTC stamps with microseconds and Z, so that they sort as text.

create table task (
  row integer primary key,
  id text not null unique,
  title text not null,
  description text,
  status text not null check (status in ('pending', 'in_progress', 'blocked', 'completed', 'cancelled')),
  priority text not null check (priority in ('low', 'medium', 'high', 'critical')),
  assignee text,
  team text,
  deadline text,
  estimated_hours real,
  actual_hours real,
  feedback_quality integer,
  feedback_timeliness integer,
  feedback_note text,
  feedback_automated integer not null default 0,
  completion_summary text,
  blocked_reason text,
  blocked_from text,
  waits integer not null default 0,
  revision integer not null,
  created_at text not null,
  started_at text,
  updated_at text not null,
  completed_at text
);
create index task_by_status on task (status, row);
create index task_by_assignee on task (assignee, row) where assignee is not null;
create index task_by_team on task (team, row) where team is not null;
create index task_by_deadline on task (deadline, row) where deadline is not null;
create index task_by_update on task (updated_at);
create index task_by_creation on task (created_at);
create index task_by_completion on task
  (completed_at, feedback_quality, feedback_timeliness, feedback_automated, estimated_hours, actual_hours)
  where completed_at is not null;

-- columns in the order of the key: quick_check of SQLite 3.40 misreads any other
create table label (label text not null, task_id text not null, primary key (label, task_id)) without rowid;
create index label_by_task on label (task_id);

create table criterion (
  task_id text not null,
  position integer not null,
  criterion text not null,
  measurable text,
  manual text check (manual in ('met', 'unmet')),
  verdict text not null default 'unknown' check (verdict in ('met', 'unmet', 'unknown')),
  primary key (task_id, position)
) without rowid;

-- The latest value per name; every value ever measured is in the events.
create table measurement (
  task_id text not null,
  name text not null,
  value text not null,
  source text,
  measured_at text not null,
  origin text not null,
  actor text not null,
  primary key (task_id, name)
) without rowid;

create table dependency (
  task_id text not null, depends_on text not null, primary key (task_id, depends_on)
) without rowid;
create index dependency_by_target on dependency (depends_on);

create table tombstone (task_id text primary key, deleted_at text not null, purged_at text) without rowid;

create table task_count (status text primary key, n integer not null) without rowid;
insert into task_count (status, n)
  values ('pending', 0), ('in_progress', 0), ('blocked', 0), ('completed', 0), ('cancelled', 0);
create trigger task_counted after insert on task begin
  update task_count set n = n + 1 where status = new.status;
end;
create trigger task_uncounted after delete on task begin
  update task_count set n = n - 1 where status = old.status;
end;
create trigger task_recounted after update of status on task when old.status <> new.status begin
  update task_count set n = n - 1 where status = old.status;
  update task_count set n = n + 1 where status = new.status;
end;

create virtual table task_text using fts5
  (title, description, content = 'task', content_rowid = 'row', tokenize = 'unicode61 remove_diacritics 2');
create trigger task_text_added after insert on task begin
  insert into task_text (rowid, title, description) values (new.row, new.title, new.description);
end;
create trigger task_text_removed after delete on task begin
  insert into task_text (task_text, rowid, title, description) values ('delete', old.row, old.title, old.description);
end;
create trigger task_text_changed after update of title, description on task
  when new.title is not old.title or new.description is not old.description begin
  insert into task_text (task_text, rowid, title, description) values ('delete', old.row, old.title, old.description);
  insert into task_text (rowid, title, description) values (new.row, new.title, new.description);
end;

-- History and outbox in one. owed_to: names the command knew to be enabled; private_to: a wake, no history.
create table event (
  seq integer primary key autoincrement,
  id text not null unique,
  type text not null,
  task_id text,
  revision integer,
  origin text not null,
  actor text not null,
  caused_by text,
  at text not null,
  changes text not null default '{}',
  data text not null default '{}',
  snapshot text not null default '{}',
  owed_to text not null default '',
  private_to text,
  fanned_out_at text,
  unique (task_id, revision)
);
create index event_owed on event (seq) where fanned_out_at is null;
create index event_wake on event (private_to, task_id) where private_to is not null;

create table delivery (
  id integer primary key autoincrement,
  event_seq integer not null,
  plugin text not null,
  line text not null,
  state text not null default 'pending' check (state in ('pending', 'claimed', 'delivered', 'dead', 'dropped')),
  holds integer not null default 1,
  judged integer not null default 0,
  due_at text not null,
  owed_since text not null,
  first_attempt_at text,
  attempt integer not null default 0,
  failures integer not null default 0,
  reclaims integer not null default 0,
  generation integer not null default 0,
  claimed_by text,
  unknown integer not null default 0,
  error text,
  error_class text,
  ended_at text,
  unique (event_seq, plugin)
);
create index delivery_line on delivery (plugin, line, event_seq) where holds = 1;
create index delivery_due on delivery (plugin, due_at, event_seq) where state in ('pending', 'claimed');
create index delivery_ended on delivery (state, ended_at) where state in ('delivered', 'dead', 'dropped');

create table attempt (
  delivery_id integer not null,
  generation integer not null,
  attempt integer not null,
  started_at text not null,
  ended_at text,
  outcome text,
  error text,
  note text,
  primary key (delivery_id, generation)
) without rowid;

create table plugin (
  name text primary key,
  since_seq integer not null,
  since_at text not null,
  open_until text,
  failures integer not null default 0,
  trips integer not null default 0,
  paused text,
  paused_at text,
  state text not null default 'active',
  state_reason text,
  settings_mark text,
  last_error text,
  last_error_at text,
  last_success_at text
) without rowid;

create table plugin_state (
  plugin text not null, key text not null, value text not null, updated_at text not null, expires_at text,
  primary key (plugin, key)
) without rowid;
create index plugin_state_by_expiry on plugin_state (expires_at) where expires_at is not null;

create table link (
  plugin text not null,
  instance text not null,
  kind text not null,
  task_id text not null,
  outside_id text not null,
  key text,
  url text,
  title text,
  detail text,
  state text,
  base text,
  exclusive integer not null default 0,
  linked_at text not null,
  primary key (plugin, instance, kind, task_id, outside_id)
) without rowid;
create unique index link_one_per_task on link (plugin, instance, kind, task_id) where exclusive = 1;
create unique index link_one_per_object on link (plugin, instance, kind, outside_id) where exclusive = 1;
create index link_by_object on link (plugin, instance, kind, outside_id);
create index link_by_key on link (key) where key is not null;
create index link_by_task on link (task_id);

create table cursor (
  plugin text not null, name text not null, value text not null, updated_at text not null,
  primary key (plugin, name)
) without rowid;

create table pull (
  plugin text primary key, pulled_at text, next_at text not null, error text
) without rowid;

create table idempotency (
  key text primary key, use_case text not null, fingerprint text not null, answer text not null, at text not null
) without rowid;
