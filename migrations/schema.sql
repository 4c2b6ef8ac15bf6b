-- What the migrations add up to, for reading and for review. Written by "npm run schema:dump" from the catalog of a
-- migrated database; a test compares it. To change the schema, add a migration.

create table api_keys (
  id uuid not null,
  tenant_id uuid not null,
  name text not null,
  sha256 bytea not null,
  prefix text not null,
  last4 text not null,
  scopes text[] not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_sha256_key UNIQUE (sha256),
  constraint api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
grant delete, insert, select, update on api_keys to nightshift_api;
grant delete, insert, select, update on api_keys to nightshift_runtime;

create table artifacts (
  id uuid not null,
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
  s3_key text not null,
  usable boolean not null default false,
  created_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  discards smallint not null default 0,
  constraint artifacts_pkey PRIMARY KEY (id),
  constraint artifacts_s3_key_key UNIQUE (s3_key),
  constraint artifacts_status CHECK (status = ANY (ARRAY['uploading'::text, 'completed'::text, 'aborted'::text]))
);
create index artifacts_task on artifacts using btree (task_id, id);
create index artifacts_unwanted on artifacts using btree (created_at) where status = 'aborted'::text AND NOT usable AND discards < 2;
create index artifacts_uploading on artifacts using btree (created_at) where status = 'uploading'::text;
comment on column artifacts.discards is 'how often the janitor removed the bytes of an upload that nobody finishes: twice, the second time for late writers';
grant delete, insert, select, update on artifacts to nightshift_api;
grant delete, insert, select, update on artifacts to nightshift_runtime;

create table audit_log (
  id uuid not null,
  tenant_id uuid,
  at timestamp with time zone not null default now(),
  actor text not null,
  action text not null,
  target text not null,
  reason text,
  detail text,
  constraint audit_log_pkey PRIMARY KEY (id)
);
create index audit_log_tenant on audit_log using btree (tenant_id, id DESC);
grant insert, select on audit_log to nightshift_api;
grant insert, select on audit_log to nightshift_runtime;

create table batches (
  id uuid not null,
  tenant_id uuid not null,
  name text,
  agent text not null,
  metadata jsonb not null default '{}'::jsonb,
  total integer not null,
  cancel_requested_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  concurrency integer,
  constraint batches_pkey PRIMARY KEY (id),
  constraint batches_concurrency CHECK (concurrency > 0)
);
create index batches_tenant on batches using btree (tenant_id, id DESC);
comment on column batches.concurrency is 'tasks of the batch running or offered at once; null is no cap';
grant delete, insert, select, update on batches to nightshift_api;
grant delete, insert, select, update on batches to nightshift_runtime;

create table dead_letters (
  id uuid not null,
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
  status text not null default 'open'::text,
  resolved_at timestamp with time zone,
  resolved_by text,
  replay_run integer,
  created_at timestamp with time zone not null default now(),
  constraint dead_letters_pkey PRIMARY KEY (id),
  constraint dead_letters_task_id_run_key UNIQUE (task_id, run),
  constraint dead_letters_reason CHECK (reason = ANY (ARRAY['poison'::text, 'permanent'::text, 'exhausted'::text, 'needs_ops'::text, 'unknown_outcome'::text])),
  constraint dead_letters_status CHECK (status = ANY (ARRAY['open'::text, 'replayed'::text, 'discarded'::text]))
);
create index dead_letters_fingerprint on dead_letters using btree (tenant_id, fingerprint, id DESC);
create index dead_letters_tenant on dead_letters using btree (tenant_id, id DESC);
grant delete, insert, select, update on dead_letters to nightshift_api;
grant delete, insert, select, update on dead_letters to nightshift_runtime;

create table files (
  id uuid not null,
  tenant_id uuid not null,
  name text not null,
  media_type text not null,
  bytes bigint,
  sha256 text,
  s3_key text not null,
  status text not null default 'uploading'::text,
  created_at timestamp with time zone not null default now(),
  discards smallint not null default 0,
  constraint files_pkey PRIMARY KEY (id),
  constraint files_s3_key_key UNIQUE (s3_key),
  constraint files_status CHECK (status = ANY (ARRAY['uploading'::text, 'ready'::text, 'deleted'::text]))
);
create unique index files_content on files using btree (tenant_id, sha256, name) where status = 'ready'::text;
create index files_tenant on files using btree (tenant_id, id DESC);
create index files_unwanted on files using btree (created_at) where status <> 'ready'::text;
comment on column files.discards is 'how often the janitor removed the bytes of a deleted file: twice, the second time for late writers';
grant delete, insert, select, update on files to nightshift_api;
grant delete, insert, select, update on files to nightshift_runtime;

create table idempotency_keys (
  tenant_id uuid not null,
  route text not null,
  key text not null,
  fingerprint text not null,
  response_status integer not null,
  response text not null,
  created_at timestamp with time zone not null default now(),
  constraint idempotency_keys_pkey PRIMARY KEY (tenant_id, route, key)
);
create index idempotency_keys_age on idempotency_keys using btree (created_at);
grant delete, insert, select, update on idempotency_keys to nightshift_api;
grant delete, insert, select, update on idempotency_keys to nightshift_runtime;

create table leadership (
  only_row boolean not null default true,
  incarnation uuid not null,
  lease_until timestamp with time zone not null,
  constraint leadership_pkey PRIMARY KEY (only_row),
  constraint leadership_only_row CHECK (only_row)
);
grant delete, insert, select, update on leadership to nightshift_api;
grant delete, insert, select, update on leadership to nightshift_runtime;

create table task_events (
  task_id uuid not null,
  last_seq bigint not null,
  first_seq bigint not null,
  epoch integer not null,
  flush_no integer,
  types text[] not null,
  visibility text not null,
  payload text not null,
  created_at timestamp with time zone not null default now(),
  constraint task_events_pkey PRIMARY KEY (task_id, last_seq),
  constraint task_events_dense CHECK ((last_seq - first_seq + 1) = cardinality(types) AND length(visibility) = cardinality(types))
);
grant insert, select on task_events to nightshift_api;
grant delete, insert, select on task_events to nightshift_runtime;

create table task_heads (
  task_id uuid not null,
  tenant_id uuid not null,
  status text not null default 'queued'::text,
  epoch integer not null default 0,
  next_seq bigint not null default 1,
  flush_no integer not null default 0,
  open_turn_seq bigint,
  cancel_requested_at timestamp with time zone,
  progress text,
  signal_no integer not null default 0,
  constraint task_heads_pkey PRIMARY KEY (task_id),
  constraint task_heads_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks(id) ON DELETE CASCADE,
  constraint task_heads_status CHECK (status = ANY (ARRAY['queued'::text, 'running'::text, 'waiting'::text, 'completed'::text, 'failed'::text, 'cancelled'::text, 'expired'::text]))
) with (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.02, fillfactor=50);
comment on column task_heads.epoch is 'number of the current claim; every write of a worker carries it';
comment on column task_heads.next_seq is 'sequence number the next event gets';
comment on column task_heads.flush_no is 'number of the last flush of this epoch; a repeated flush is recognised by it';
comment on column task_heads.open_turn_seq is 'turn.started of a turn that is not settled yet';
comment on column task_heads.signal_no is 'number of the newest signal; a task parks only when it has read that one';
grant delete, insert, select, update on task_heads to nightshift_api;
grant delete, insert, select, update on task_heads to nightshift_runtime;

create table task_runs (
  task_id uuid not null,
  run integer not null,
  base_run integer not null,
  mode text not null,
  requested_by text not null,
  reason text,
  created_at timestamp with time zone not null default now(),
  base_step uuid,
  base_turn integer,
  base_position integer,
  constraint task_runs_pkey PRIMARY KEY (task_id, run),
  constraint task_runs_base CHECK ((base_turn IS NULL) = (mode = 'resume'::text) AND (base_turn IS NULL) = (base_position IS NULL) AND (base_step IS NULL) = (mode <> 'from_step'::text)),
  constraint task_runs_mode CHECK (mode = ANY (ARRAY['resume'::text, 'from_step'::text, 'restart'::text]))
);
comment on column task_runs.base_step is 'the step from which the base is run again; only of from_step';
comment on column task_runs.base_turn is 'with base_position: steps of the base from this place on are not kept; null keeps all';
grant delete, insert, select, update on task_runs to nightshift_api;
grant delete, insert, select, update on task_runs to nightshift_runtime;

create table task_signals (
  task_id uuid not null,
  n integer not null,
  kind text not null,
  key text,
  payload text not null,
  actor text not null,
  created_at timestamp with time zone not null default now(),
  constraint task_signals_pkey PRIMARY KEY (task_id, n),
  constraint task_signals_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks(id) ON DELETE CASCADE,
  constraint task_signals_kind CHECK (kind = ANY (ARRAY['input'::text, 'decision'::text, 'callback'::text, 'budget'::text]))
);
create unique index task_signals_key on task_signals using btree (task_id, key) where key IS NOT NULL;
comment on column task_signals.key is 'the question that is answered; null for a message. A question is answered once';
comment on column task_signals.payload is 'JSON text, as it came';
grant delete, insert, select on task_signals to nightshift_api;
grant delete, insert, select on task_signals to nightshift_runtime;

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
  started_at timestamp with time zone not null,
  finished_at timestamp with time zone,
  constraint task_steps_pkey PRIMARY KEY (task_id, run, step_key),
  constraint task_steps_kind CHECK (kind = ANY (ARRAY['turn'::text, 'tool'::text, 'question'::text])),
  constraint task_steps_status CHECK (status = ANY (ARRAY['intent'::text, 'done'::text, 'unknown'::text, 'void'::text]))
);
grant delete, insert, select, update on task_steps to nightshift_api;
grant delete, insert, select, update on task_steps to nightshift_runtime;

