import {
  createId,
  FINAL_STATUSES,
  type Status,
  type TaskId,
  type TenantId,
  toEventLine,
  toUuid,
} from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { Delivery } from './offer-tasks.ts';

export interface ReplayRequest {
  tenantId: TenantId;
  taskId: TaskId;
  /** The run that is to be run again; undefined is the newest. A replay of an older one is answered with what it became. */
  run: number | undefined;
  reason: string | undefined;
  /** Who asks, for the run and the audit log. */
  actor: string;
}

/**
 * replayed: a new run is queued. same: it had been replayed before and `run` is that replay. not_final: the first run
 * still goes on. ahead: there is no such run yet.
 */
export type ReplayAnswer =
  | { kind: 'replayed'; run: number; events: EventRow; delivery: Delivery }
  | { kind: 'same'; run: number }
  | { kind: 'not_final'; status: Status }
  | { kind: 'ahead'; run: number };

/**
 * One statement, compare-and-set on a final status and the run (I20). Head first, then the task, both locked before
 * anything is decided: of two clicks the second sees the run the first one made. Attempts and suspicion begin anew,
 * usage goes on; a deadline that has passed gets the time it had at first. The first offer is made after the commit.
 */
const statement = {
  name: 'replay-task',
  text: `
    with head as materialized (
      select h.task_id, h.status, h.next_seq, h.epoch
      from task_heads h
      where h.task_id = $1::uuid and h.tenant_id = $2::uuid
      for no key update
    ), task as materialized (
      select t.id, t.run, t.dispatch_no, t.deadline_at, t.created_at
      from tasks t join head on head.task_id = t.id
      for no key update of t
    ), decided as (
      select head.task_id, head.status, head.next_seq, head.epoch, task.run, task.dispatch_no,
        case
          when $3::integer > task.run then 'ahead'
          when $3::integer < task.run then 'same'
          when head.status = any($4::text[]) then 'replayed'
          when task.run > 1 and $3::integer is null then 'same'
          else 'not_final'
        end as verdict
      from head join task on task.id = head.task_id
    ), requeued as (
      update task_heads h set
        status = 'queued', cancel_requested_at = null, open_turn_seq = null, next_seq = h.next_seq + 1
      from decided d
      where h.task_id = d.task_id and d.verdict = 'replayed'
      returning h.task_id, h.epoch, h.next_seq - 1 as seq, d.run + 1 as run, d.dispatch_no + 1 as dispatch_no,
        replace(replace($5::text, '"epoch":0', '"epoch":' || h.epoch), '"run":0', '"run":' || (d.run + 1)) as payload,
        exists (select from dead_letters b where b.task_id = h.task_id and b.run = d.run and b.reason = 'poison') as was_poison
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select task_id, seq, seq, epoch, array['task.replayed'], 'u', payload from requeued
    ), reset as (
      update tasks t set
        run = r.run, dispatch_no = r.dispatch_no, offers = 0, next_dispatch_at = now() + interval '30 seconds',
        waiting_for = null, wake_at = null, incarnation = null, attempts = 0, suspicion = 0, guilt = 0, history = '[]',
        isolated = r.was_poison, deaths = case when r.was_poison then t.deaths else 0 end,
        result = null, stop_reason = null, failure = null, dead_letter_id = null, finished_at = null,
        deadline_at = case when t.deadline_at <= now() then now() + (t.deadline_at - t.created_at) else t.deadline_at end
      from requeued r
      where t.id = r.task_id
    ), begun as (
      insert into task_runs (task_id, run, base_run, mode, requested_by, reason)
      select task_id, run, run - 1, 'resume', $6, $7 from requeued
    ), resolved as (
      update dead_letters d set status = 'replayed', resolved_at = now(), resolved_by = $6, replay_run = r.run
      from requeued r
      where d.task_id = r.task_id and d.run = r.run - 1 and d.status = 'open'
    ), audited as (
      insert into audit_log (id, tenant_id, actor, action, target, reason, detail)
      select $8::uuid, $2::uuid, $6, 'task.replayed', $9, $7, json_build_object('run', run, 'mode', 'resume')::text
      from requeued
    )
    select d.verdict, d.status, coalesce(r.run, d.run) as run, r.seq, r.payload, r.dispatch_no
    from decided d left join requeued r on r.task_id = d.task_id`,
};

interface Row {
  verdict: 'ahead' | 'same' | 'replayed' | 'not_final';
  status: Status;
  run: number;
  seq: number | null;
  payload: string | null;
  dispatch_no: number | null;
}

/** Runs a finished task again from its journal; undefined when the tenant has no such task. */
export async function replayTask(db: Queryable, request: ReplayRequest): Promise<ReplayAnswer | undefined> {
  const { taskId, reason } = request;
  const line = toEventLine({ type: 'task.replayed', data: { run: 0, mode: 'resume', reason } }, 0, new Date());
  const [row] = await runQuery<Row>(db, statement, [
    toUuid(taskId),
    toUuid(request.tenantId),
    request.run ?? null,
    FINAL_STATUSES,
    line.line,
    request.actor,
    reason ?? null,
    toUuid(createId('audit')),
    taskId,
  ]);
  if (!row) return undefined;
  if (row.seq === null || row.payload === null || row.dispatch_no === null) {
    if (row.verdict === 'not_final') return { kind: 'not_final', status: row.status };
    return { kind: row.verdict === 'ahead' ? 'ahead' : 'same', run: row.run };
  }
  return {
    kind: 'replayed',
    run: row.run,
    events: {
      taskId,
      firstSeq: row.seq,
      lastSeq: row.seq,
      types: [line.type],
      visibility: 'u',
      payload: row.payload,
    },
    delivery: { taskId, dispatchNo: row.dispatch_no },
  };
}
