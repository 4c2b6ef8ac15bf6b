-- breaking: no
-- What the dispatcher needs to be fair (ARCHITECTURE.md 6): weights, caps and pauses of tenants, a cap of batches, and
-- indexes by which one pass costs as many probes as there are flows with work, however many tasks wait in them.

create table tenant_queues (
  tenant_id uuid primary key,
  weight integer not null default 1,
  max_running integer,
  paused boolean not null default false,
  updated_at timestamptz not null default now(),
  constraint tenant_queues_weight check (weight between 1 and 1000),
  constraint tenant_queues_max_running check (max_running >= 0)
);
comment on table tenant_queues is 'how a tenant is served; one without a row has weight 1, no cap and no pause';
comment on column tenant_queues.weight is 'share of the fleet while others wait too';
comment on column tenant_queues.max_running is 'tasks running or offered at once; null is no cap';
comment on column tenant_queues.paused is 'nothing of the tenant starts; what runs goes on';

alter table batches add column concurrency integer constraint batches_concurrency check (concurrency > 0);
comment on column batches.concurrency is 'tasks of the batch running or offered at once; null is no cap';

alter table tasks
  add column offers integer not null default 0,
  add column offered_at_submit boolean not null default false;
comment on column tasks.offers is 'offers to the workers since the task was queued; 0 is the backlog that waits for its turn';
comment on column tasks.offered_at_submit is 'the first offer was made by the submit itself';

drop index tasks_due;
create index tasks_backlog on tasks
  (tenant_id, (-priority), (coalesce(batch_id, '00000000-0000-0000-0000-000000000000'::uuid)), id)
  where next_dispatch_at is not null and offers = 0;
create index tasks_offered on tasks (tenant_id, batch_id) where next_dispatch_at is not null and offers > 0;
create index tasks_running on tasks (tenant_id, batch_id) where incarnation is not null;

do $$
declare
  role_name text;
begin
  foreach role_name in array array['nightshift_api', 'nightshift_runtime'] loop
    if exists (select from pg_roles where rolname = role_name) then
      execute format('grant select, insert, update, delete on tenant_queues to %I', role_name);
    end if;
  end loop;
end $$;