create table tasks (
  id uuid not null,
  tenant_id uuid not null,
  batch_id uuid,
  batch_index integer,
  custom_id text,
  agent text not null,
  agent_version text,
  input text not null,
  priority smallint not null default 0,
  tags text[] not null default '{}'::text[],
  metadata jsonb not null default '{}'::jsonb,
  limits jsonb not null default '{}'::jsonb,
  traceparent text,
  deadline_at timestamp with time zone,
  waiting_for text,
  wake_at timestamp with time zone,
  run integer not null default 1,
  incarnation uuid,
  dispatch_no integer not null default 0,
  next_dispatch_at timestamp with time zone,
  attempts integer not null default 0,
  suspicion integer not null default 0,
  history text not null default '[]'::text,
  usage text,
  result text,
  stop_reason text,
  failure text,
  dead_letter_id uuid,
  created_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  offers integer not null default 0,
  offered_at_submit boolean not null default false,
  guilt integer not null default 0,
  deaths integer not null default 0,
  isolated boolean not null default false,
  journal_version integer,
  purged_seq bigint not null default 0,
  purged_run integer not null default 0,
  purging boolean not null default false,
  constraint tasks_pkey PRIMARY KEY (id),
  constraint tasks_waiting_for CHECK (waiting_for = ANY (ARRAY['input'::text, 'approval'::text, 'callback'::text, 'budget'::text, 'provider'::text, 'rate_limit'::text, 'retry'::text, 'schedule'::text]))
) with (fillfactor=80);
create index tasks_backlog on tasks using btree (tenant_id, (- priority), COALESCE(batch_id, '00000000-0000-0000-0000-000000000000'::uuid), id) where next_dispatch_at IS NOT NULL AND offers = 0;
create index tasks_batch on tasks using btree (batch_id, batch_index) where batch_id IS NOT NULL;
create unique index tasks_custom_id on tasks using btree (batch_id, custom_id) where batch_id IS NOT NULL;
create index tasks_deadline on tasks using btree (deadline_at) where deadline_at IS NOT NULL AND finished_at IS NULL;
create index tasks_incarnation on tasks using btree (incarnation) where incarnation IS NOT NULL;
create index tasks_kept on tasks using btree (finished_at, id) where finished_at IS NOT NULL AND purged_run < run;
create index tasks_offered on tasks using btree (tenant_id, batch_id) where next_dispatch_at IS NOT NULL AND offers > 0;
create index tasks_purging on tasks using btree (id) where purging;
create index tasks_running on tasks using btree (tenant_id, batch_id) where incarnation IS NOT NULL;
create index tasks_tenant on tasks using btree (tenant_id, id DESC);
create index tasks_unfinished on tasks using btree (id) where finished_at IS NULL;
create index tasks_wake on tasks using btree (wake_at) where wake_at IS NOT NULL;
comment on column tasks.incarnation is 'the worker life that runs the task; null unless running';
comment on column tasks.next_dispatch_at is 'when a queued task is to be offered to the workers (again); null unless queued';
comment on column tasks.suspicion is 'deaths of workers while they ran this task, since its last settled step';
comment on column tasks.history is 'JSON array of the failed attempts of this run, oldest first, at most 20';
comment on column tasks.offers is 'offers to the workers since the task was queued; 0 is the backlog that waits for its turn';
comment on column tasks.offered_at_submit is 'the first offer was made by the submit itself';
comment on column tasks.guilt is 'processes that ended while they ran this task and no other, in this run';
comment on column tasks.deaths is 'processes that ended while they ran this task, in this run; nothing but a replay clears it';
comment on column tasks.isolated is 'runs only in a process of its own: set by a death, cleared when enough steps were settled there';
comment on column tasks.journal_version is 'what the agent that wrote the journal calls its shape; null before a worker has started';
comment on column tasks.purged_seq is 'events up to this number are gone, or going, by retention; a reader with an older cursor is told';
comment on column tasks.purged_run is 'the journals of the runs up to this one are gone, or going, by retention';
comment on column tasks.purging is 'rows of the log or the journal are still to be deleted';
grant delete, insert, select, update on tasks to nightshift_api;
grant delete, insert, select, update on tasks to nightshift_runtime;

