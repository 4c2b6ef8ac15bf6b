import {
  assertNever,
  createId,
  FINAL_STATUSES,
  fromUuid,
  InvariantError,
  type ReplayMode,
  type Status,
  type StepId,
  type TaskId,
  type TenantId,
  toEventLine,
  toUuid,
} from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import { CUT_POSITION, toJournalChain } from './journal-chain.sql.ts';
import type { Delivery } from './offer-tasks.ts';

export interface ReplayRequest {
  tenantId: TenantId;
  taskId: TaskId;
  /** The run that is to be run again; undefined is the newest. A replay of an older one is answered with what it became. */
  run: number | undefined;
  mode: ReplayMode;
  /** Where `from_step` begins again: a step that the newest run can see. */
  stepId?: StepId | undefined;
  /** By agent: the journal version of the deployed agent, as far as the caller knows. Another journal can only be restarted. */
  journalVersions?: Readonly<Record<string, number>>;
  reason: string | undefined;
  /** Who asks, for the run and the audit log. */
  actor: string;
}

/**
 * replayed: a new run is queued. same: it had been replayed before, as it is asked now, and `run` is that replay;
 * otherwise: as `mode` instead. not_final: the first run still goes on. ahead: there is no such run yet. no_such_step: the
 * journal of the run has no such step. journal_gone: retention has removed it. journal_version: the deployed agent cannot
 * read it.
 */
export type ReplayAnswer =
  | { kind: 'replayed'; run: number; events: EventRow; delivery: Delivery }
  | { kind: 'same'; run: number }
  | { kind: 'otherwise'; run: number; mode: ReplayMode }
  | { kind: 'not_final'; status: Status }
  | { kind: 'ahead'; run: number }
  | { kind: 'no_such_step' | 'journal_gone' | 'journal_version'; run: number };

/**
 * One statement, compare-and-set on a final status and the run (I20). Head first, then the task, both locked before
 * anything is decided: of two clicks the second sees the run the first one made. Attempts and suspicion begin anew,
 * usage goes on; a deadline that has passed gets the time it had at first. The first offer is made after the commit.
 */
const statement = {
  name: 'replay-task',
  text: `
    with recursive head as materialized (
      select h.task_id, h.status, h.next_seq, h.epoch
      from task_heads h
      where h.task_id = $1::uuid and h.tenant_id = $2::uuid
      for no key update
    ), task as materialized (
      select t.id, t.run, t.dispatch_no, t.agent, t.journal_version, t.purged_run
      from tasks t join head on head.task_id = t.id
      for no key update of t
    ), chain(run, turn, position) as (${toJournalChain('$1::uuid', 'select run from task')}
    ), begin_at as (
      -- Nothing for resume; the very beginning for restart.
      select 0 as turn, 0 as position where $10 = 'restart'
      union all
      (select s.turn, ${CUT_POSITION}
      from task_steps s join chain c on c.run = s.run and (s.turn, s.position) < (c.turn, c.position)
      where $10 = 'from_step' and s.task_id = $1::uuid and s.id = $11::uuid
      limit 1)
    ), decided as (
      select head.task_id, head.status, task.run, task.dispatch_no,
        case
          when $3::integer > task.run then 'ahead'
          when $3::integer < task.run then 'same'
          when head.status = any($4::text[]) then
            case
              when $10 = 'restart' then 'replayed'
              when exists (select from chain c where c.run <= task.purged_run and c.turn > 0) then 'journal_gone'
              when task.journal_version <> ($12::jsonb ->> task.agent)::integer then 'journal_version'
              when $10 = 'from_step' and not exists (select from begin_at) then 'no_such_step'
              else 'replayed'
            end
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
        agent_version = null, journal_version = case when $10 <> 'restart' then t.journal_version end,
        result = null, stop_reason = null, failure = null, dead_letter_id = null, finished_at = null,
        deadline_at = case when t.deadline_at <= now() then now() + (t.deadline_at - t.created_at) else t.deadline_at end
      from requeued r
      where t.id = r.task_id
    ), begun as (
      insert into task_runs (task_id, run, base_run, base_step, base_turn, base_position, mode, requested_by, reason)
      select r.task_id, r.run, r.run - 1, $11::uuid, b.turn, b.position, $10, $6, $7
      from requeued r left join begin_at b on true
    ), resolved as (
      update dead_letters d set status = 'replayed', resolved_at = now(), resolved_by = $6, replay_run = r.run
      from requeued r
      where d.task_id = r.task_id and d.run = r.run - 1 and d.status = 'open'
    ), audited as (
      insert into audit_log (id, tenant_id, actor, action, target, reason, detail)
      select $8::uuid, $2::uuid, $6, 'task.replayed', $9, $7, json_build_object('run', run, 'mode', $10::text, 'from_step', $13::text)::text
      from requeued
    )
    select d.verdict, d.status, coalesce(r.run, d.run) as run, r.seq, r.payload, r.dispatch_no,
      a.mode as answered_mode, a.base_step as answered_step
    from decided d
      left join requeued r on r.task_id = d.task_id
      left join task_runs a on a.task_id = d.task_id and a.run = coalesce($3::integer, d.run - 1) + 1`,
};

interface Row {
  verdict: ReplayAnswer['kind'];
  status: Status;
  run: number;
  seq: number | null;
  payload: string | null;
  dispatch_no: number | null;
  answered_mode: ReplayMode | null;
  answered_step: string | null;
}

/** Runs a finished task again; undefined when the tenant has no such task. */
export async function replayTask(db: Queryable, request: ReplayRequest): Promise<ReplayAnswer | undefined> {
  const { taskId, reason, mode, stepId } = request;
  const data = { run: 0, mode, from_step: stepId, reason };
  const line = toEventLine({ type: 'task.replayed', data }, 0, new Date());
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
    mode,
    stepId === undefined ? null : toUuid(stepId),
    JSON.stringify(request.journalVersions ?? {}),
    stepId ?? null,
  ]);
  if (!row) return undefined;
  const { seq, payload, dispatch_no: dispatchNo } = row;
  if (seq === null || payload === null || dispatchNo === null) return toRefusal(row, request);
  return {
    kind: 'replayed',
    run: row.run,
    events: { taskId, firstSeq: seq, lastSeq: seq, types: [line.type], visibility: 'u', payload },
    delivery: { taskId, dispatchNo },
  };
}

/** What is answered when no run was made. */
function toRefusal(row: Row, { mode, stepId }: ReplayRequest): ReplayAnswer {
  switch (row.verdict) {
    case 'not_final':
      return { kind: 'not_final', status: row.status };
    case 'same': {
      const answered = row.answered_mode ?? mode;
      const from = row.answered_step === null ? undefined : fromUuid('step', row.answered_step);
      if (answered === mode && (mode !== 'from_step' || from === stepId)) return { kind: 'same', run: row.run };
      return { kind: 'otherwise', run: row.run, mode: answered };
    }
    case 'ahead':
    case 'no_such_step':
    case 'journal_gone':
    case 'journal_version':
      return { kind: row.verdict, run: row.run };
    case 'replayed':
    case 'otherwise':
      throw new InvariantError(`a replay was decided as ${row.verdict} and not made`);
    default:
      return assertNever(row.verdict, 'verdict on a replay');
  }
}
