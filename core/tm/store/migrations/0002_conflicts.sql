-- What two sides of a sync changed differently, until a person decides; values are JSON, each in its side's words.
create table conflict (
  id integer primary key autoincrement,
  plugin text not null,
  task_id text not null,
  field text not null,
  place text not null,
  ours text not null,
  theirs text not null,
  found_at text not null,
  keep text check (keep in ('ours', 'theirs')),
  decided_by text,
  decided_at text,
  settled_at text
);
create unique index conflict_open on conflict (plugin, task_id, field) where settled_at is null;
create index conflict_task on conflict (task_id);

-- Every value that a sync replaced although somebody had set it.
create table lost_value (
  id integer primary key autoincrement,
  plugin text not null,
  task_id text not null,
  field text not null,
  place text not null,
  side text not null check (side in ('ours', 'theirs')),
  lost text not null,
  kept text not null,
  lost_at text not null
);
create index lost_value_task on lost_value (task_id);
