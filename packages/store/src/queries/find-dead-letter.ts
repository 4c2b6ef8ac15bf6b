import {
  type BatchId,
  type DeadLetterId,
  type Failure,
  fromUuid,
  type Json,
  type RetryStopped,
  type TaskId,
  type TenantId,
  toUuid,
  type Usage,
} from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { DeadLetterReason } from './flush-tasks.ts';

export type DeadLetterStatus = 'open' | 'replayed' | 'discarded';

/** A run that failed for good, with what an operator needs to understand it and to run it again. */
export interface DeadLetter {
  id: DeadLetterId;
  taskId: TaskId;
  run: number;
  batchId: BatchId | undefined;
  agent: string;
  agentVersion: string | undefined;
  reason: DeadLetterReason;
  retryStopped: RetryStopped;
  failure: Failure;
  /** The failed attempts of the run, oldest first. */
  history: Json[];
  usage: Partial<Usage> | undefined;
  epoch: number;
  lastStepKey: string | undefined;
  status: DeadLetterStatus;
  resolvedAt: Date | undefined;
  resolvedBy: string | undefined;
  replayRun: number | undefined;
  createdAt: Date;
}

export interface DeadLetterColumns {
  id: string;
  task_id: string;
  run: number;
  batch_id: string | null;
  agent: string;
  agent_version: string | null;
  reason: DeadLetterReason;
  retry_stopped: RetryStopped;
  failure: string;
  history: string;
  usage: string | null;
  epoch: number;
  last_step_key: string | null;
  status: DeadLetterStatus;
  resolved_at: Date | null;
  resolved_by: string | null;
  replay_run: number | null;
  created_at: Date;
}

export const DEAD_LETTER_SELECT = `
    select id, task_id, run, batch_id, agent, agent_version, reason, retry_stopped, failure, history, usage, epoch,
      last_step_key, status, resolved_at, resolved_by, replay_run, created_at
    from dead_letters`;

const statement = {
  name: 'find-dead-letter',
  text: `${DEAD_LETTER_SELECT}
    where id = $1::uuid and tenant_id = $2::uuid`,
};

/** The dead letter, if it belongs to the tenant. */
export async function findDeadLetter(
  db: Queryable,
  tenantId: TenantId,
  deadLetterId: DeadLetterId,
): Promise<DeadLetter | undefined> {
  const [row] = await runQuery<DeadLetterColumns>(db, statement, [toUuid(deadLetterId), toUuid(tenantId)]);
  return row && toDeadLetter(row);
}

export function toDeadLetter(row: DeadLetterColumns): DeadLetter {
  return {
    id: fromUuid('dl', row.id),
    taskId: fromUuid('task', row.task_id),
    run: row.run,
    batchId: row.batch_id === null ? undefined : fromUuid('batch', row.batch_id),
    agent: row.agent,
    agentVersion: row.agent_version ?? undefined,
    reason: row.reason,
    retryStopped: row.retry_stopped,
    failure: JSON.parse(row.failure) as Failure,
    history: JSON.parse(row.history) as Json[],
    usage: row.usage === null ? undefined : (JSON.parse(row.usage) as Partial<Usage>),
    epoch: row.epoch,
    lastStepKey: row.last_step_key ?? undefined,
    status: row.status,
    resolvedAt: row.resolved_at ?? undefined,
    resolvedBy: row.resolved_by ?? undefined,
    replayRun: row.replay_run ?? undefined,
    createdAt: row.created_at,
  };
}
