-- breaking: no
-- What the housekeepers need: how far a task's log and journal are gone, which bytes in S3 nobody needs, and indexes that
-- hold only rows with something left to do.

alter table tasks
  add column purged_seq bigint not null default 0,
  add column purged_run integer not null default 0,
  add column purging boolean not null default false;
comment on column tasks.purged_seq is 'events up to this number are gone, or going, by retention; a reader with an older cursor is told';
comment on column tasks.purged_run is 'the journals of the runs up to this one are gone, or going, by retention';
comment on column tasks.purging is 'rows of the log or the journal are still to be deleted';
create index tasks_unfinished on tasks (id) where finished_at is null;
create index tasks_kept on tasks (finished_at, id) where finished_at is not null and purged_run < run;
create index tasks_purging on tasks (id) where purging;

alter table artifacts add column discards smallint not null default 0;
comment on column artifacts.discards is 'how often the janitor removed the bytes of an upload that nobody finishes: twice, the second time for late writers';
create index artifacts_unwanted on artifacts (created_at) where status = 'aborted' and not usable and discards < 2;

alter table files add column discards smallint not null default 0;
comment on column files.discards is 'how often the janitor removed the bytes of a deleted file: twice, the second time for late writers';
create index files_unwanted on files (created_at) where status <> 'ready';

-- Retention removes whole stretches of the log, nobody changes an event: the right to delete goes to the workers' role
-- only, the right to update to nobody.
do $$
begin
  if exists (select from pg_roles where rolname = 'nightshift_runtime') then
    grant delete on task_events to nightshift_runtime;
  end if;
end $$;
