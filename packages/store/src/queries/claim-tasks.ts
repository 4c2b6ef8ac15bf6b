import {
  fromUuid,
  type Incarnation,
  type Json,
  type JsonObject,
  type Limits,
  MAX_GUILT,
  MAX_GUILTY_SUSPICION,
  MAX_SUSPICION,
  type TaskId,
  type TenantId,
  toUuid,
} from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** A task as its new owner needs it. */
export interface ClaimedTask {
  taskId: TaskId;
  tenantId: TenantId;
  epoch: number;
  run: number;
  agent: string;
  agentVersion: string | undefined;
  /** Of the agent that wrote the journal; undefined before a worker has started. */
  journalVersion: number | undefined;
  input: Json;
  limits: Limits;
  metadata: JsonObject;
  attempts: number;
  suspicion: number;
  /** Deaths of a process that ran only this task, and of any that ran it, in this run. */
  guilt: number;
  deaths: number;
  /** It is a suspect: it runs alone until enough steps are settled. */
  isolated: boolean;
  history: Json[];
  /** By the clock of this process: what Postgres' clock says is left, counted from now (A4). */
  deadlineAt: Date | undefined;
  cancelRequested: boolean;
  traceparent: string | undefined;
  createdAt: Date;
  /** What the claim logged (task.started or task.resumed, turn.voided): to be published by the claimer. */
  events: EventRow;
}

interface Row {
  id: string;
  tenant_id: string;
  epoch: number;
  run: number;
  agent: string;
  agent_version: string | null;
  journal_version: number | null;
  input: string;
  limits: Limits;
  metadata: JsonObject;
  attempts: number;
  suspicion: number;
  guilt: number;
  deaths: number;
  isolated: boolean;
  history: string;
  deadline_in_ms: number | null;
  cancel_requested: boolean;
  traceparent: string | null;
  created_at: Date;
  first_seq: number;
  last_seq: number;
  types: string[];
  visibility: string;
  payload: string;
}

/**
 * One statement: locks the heads of the wanted tasks that are queued, bumps their epoch, makes this incarnation the
 * owner and logs the first events of the epoch. A head that is locked is being claimed, cancelled or ended by somebody
 * else: it is skipped, so that one hung transaction never holds up the other claims of the statement, and answered as
 * busy, since a flush or a look of a housekeeper may hold it too. A half-streamed turn of an earlier epoch is announced
 * as void (I15). An incarnation that was declared dead claims nothing. Nor does anybody claim what a pause holds, or what a cap may
 * hold and was not offered since it was queued: Redis may still have, or have again, a job from before that.
 * A shared worker is told of suspects and does not claim them; one that is condemned it claims, to settle it unrun.
 */
const statement = {
  name: 'claim-tasks',
  text: `
    with wanted as materialized (
      select h.task_id, $4::boolean and t.isolated and t.guilt < $5::integer and t.suspicion < $6::integer
        and not (t.guilt > 0 and t.suspicion >= ${MAX_GUILTY_SUSPICION}) as is_suspect
      from task_heads h join tasks t on t.id = h.task_id
      where h.task_id = any($1::uuid[]) and h.status = 'queued'
        and exists (select from workers w where w.incarnation = $2::uuid and w.status = 'alive')
        and not exists (select from tenant_queues q
          where q.tenant_id = t.tenant_id and (q.paused or t.offers = 0 and q.max_running is not null))
        and (t.offers > 0 or not exists (select from batches b where b.id = t.batch_id and b.concurrency is not null))
    ), locked as materialized (
      select h.task_id, h.next_seq, h.open_turn_seq
      from task_heads h
      where h.task_id in (select task_id from wanted where not is_suspect) and h.status = 'queued'
      order by h.task_id
      for no key update skip locked
    ), claimed as (
      update task_heads h set
        epoch = h.epoch + 1, flush_no = 0, status = 'running', open_turn_seq = null,
        next_seq = h.next_seq + case when l.open_turn_seq is null then 1 else 2 end
      from locked l
      where h.task_id = l.task_id and h.status = 'queued'
      returning h.task_id, h.epoch, h.cancel_requested_at, l.next_seq as first_seq, h.next_seq - 1 as last_seq,
        l.open_turn_seq
    ), owned as (
      update tasks t set
        incarnation = $2::uuid, next_dispatch_at = null, offers = 0, offered_at_submit = false, waiting_for = null, wake_at = null,
        started_at = coalesce(t.started_at, now())
      from claimed c
      where t.id = c.task_id
      returning t.id, t.tenant_id, t.run, t.agent, t.agent_version, t.journal_version, t.input, t.limits, t.metadata, t.attempts,
        t.suspicion, t.guilt, t.deaths, t.isolated, t.history,
        (extract(epoch from t.deadline_at - now()) * 1000)::float8 as deadline_in_ms, t.traceparent, t.created_at
    ), announced as (
      select c.task_id, c.first_seq, c.last_seq, c.epoch,
        case when c.epoch = 1 then 'task.started' else 'task.resumed' end as type,
        json_build_object('epoch', c.epoch, 'created_at',
          to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text as common,
        json_build_object('run', o.run, 'attempt', o.attempts + 1, 'worker', $3::text)::text as data,
        c.open_turn_seq
      from claimed c join owned o on o.id = c.task_id
    ), rows as (
      select task_id, first_seq, last_seq, epoch,
        case when open_turn_seq is null then array[type] else array[type, 'turn.voided'] end as types,
        case when open_turn_seq is null then 'u' else 'uu' end as visibility,
        '{"type":"' || type || '",' || substr(common, 2, length(common) - 2) || ',"data":' || data || '}'
          || case when open_turn_seq is null then '' else
            E'\\n{"type":"turn.voided",' || substr(common, 2, length(common) - 2)
            || ',"data":{"from":' || open_turn_seq || ',"to":' || (first_seq - 1) || '}}' end as payload
      from announced
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select task_id, last_seq, first_seq, epoch, types, visibility, payload from rows
    )
    select w.task_id as id, w.is_suspect, o.tenant_id, o.run, o.agent, o.agent_version, o.journal_version, o.input, o.limits, o.metadata,
      o.attempts, o.suspicion, o.guilt, o.deaths, o.isolated, o.history, o.deadline_in_ms, o.traceparent, o.created_at, c.epoch,
      c.cancel_requested_at is not null as cancel_requested, r.first_seq, r.last_seq, r.types, r.visibility, r.payload
    from wanted w
      left join claimed c on c.task_id = w.task_id
      left join owned o on o.id = w.task_id
      left join rows r on r.task_id = w.task_id`,
};

