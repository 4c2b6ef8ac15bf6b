-- breaking: no
-- Replays from a step, and from the beginning: how much of the base a run keeps, and which journals an agent understands.

alter table task_runs
  add column base_step uuid,
  add column base_turn integer,
  add column base_position integer;
comment on column task_runs.base_step is 'the step from which the base is run again; only of from_step';
comment on column task_runs.base_turn is 'with base_position: steps of the base from this place on are not kept; null keeps all';
alter table task_runs
  add constraint task_runs_base check (
    (base_turn is null) = (mode = 'resume') and (base_turn is null) = (base_position is null)
    and (base_step is null) = (mode <> 'from_step'));

alter table tasks add column journal_version integer;
comment on column tasks.journal_version is 'what the agent that wrote the journal calls its shape; null before a worker has started';
