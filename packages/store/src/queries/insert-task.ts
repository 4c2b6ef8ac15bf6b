import {
  type EventLine,
  type Json,
  type Limits,
  type TaskId,
  type TenantId,
  toJsonText,
  toUuid,
} from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface NewTask {
  id: TaskId;
  tenantId: TenantId;
  agent: string;
  input: Json;
  priority: number;
  tags: string[];
  metadata: Record<string, string>;
  limits: Limits;
  deadlineAt: Date | undefined;
  traceparent: string | undefined;
  createdAt: Date;
  /** `task.queued`: the first event of the log. */
  queued: EventLine;
}

/** A client's Idempotency-Key with the answer that every repetition of the request gets. */
export interface IdempotentAnswer {
  tenantId: TenantId;
  route: string;
  key: string;
  /** sha256 of the body's bytes: the same key with another body is a mistake of the client. */
  fingerprint: string;
  status: number;
  body: unknown;
}

/** How long a repetition waits for a first request that has not committed yet (API.md 4). */
const IN_FLIGHT_WAIT_MS = 2_000;

/**
 * Submit as one statement: task, head, first event and idempotency key exist together or not at all (I1, I2). A key
 * that is being inserted by somebody else is waited for: the unique index decides, not a look before the insert. The
 * first offer to the workers is made by the caller right after the commit, so the dispatcher need not hurry.
 */
const statement = {
  name: 'insert-task',
  text: `
    with patience as materialized (
      select set_config('lock_timeout', $15, true) as lock_timeout
    ), keyed as (
      insert into idempotency_keys (tenant_id, route, key, fingerprint, response_status, response)
      select $2::uuid, $16, $17, $18, $19::integer, $20 from patience where $17::text is not null
      on conflict do nothing
      returning key
    ), task as (
      insert into tasks (id, tenant_id, agent, input, priority, tags, metadata, limits, deadline_at, traceparent,
        created_at, dispatch_no, next_dispatch_at)
      select $1::uuid, $2::uuid, $3, $4, $5::smallint, $6::text[], $7::jsonb, $8::jsonb, $9::timestamptz, $10,
        $11::timestamptz, 1, now() + interval '30 seconds'
      where $17::text is null or exists (select from keyed)
      returning id, tenant_id
    ), head as (
      insert into task_heads (task_id, tenant_id, next_seq)
      select id, tenant_id, 2 from task
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select id, 1, 1, 0, array[$12::text], $13, $14 from task
    )
    select id from task`,
};

/** False when the idempotency key was used before: nothing was written then. */
export async function insertTask(db: Queryable, task: NewTask, answer?: IdempotentAnswer): Promise<boolean> {
  const rows = await runQuery<{ id: string }>(db, statement, [
    toUuid(task.id),
    toUuid(task.tenantId),
    task.agent,
    toJsonText(task.input),
    task.priority,
    task.tags,
    toJsonText(task.metadata),
    toJsonText(task.limits),
    task.deadlineAt ?? null,
    task.traceparent ?? null,
    task.createdAt,
    task.queued.type,
    task.queued.visibility === 'developer' ? 'd' : 'u',
    task.queued.line,
    `${IN_FLIGHT_WAIT_MS}ms`,
    answer?.route ?? null,
    answer?.key ?? null,
    answer?.fingerprint ?? null,
    answer?.status ?? null,
    answer === undefined ? null : toJsonText(answer.body),
  ]);
  return rows.length === 1;
}
