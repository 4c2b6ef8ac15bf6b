import { type BatchId, type TenantId, toJsonText, toUuid } from '@nightshift/domain';
import { inTransaction } from '../in-transaction.ts';
import type { Pool, Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { IdempotentAnswer, NewTask } from './insert-task.ts';

export interface NewBatch {
  id: BatchId;
  tenantId: TenantId;
  name: string | undefined;
  agent: string;
  metadata: Record<string, string>;
  /** Tasks of the batch that may run at once; undefined is no cap of its own. */
  concurrency: number | undefined;
  createdAt: Date;
  tasks: readonly BatchTask[];
}

export type BatchTask = NewTask & { customId: string };

/** As in insert-task. */
const IN_FLIGHT_WAIT_MS = 2_000;

/** A statement carries so much at most: encoding it must not hold up the other requests of the process for long. */
const MAX_CHUNK_TASKS = 500;
const MAX_CHUNK_CHARS = 1024 * 1024;

const batchStatement = {
  name: 'insert-batch',
  text: `
    with patience as materialized (
      select set_config('lock_timeout', $8, true) as lock_timeout
    ), keyed as (
      insert into idempotency_keys (tenant_id, route, key, fingerprint, response_status, response)
      select $2::uuid, $9, $10, $11, $12::integer, $13 from patience where $10::text is not null
      on conflict do nothing
      returning key
    )
    insert into batches (id, tenant_id, name, agent, metadata, created_at, total, concurrency)
    select $1::uuid, $2::uuid, $3, $4, $5::jsonb, $6::timestamptz, $7::integer, $14::integer
    where $10::text is null or exists (select from keyed)
    returning id`,
};

/** Nothing is offered to the workers here; the dispatcher feeds them. */
const tasksStatement = {
  name: 'insert-batch-tasks',
  text: `
    with items as materialized (
      select i.id, i.batch_index, i.custom_id, i.agent, i.input, i.priority, i.tags, i.metadata, i.limits,
        i.deadline_at, i.wake_at, i.payload
      from json_to_recordset($1::json) as i(id uuid, batch_index integer, custom_id text, agent text, input text,
        priority smallint, tags text[], metadata text, limits text, deadline_at timestamptz,
        wake_at timestamptz, payload text)
    ), task as (
      insert into tasks (id, tenant_id, batch_id, batch_index, custom_id, agent, input, priority, tags, metadata, limits,
        deadline_at, traceparent, created_at, next_dispatch_at, waiting_for, wake_at)
      select id, $2::uuid, $3::uuid, batch_index, custom_id, agent, input, priority, tags, metadata::jsonb,
        limits::jsonb, deadline_at, $4, $5::timestamptz, case when wake_at is null then now() end,
        case when wake_at is not null then 'schedule' end, wake_at
      from items
    ), head as (
      insert into task_heads (task_id, tenant_id, status, next_seq)
      select id, $2::uuid, case when wake_at is null then 'queued' else 'waiting' end, 2 from items
    )
    insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
    select id, 1, 1, 0, array['task.queued'], 'u', payload from items`,
};

/**
 * The batch, its tasks, their heads and first events and the idempotency key in one transaction: all or nothing (I3).
 * False when the idempotency key was used before: nothing was written then.
 */
export async function insertBatch(pool: Pool, batch: NewBatch, answer?: IdempotentAnswer): Promise<boolean> {
  return await inTransaction(pool, async (tx) => {
    const rows = await runQuery<{ id: string }>(tx, batchStatement, [
      toUuid(batch.id),
      toUuid(batch.tenantId),
      batch.name ?? null,
      batch.agent,
      toJsonText(batch.metadata),
      batch.createdAt,
      batch.tasks.length,
      `${IN_FLIGHT_WAIT_MS}ms`,
      answer?.route ?? null,
      answer?.key ?? null,
      answer?.fingerprint ?? null,
      answer?.status ?? null,
      answer === undefined ? null : toJsonText(answer.body),
      batch.concurrency ?? null,
    ]);
    if (rows.length === 0) return false;
    await insertTasks(tx, batch);
    return true;
  });
}

async function insertTasks(tx: Queryable, batch: NewBatch): Promise<void> {
  let chunk: string[] = [];
  let chunkChars = 0;
  const send = async () => {
    const values = [`[${chunk.join(',')}]`, toUuid(batch.tenantId), toUuid(batch.id)];
    chunk = [];
    chunkChars = 0;
    await runQuery(tx, tasksStatement, [...values, batch.tasks[0]?.traceparent ?? null, batch.createdAt]);
  };
  for (const [index, task] of batch.tasks.entries()) {
    const item = toItem(task, index);
    chunk.push(item);
    chunkChars += item.length;
    if (chunk.length >= MAX_CHUNK_TASKS || chunkChars >= MAX_CHUNK_CHARS) await send();
  }
  if (chunk.length > 0) await send();
}

/** Texts are JSON texts within JSON: their escapes of NUL stay escapes. */
function toItem(task: BatchTask, index: number): string {
  return toJsonText({
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
    wake_at: task.notBefore,
    payload: task.queued.line,
  });
}