/** What became of the tasks that were asked for; one that is in neither list belongs to somebody else, which is normal. */
export interface ClaimAnswer {
  claimed: ClaimedTask[];
  /** Queued when the statement began, and somebody held the head: worth asking for again shortly. */
  busy: TaskId[];
  /** Queued, and to be run by a process that runs nothing else. */
  suspects: TaskId[];
}

export interface ClaimRequest {
  taskIds: readonly TaskId[];
  incarnation: Incarnation;
  workerName: string;
  /** This process runs other tasks as well: it claims no suspect, unless it is only to be buried. */
  isShared?: boolean;
}

/** Claims those of the tasks that are queued now. */
export async function tryClaimTasks(db: Queryable, options: ClaimRequest): Promise<ClaimAnswer> {
  const rows = await runQuery<Row | { id: string; epoch: null; is_suspect: boolean }>(db, statement, [
    options.taskIds.map(toUuid),
    toUuid(options.incarnation),
    options.workerName,
    options.isShared === true,
    MAX_GUILT,
    MAX_SUSPICION,
  ]);
  const answer: ClaimAnswer = { claimed: [], busy: [], suspects: [] };
  for (const row of rows) {
    if (row.epoch !== null) answer.claimed.push(toClaimedTask(row));
    else if (row.is_suspect) answer.suspects.push(fromUuid('task', row.id));
    else answer.busy.push(fromUuid('task', row.id));
  }
  return answer;
}

/** As `tryClaimTasks`, for callers that do not ask again. */
export async function claimTasks(db: Queryable, options: ClaimRequest): Promise<ClaimedTask[]> {
  return (await tryClaimTasks(db, options)).claimed;
}

function toClaimedTask(row: Row): ClaimedTask {
  const taskId = fromUuid('task', row.id);
  return {
    taskId,
    tenantId: fromUuid('tenant', row.tenant_id),
    epoch: row.epoch,
    run: row.run,
    agent: row.agent,
    agentVersion: row.agent_version ?? undefined,
    journalVersion: row.journal_version ?? undefined,
    input: JSON.parse(row.input) as Json,
    limits: row.limits,
    metadata: row.metadata,
    attempts: row.attempts,
    suspicion: row.suspicion,
    guilt: row.guilt,
    deaths: row.deaths,
    isolated: row.isolated,
    history: JSON.parse(row.history) as Json[],
    deadlineAt: row.deadline_in_ms === null ? undefined : new Date(Date.now() + row.deadline_in_ms),
    cancelRequested: row.cancel_requested,
    traceparent: row.traceparent ?? undefined,
    createdAt: row.created_at,
    events: {
      taskId,
      firstSeq: row.first_seq,
      lastSeq: row.last_seq,
      types: row.types,
      visibility: row.visibility,
      payload: row.payload,
    },
  };
}
