-- breaking: no
-- The tables of ARCHITECTURE.md section 4. Anything a model, a tool or a client wrote is `text` (JSON text where it is
-- structured): `jsonb` refuses U+0000 and lone surrogates, and one split emoji must not poison a task. `jsonb` holds
-- only our own small metadata. Ids are UUIDv7 made in code.

do $$
begin
  if not exists (select from pg_roles where rolname = 'nightshift_api') then create role nightshift_api nologin; end if;
  if not exists (select from pg_roles where rolname = 'nightshift_runtime') then create role nightshift_runtime nologin; end if;
exception
  when insufficient_privilege then
    raise notice 'no right to create roles: the roles nightshift_api and nightshift_runtime are left out';
  when duplicate_object or unique_violation then
    null; -- another database of this cluster is being migrated at the same time
end $$;

create table tenants (
  id uuid primary key,
  name text not null unique,
  created_at timestamptz not null default now()
);

-- A key is kept as its sha256 only; it has at least 128 bits of entropy, so a fast hash is right.
create table api_keys (
  id uuid primary key,
  tenant_id uuid not null references tenants (id),
  name text not null,
  sha256 bytea not null unique,
  prefix text not null,
  last4 text not null,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

create table batches (
  id uuid primary key,
  tenant_id uuid not null,
  name text,
  agent text not null,
  metadata jsonb not null default '{}',
  total integer not null,
  cancel_requested_at timestamptz,
  created_at timestamptz not null default now()
);
create index batches_tenant on batches (tenant_id, id desc);

-- What a client submitted and what became of it. Written at submit, claim, park and settle; never by a flush of events.
create table tasks (
  id uuid primary key,
  tenant_id uuid not null,
  batch_id uuid,
  batch_index integer,
  custom_id text,
  agent text not null,
  agent_version text,
  input text not null,
  priority smallint not null default 0,
  tags text[] not null default '{}',
  metadata jsonb not null default '{}',
  limits jsonb not null default '{}',
  traceparent text,
  deadline_at timestamptz,
  waiting_for text,
  wake_at timestamptz,
  run integer not null default 1,
  incarnation uuid,
  dispatch_no integer not null default 0,
  next_dispatch_at timestamptz,
  attempts integer not null default 0,
  suspicion integer not null default 0,
  history text not null default '[]',
  usage text,
  result text,
  stop_reason text,
  failure text,
  dead_letter_id uuid,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint tasks_waiting_for check (waiting_for in
    ('input', 'approval', 'callback', 'budget', 'provider', 'rate_limit', 'retry', 'schedule'))
) with (fillfactor = 80);
comment on column tasks.next_dispatch_at is 'when a queued task is to be offered to the workers (again); null unless queued';
comment on column tasks.incarnation is 'the worker life that runs the task; null unless running';
comment on column tasks.suspicion is 'deaths of workers while they ran this task, since its last settled step';
comment on column tasks.history is 'JSON array of the failed attempts of this run, oldest first, at most 20';
create index tasks_tenant on tasks (tenant_id, id desc);
create index tasks_batch on tasks (batch_id, batch_index) where batch_id is not null;
create unique index tasks_custom_id on tasks (batch_id, custom_id) where batch_id is not null;
create index tasks_due on tasks (priority desc, next_dispatch_at) where next_dispatch_at is not null;
create index tasks_incarnation on tasks (incarnation) where incarnation is not null;
create index tasks_wake on tasks (wake_at) where wake_at is not null;
create index tasks_deadline on tasks (deadline_at) where deadline_at is not null and finished_at is null;

-- The only row that hot writes touch. No index but the key, so that its updates stay on the page.
create table task_heads (
  task_id uuid primary key references tasks (id) on delete cascade,
  tenant_id uuid not null,
  status text not null default 'queued',
  epoch integer not null default 0,
  next_seq bigint not null default 1,
  flush_no integer not null default 0,
  open_turn_seq bigint,
  cancel_requested_at timestamptz,
  progress text,
  constraint task_heads_status check (status in
    ('queued', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'expired'))
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
comment on column task_heads.epoch is 'number of the current claim; every write of a worker carries it';
comment on column task_heads.next_seq is 'sequence number the next event gets';
comment on column task_heads.flush_no is 'number of the last flush of this epoch; a repeated flush is recognised by it';
comment on column task_heads.open_turn_seq is 'turn.started of a turn that is not settled yet';

-- Append only. One row holds the events one flush wrote for one task, in order, one JSON text a line, without numbers:
-- first_seq gives them.
create table task_events (
  task_id uuid not null,
  last_seq bigint not null,
  first_seq bigint not null,
  epoch integer not null,
  flush_no integer,
  types text[] not null,
  visibility text not null,
  payload text not null,
  created_at timestamptz not null default now(),
  primary key (task_id, last_seq),
  constraint task_events_dense check (last_seq - first_seq + 1 = cardinality(types) and length(visibility) = cardinality(types))
);

-- The journal: what a task resumes from.
create table task_steps (
  task_id uuid not null,
  run integer not null,
  step_key text not null,
  id uuid not null,
  turn integer not null,
  position integer not null,
  kind text not null,
  name text not null,
  status text not null,
  effect_class text,
  idempotency_key text,
  input_hash text,
  content text,
  failure text,
  attempts integer not null default 1,
  usage text,
  epoch integer not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  primary key (task_id, run, step_key),
  constraint task_steps_kind check (kind in ('turn', 'tool')),
  constraint task_steps_status check (status in ('intent', 'done', 'unknown', 'void'))
);

-- A run after the first: made by a replay, continues from the journal of its base.
create table task_runs (
  task_id uuid not null,
  run integer not null,
  base_run integer not null,
  mode text not null,
  requested_by text not null,
  reason text,
  created_at timestamptz not null default now(),
  primary key (task_id, run),
  constraint task_runs_mode check (mode in ('resume', 'from_step', 'restart'))
);

-- One life of one worker process; the lease belongs to it.
create table workers (
  incarnation uuid primary key,
  name text not null,
  host text not null,
  pid integer not null,
  version text not null,
  capacity integer not null,
  lock_key bigint not null unique,
  status text not null default 'alive',
  lease_until timestamptz not null,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  constraint workers_status check (status in ('alive', 'stopped', 'dead'))
);
create index workers_alive on workers (incarnation) where status = 'alive';

-- Who does the housekeeping. A lease, so that a frozen leader is replaced; its session lock, so that a dead one is
-- replaced at once.
create table leadership (
  only_row boolean primary key default true,
  incarnation uuid not null,
  lease_until timestamptz not null,
  constraint leadership_only_row check (only_row)
);

create table files (
  id uuid primary key,
  tenant_id uuid not null,
  name text not null,
  media_type text not null,
  bytes bigint,
  sha256 text,
  s3_key text not null unique,
  status text not null default 'uploading',
  created_at timestamptz not null default now(),
  constraint files_status check (status in ('uploading', 'ready', 'deleted'))
);
create index files_tenant on files (tenant_id, id desc);
create unique index files_content on files (tenant_id, sha256, name) where status = 'ready';

create table artifacts (
  id uuid primary key,
  tenant_id uuid not null,
  task_id uuid not null,
  run integer not null,
  epoch integer not null,
  step_id uuid not null,
  name text not null,
  media_type text not null,
  status text not null,
  bytes bigint not null default 0,
  sha256 text,
  s3_key text not null unique,
  usable boolean not null default false,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint artifacts_status check (status in ('uploading', 'completed', 'aborted'))
);
create index artifacts_task on artifacts (task_id, id);
create index artifacts_uploading on artifacts (created_at) where status = 'uploading';

create table idempotency_keys (
  tenant_id uuid not null,
  route text not null,
  key text not null,
  fingerprint text not null,
  response_status integer not null,
  response text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, route, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

create table dead_letters (
  id uuid primary key,
  tenant_id uuid not null,
  task_id uuid not null,
  run integer not null,
  batch_id uuid,
  agent text not null,
  agent_version text,
  reason text not null,
  retry_stopped text not null,
  code text not null,
  fingerprint text not null,
  failure text not null,
  history text not null,
  usage text,
  epoch integer not null,
  last_step_key text,
  status text not null default 'open',
  resolved_at timestamptz,
  resolved_by text,
  replay_run integer,
  created_at timestamptz not null default now(),
  unique (task_id, run),
  constraint dead_letters_reason check (reason in ('poison', 'permanent', 'exhausted', 'needs_ops', 'unknown_outcome')),
  constraint dead_letters_status check (status in ('open', 'replayed', 'discarded'))
);
create index dead_letters_tenant on dead_letters (tenant_id, id desc);
create index dead_letters_fingerprint on dead_letters (tenant_id, fingerprint, id desc);

create table audit_log (
  id uuid primary key,
  tenant_id uuid,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  target text not null,
  reason text,
  detail text
);
create index audit_log_tenant on audit_log (tenant_id, id desc);

do $$
declare
  role_name text;
begin
  foreach role_name in array array['nightshift_api', 'nightshift_runtime'] loop
    if exists (select from pg_roles where rolname = role_name) then
      execute format('grant usage on schema %I to %I', current_schema(), role_name);
      execute format('grant select, insert, update, delete on all tables in schema %I to %I', current_schema(), role_name);
      execute format('revoke update, delete on audit_log from %I', role_name);
      execute format('revoke update, delete on task_events from %I', role_name);
    end if;
  end loop;
end $$;
