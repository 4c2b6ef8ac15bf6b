import {
  createId,
  fromUuid,
  type Status,
  statusesThatMayBecome,
  type TaskId,
  type TenantId,
  toEventLine,
  toUuid,
} from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface CancelRequest {
  tenantId: TenantId;
  /** All of them are cancelled by the same rules; those of another tenant are not touched. */
  taskIds: readonly TaskId[];
  /** Ends a running task at once: its worker is fenced and may learn of it late. */
  force: boolean;
  reason: string | undefined;
  /** Who asks, for the audit log. */
  actor: string;
}

/**
 * cancelled: over now. requested: a worker runs it and has been told in the database. already_requested: nothing new.
 * final: it had ended before; `status` says how.
 */
export type CancelVerdict = 'cancelled' | 'requested' | 'already_requested' | 'final';

export interface CancelAnswer {
  taskId: TaskId;
  verdict: CancelVerdict;
  status: Status;
  lastSeq: number;
  /** What was logged, to be published; undefined when nothing was. */
  events: EventRow | undefined;
}

/**
 * One statement under the lock of the heads, in their order (no deadlock with a flush or a claim). Exactly one of
 * cancel and complete wins (I18): a worker's settlement compares the epoch and `cancel_requested_at` of the same row.
 * A half-streamed turn that nobody will finish is announced as void before the final event (I15).
 */
const statement = {
  name: 'cancel-tasks',
  text: `
    with locked as materialized (
      select h.task_id, h.status, h.next_seq, h.open_turn_seq, h.cancel_requested_at
      from task_heads h
      where h.task_id = any($1::uuid[]) and h.tenant_id = $2::uuid
      order by h.task_id
      for no key update
    ), decided as (
      select l.task_id, l.status, l.next_seq, l.open_turn_seq,
        case
          when l.status <> all($8::text[]) then 'final'
          when l.status <> 'running' or $3::boolean then 'cancelled'
          when l.cancel_requested_at is null then 'requested'
          else 'already_requested'
        end as verdict
      from locked l
    ), written as (
      update task_heads h set
        status = case when d.verdict = 'cancelled' then 'cancelled' else h.status end,
        epoch = h.epoch + case when d.verdict = 'cancelled' and d.status = 'running' then 1 else 0 end,
        cancel_requested_at = coalesce(h.cancel_requested_at, now()),
        open_turn_seq = case when d.verdict = 'cancelled' then null else h.open_turn_seq end,
        next_seq = h.next_seq + case when d.verdict = 'cancelled' and d.open_turn_seq is not null then 2 else 1 end
      from decided d
      where h.task_id = d.task_id and d.verdict in ('cancelled', 'requested')
      returning h.task_id, h.epoch, d.verdict, d.next_seq as first_seq, h.next_seq - 1 as last_seq,
        case when d.verdict = 'cancelled' then d.open_turn_seq end as void_from
    ), rows as (
      select w.task_id, w.epoch, w.verdict, w.first_seq, w.last_seq,
        case when w.void_from is null then '' else
          replace(replace(replace($4::text, '"epoch":0', '"epoch":' || w.epoch),
            '"from":0', '"from":' || w.void_from), '"to":0', '"to":' || (w.first_seq - 1)) || E'\\n' end
        || replace(case when w.verdict = 'cancelled' then $5::text else $6::text end,
          '"epoch":0', '"epoch":' || w.epoch) as payload,
        case when w.void_from is null then '{}'::text[] else array['turn.voided'] end
          || case when w.verdict = 'cancelled' then 'task.cancelled' else 'task.cancel_requested' end as types
      from written w
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select task_id, last_seq, first_seq, epoch, types, repeat('u', cardinality(types)), payload from rows
    ), ended as (
      update tasks t set incarnation = null, waiting_for = null, wake_at = null, next_dispatch_at = null,
        finished_at = now()
      from rows r
      where t.id = r.task_id and r.verdict = 'cancelled'
    ), audited as (
      insert into audit_log (id, tenant_id, actor, action, target, reason)
      select a.id, $2::uuid, $9, 'task.' || replace(r.verdict, 'requested', 'cancel_requested'), a.target, $10
      from rows r join unnest($7::uuid[], $1::uuid[], $11::text[]) as a(id, task_id, target) on a.task_id = r.task_id
    )
    select d.task_id, d.verdict, case when d.verdict = 'cancelled' then 'cancelled' else d.status end as status,
      coalesce(r.last_seq, d.next_seq - 1) as last_seq, r.first_seq, r.types, r.payload
    from decided d left join rows r on r.task_id = d.task_id`,
};

/** Cancels tasks of the tenant; those it does not have are missing in the answer. */
export async function cancelTasks(db: Queryable, request: CancelRequest): Promise<CancelAnswer[]> {
  const at = new Date();
  const data = { reason: request.reason };
  const forced = { ...data, forced: request.force || undefined };
  const rows = await runQuery<{
    task_id: string;
    verdict: CancelVerdict;
    status: Status;
    last_seq: number;
    first_seq: number | null;
    types: string[] | null;
    payload: string | null;
  }>(db, statement, [
    request.taskIds.map(toUuid),
    toUuid(request.tenantId),
    request.force,
    toEventLine({ type: 'turn.voided', data: { from: 0, to: 0 } }, 0, at).line,
    toEventLine({ type: 'task.cancelled', data: forced }, 0, at).line,
    toEventLine({ type: 'task.cancel_requested', data }, 0, at).line,
    request.taskIds.map(() => toUuid(createId('audit'))),
    statusesThatMayBecome('cancelled'),
    request.actor,
    request.reason ?? null,
    request.taskIds,
  ]);
  return rows.map((row) => {
    const taskId = fromUuid('task', row.task_id);
    const events =
      row.first_seq === null || row.types === null || row.payload === null
        ? undefined
        : {
            taskId,
            firstSeq: row.first_seq,
            lastSeq: row.last_seq,
            types: row.types,
            visibility: 'u'.repeat(row.types.length),
            payload: row.payload,
          };
    return { taskId, verdict: row.verdict, status: row.status, lastSeq: row.last_seq, events };
  });
}
