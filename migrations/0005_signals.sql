-- breaking: no
-- What others tell a task (ARCHITECTURE.md 11): a message, the answer to a question. A row is written together with the
-- number on the head and its event. A task that wants to wait compares that number: what it has not read keeps it awake.

alter table task_heads add column signal_no integer not null default 0;
comment on column task_heads.signal_no is 'number of the newest signal; a task parks only when it has read that one';

create table task_signals (
  task_id uuid not null references tasks (id) on delete cascade,
  n integer not null,
  kind text not null,
  key text,
  payload text not null,
  actor text not null,
  created_at timestamptz not null default now(),
  primary key (task_id, n),
  constraint task_signals_kind check (kind in ('input', 'decision', 'callback', 'budget'))
);
comment on column task_signals.key is 'the question that is answered; null for a message. A question is answered once';
comment on column task_signals.payload is 'JSON text, as it came';
create unique index task_signals_key on task_signals (task_id, key) where key is not null;

alter table task_steps drop constraint task_steps_kind;
alter table task_steps add constraint task_steps_kind check (kind in ('turn', 'tool', 'question'));

do $$
declare
  role_name text;
begin
  foreach role_name in array array['nightshift_api', 'nightshift_runtime'] loop
    if exists (select from pg_roles where rolname = role_name) then
      execute format('grant select, insert, delete on task_signals to %I', role_name);
    end if;
  end loop;
end $$;
