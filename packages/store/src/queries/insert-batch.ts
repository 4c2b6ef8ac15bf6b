import { type BatchId, type TenantId, toJsonText, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { IdempotentAnswer, NewTask } from './insert-task.ts';

export interface NewBatch {
  id: BatchId;
  tenantId: TenantId;
  name: string | undefined;
  agent: string;
  metadata: Record<string, string>;
  createdAt: Date;
  tasks: (NewTask & { customId: string })[];
}

/** As in insert-task. */
const IN_FLIGHT_WAIT_MS = 2_000;

/**
 * The batch, its tasks, their heads and first events and the idempotency key in one statement: all or nothing (I3).
 * Nothing is offered to the workers here; the dispatcher feeds them.
 */
const statement = {
  name: 'insert-batch',
  text: `
    with patience as materialized (
      select set_config('lock_timeout', $8, true) as lock_timeout
    ), keyed as (
      insert into idempotency_keys (tenant_id, route, key, fingerprint, response_status, response)
      select $2::uuid, $9, $10, $11, $12::integer, $13 from patience where $10::text is not null
      on conflict do nothing
      returning key
    ), batch as (
      insert into batches (id, tenant_id, name, agent, metadata, created_at, total)
      select $1::uuid, $2::uuid, $3, $4, $5::jsonb, $6::timestamptz, json_array_length($7::json)
      where $10::text is null or exists (select from keyed)
      returning id, tenant_id, created_at
    ), items as materialized (
      select b.id as batch_id, b.tenant_id, b.created_at, i.id, i.batch_index, i.custom_id, i.agent, i.input, i.priority,
        i.tags, i.metadata, i.limits, i.deadline_at, i.payload
      from batch b, json_to_recordset($7::json) as i(id uuid, batch_index integer, custom_id text, agent text,
        input text, priority smallint, tags text[], metadata text, limits text, deadline_at timestamptz, payload text)
    ), task as (
      insert into tasks (id, tenant_id, batch_id, batch_index, custom_id, agent, input, priority, tags, metadata, limits,
        deadline_at, traceparent, created_at, dispatch_no, next_dispatch_at)
      select id, tenant_id, batch_id, batch_index, custom_id, agent, input, priority, tags, metadata::jsonb,
        limits::jsonb, deadline_at, $14, created_at, 0, now()
      from items
    ), head as (
      insert into task_heads (task_id, tenant_id, next_seq)
      select id, tenant_id, 2 from items
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select id, 1, 1, 0, array['task.queued'], 'u', payload from items
    )
    select id from batch`,
};

/** False when the idempotency key was used before: nothing was written then. */
export async function insertBatch(db: Queryable, batch: NewBatch, answer?: IdempotentAnswer): Promise<boolean> {
  const rows = await runQuery<{ id: string }>(db, statement, [
    toUuid(batch.id),
    toUuid(batch.tenantId),
    batch.name ?? null,
    batch.agent,
    toJsonText(batch.metadata),
    batch.createdAt,
    toJsonText(batch.tasks.map(toItem)),
    `${IN_FLIGHT_WAIT_MS}ms`,
    answer?.route ?? null,
    answer?.key ?? null,
    answer?.fingerprint ?? null,
    answer?.status ?? null,
    answer === undefined ? null : toJsonText(answer.body),
    batch.tasks[0]?.traceparent ?? null,
  ]);
  return rows.length === 1;
}

/** Texts are JSON texts within JSON: their escapes of NUL stay escapes. */
function toItem(task: NewBatch['tasks'][number], index: number) {
  return {
    id: toUuid(task.id),
    batch_index: index,
    custom_id: task.customId,
    agent: task.agent,
    input: toJsonText(task.input),
    priority: task.priority,
    tags: task.tags,
    metadata: toJsonText(task.metadata),
    limits: toJsonText(task.limits),
    deadline_at: task.deadlineAt,
    payload: task.queued.line,
  };
}