create table tenant_queues (
  tenant_id uuid not null,
  weight integer not null default 1,
  max_running integer,
  paused boolean not null default false,
  updated_at timestamp with time zone not null default now(),
  constraint tenant_queues_pkey PRIMARY KEY (tenant_id),
  constraint tenant_queues_max_running CHECK (max_running >= 0),
  constraint tenant_queues_weight CHECK (weight >= 1 AND weight <= 1000)
);
comment on table tenant_queues is 'how a tenant is served; one without a row has weight 1, no cap and no pause';
comment on column tenant_queues.weight is 'share of the fleet while others wait too';
comment on column tenant_queues.max_running is 'tasks running or offered at once; null is no cap';
comment on column tenant_queues.paused is 'nothing of the tenant starts; what runs goes on';
grant delete, insert, select, update on tenant_queues to nightshift_api;
grant delete, insert, select, update on tenant_queues to nightshift_runtime;

create table tenants (
  id uuid not null,
  name text not null,
  created_at timestamp with time zone not null default now(),
  constraint tenants_pkey PRIMARY KEY (id),
  constraint tenants_name_key UNIQUE (name)
);
grant delete, insert, select, update on tenants to nightshift_api;
grant delete, insert, select, update on tenants to nightshift_runtime;

create table workers (
  incarnation uuid not null,
  name text not null,
  host text not null,
  pid integer not null,
  version text not null,
  capacity integer not null,
  lock_key bigint not null,
  status text not null default 'alive'::text,
  lease_until timestamp with time zone not null,
  started_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  parent uuid,
  constraint workers_pkey PRIMARY KEY (incarnation),
  constraint workers_lock_key_key UNIQUE (lock_key),
  constraint workers_status CHECK (status = ANY (ARRAY['alive'::text, 'stopped'::text, 'dead'::text]))
);
create index workers_alive on workers using btree (incarnation) where status = 'alive'::text;
create index workers_children on workers using btree (parent) where parent IS NOT NULL AND status = 'alive'::text;
comment on column workers.parent is 'the incarnation that started this one as a child for one task; null for a worker';
grant delete, insert, select, update on workers to nightshift_api;
grant delete, insert, select, update on workers to nightshift_runtime;
