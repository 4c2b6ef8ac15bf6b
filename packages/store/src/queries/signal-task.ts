import {
  createId,
  FINAL_STATUSES,
  type Json,
  type Status,
  type TaskId,
  type TenantId,
  toEventLine,
  toJsonText,
  toUuid,
} from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { IdempotentAnswer } from './insert-task.ts';

/** What a task can be told; a task that waits for one of them is woken by it. */
export type SignalKind = 'input' | 'decision' | 'callback' | 'budget';

/** More than a conversation has; the bound of what a worker reads at once. */
const MAX_SIGNALS_PER_TASK = 1_000;

export interface SignalRequest {
  tenantId: TenantId;
  taskId: TaskId;
  kind: SignalKind;
  /** Values with the question that each answers. One that was answered before is left out. */
  signals: readonly { key: string | undefined; payload: Json }[];
  /** The event's data. */
  data: { [key: string]: Json };
  /** Who tells it, for the audit log. */
  actor: string;
  /** The client's Idempotency-Key and the answer that belongs to it. */
  answer: IdempotentAnswer | undefined;
}

/**
 * told: written; `delivery` when the task was woken. nothing_new: all of it had been answered before. repeated: the
 * idempotency key was used before. final: the task is over. full: it was told too much already. Nothing was written but
 * for `told`.
 */
export type SignalAnswer =
  | { kind: 'told'; status: Status; events: EventRow; delivery: { taskId: TaskId; dispatchNo: number } | undefined }
  | { kind: 'nothing_new' | 'repeated' | 'full' }
  | { kind: 'final'; status: Status };

/**
 * One short statement under the lock of the head, so that it is ordered with the task's parking, which compares
 * `signal_no` of the same row. The task is locked too, because its `waiting_for` is read: a parking that was committed
 * while we waited for the head is not in this statement's snapshot, and reading it unlocked would lose the wake-up. That
 * a question is answered once is the unique index's doing.
 */
const statement = {
  name: 'signal-task',
  text: `
    with head as materialized (
      select h.task_id, h.tenant_id, h.status, h.epoch, h.next_seq, h.signal_no
      from task_heads h
      where h.task_id = $1::uuid and h.tenant_id = $2::uuid
      for no key update
    ), task as materialized (
      select t.id, t.waiting_for, t.dispatch_no
      from tasks t join head on head.task_id = t.id
      for no key update of t
    ), open as (
      select head.task_id, head.tenant_id, head.signal_no, head.status = 'waiting' and task.waiting_for = $3 as waits
      from head join task on task.id = head.task_id
      where head.status <> all($4::text[]) and head.signal_no + cardinality($5::text[]) <= $6::integer
    ), keyed as (
      insert into idempotency_keys (tenant_id, route, key, fingerprint, response_status, response)
      select o.tenant_id, $12, $13, $14, $15::integer, $16 from open o where $13::text is not null
      on conflict do nothing
      returning key
    ), told as (
      insert into task_signals (task_id, n, kind, key, payload, actor)
      select o.task_id, o.signal_no + s.n, $3, s.key, s.payload, $7
      from open o, unnest($5::text[], $8::text[]) with ordinality as s(key, payload, n)
      where $13::text is null or exists (select from keyed)
      on conflict do nothing
      returning n, key
    ), newest as (
      select max(n) as n, bool_or(key is not null) as answers from told having count(*) > 0
    ), written as (
      update task_heads h set
        signal_no = newest.n,
        next_seq = h.next_seq + 1,
        status = case when o.waits and newest.answers then 'queued' else h.status end
      from open o, newest
      where h.task_id = o.task_id
      returning h.task_id, h.status, h.epoch, h.next_seq - 1 as seq, o.waits and newest.answers as woken,
        regexp_replace($9::text, '"epoch":0', '"epoch":' || h.epoch) as payload
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select task_id, seq, seq, epoch, array[$17::text], 'u', payload from written
    ), woken as (
      update tasks t set waiting_for = null, wake_at = null, dispatch_no = t.dispatch_no + 1,
        next_dispatch_at = now() + interval '1 second'
      from written w
      where t.id = w.task_id and w.woken
      returning t.dispatch_no
    ), audited as (
      insert into audit_log (id, tenant_id, actor, action, target, detail)
      select $10::uuid, $2::uuid, $7, 'task.' || $3, $11,
        json_build_object('signals', (select count(*) from told))::text
      from written
    )
    select head.status as before, w.status, w.seq, w.payload, (select dispatch_no from woken) as dispatch_no,
      case
        when head.status = any($4::text[]) then 'final'
        when not exists (select from open) then 'full'
        when w.task_id is not null then 'told'
        when $13::text is not null and not exists (select from keyed) then 'repeated'
        else 'nothing_new'
      end as verdict
    from head left join written w on w.task_id = head.task_id`,
};

interface Row {
  verdict: SignalAnswer['kind'];
  before: Status;
  status: Status | null;
  seq: number | null;
  payload: string | null;
  dispatch_no: number | null;
}

/** Tells a task something; undefined when the tenant has no such task. */
export async function signalTask(db: Queryable, request: SignalRequest): Promise<SignalAnswer | undefined> {
  const { taskId, tenantId, kind, signals, answer } = request;
  const line = toEventLine({ type: 'input.received', data: request.data }, 0, new Date());
  const [row] = await runQuery<Row>(db, statement, [
    toUuid(taskId),
    toUuid(tenantId),
    kind,
    FINAL_STATUSES,
    signals.map((signal) => signal.key ?? null),
    MAX_SIGNALS_PER_TASK,
    request.actor,
    signals.map((signal) => toJsonText(signal.payload)),
    line.line,
    toUuid(createId('audit')),
    taskId,
    answer?.route ?? null,
    answer?.key ?? null,
    answer?.fingerprint ?? null,
    answer?.status ?? null,
    answer === undefined ? null : toJsonText(answer.body),
    line.type,
  ]);
  if (!row) return undefined;
  if (row.verdict !== 'told') {
    return row.verdict === 'final' ? { kind: 'final', status: row.before } : { kind: row.verdict };
  }
  const seq = row.seq ?? 0;
  return {
    kind: 'told',
    status: row.status ?? row.before,
    events: {
      taskId,
      firstSeq: seq,
      lastSeq: seq,
      types: [line.type],
      visibility: 'u',
      payload: row.payload ?? '',
    },
    delivery: row.dispatch_no === null ? undefined : { taskId, dispatchNo: row.dispatch_no },
  };
}
