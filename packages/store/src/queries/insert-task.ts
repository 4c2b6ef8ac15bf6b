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
import type { Delivery } from './offer-tasks.ts';

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
  /** In the future: the task waits for it. */
  notBefore: Date | undefined;
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
 * that is being inserted by somebody else is waited for: the unique index decides, not a look before the insert. Where
 * nothing of the tenant is queued, and neither a cap nor a pause holds it, the task is nobody's to be fair about: its first
 * offer is made by the caller right after the commit. Everything else is left to the dispatcher (ARCHITECTURE.md 6).
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
    ), lane as materialized (
      select $21::timestamptz is null
        and not exists (select from tenant_queues where tenant_id = $2::uuid and (paused or max_running is not null))
        and not exists (select from tasks where tenant_id = $2::uuid and next_dispatch_at is not null and offers = 0)
        and not exists (select from tasks where tenant_id = $2::uuid and next_dispatch_at is not null and offers > 0)
        as is_free
    ), task as (
      insert into tasks (id, tenant_id, agent, input, priority, tags, metadata, limits, deadline_at, traceparent,
        created_at, dispatch_no, offers, offered_at_submit, next_dispatch_at, waiting_for, wake_at)
      select $1::uuid, $2::uuid, $3, $4, $5::smallint, $6::text[], $7::jsonb, $8::jsonb, $9::timestamptz, $10,
        $11::timestamptz, is_free::integer, is_free::integer, is_free,
        case when is_free then now() + interval '30 seconds' when $21::timestamptz is null then now() end,
        case when $21::timestamptz is not null then 'schedule' end, $21::timestamptz
      from lane
      where $17::text is null or exists (select from keyed)
      returning id, tenant_id, dispatch_no, wake_at
    ), head as (
      insert into task_heads (task_id, tenant_id, status, next_seq)
      select id, tenant_id, case when wake_at is null then 'queued' else 'waiting' end, 2 from task
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select id, 1, 1, 0, array[$12::text], $13, $14 from task
    )
    select dispatch_no from task`,
};

/** What the caller adds to the queue, if anything. */
export interface InsertedTask {
  deliveries: Delivery[];
}

/** Undefined when the idempotency key was used before: nothing was written then. */
export async function insertTask(
  db: Queryable,
  task: NewTask,
  answer?: IdempotentAnswer,
): Promise<InsertedTask | undefined> {
  const [row] = await runQuery<{ dispatch_no: number }>(db, statement, [
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
    task.notBefore ?? null,
  ]);
  if (!row) return undefined;
  return { deliveries: row.dispatch_no > 0 ? [{ taskId: task.id, dispatchNo: row.dispatch_no }] : [] };
}
