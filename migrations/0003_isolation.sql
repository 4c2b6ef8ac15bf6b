-- breaking: no
-- What a death says about a task (ARCHITECTURE.md 7, GUARANTEES.md 1.3.9): a suspect runs alone, in a child process of a
-- worker, and only a death there is guilt. The child is a worker life of its own, and its parent's to report.

alter table tasks
  add column guilt integer not null default 0,
  add column deaths integer not null default 0,
  add column isolated boolean not null default false;
comment on column tasks.guilt is 'processes that ended while they ran this task and no other, in this run';
comment on column tasks.deaths is 'processes that ended while they ran this task, in this run; nothing but a replay clears it';
comment on column tasks.isolated is 'runs only in a process of its own: set by a death, cleared when enough steps were settled there';

alter table workers add column parent uuid;
comment on column workers.parent is 'the incarnation that started this one as a child for one task; null for a worker';
create index workers_children on workers (parent) where parent is not null and status = 'alive';
