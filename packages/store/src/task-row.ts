import {
  type BatchId,
  type DeadLetterId,
  type Failure,
  fromUuid,
  type Json,
  type JsonObject,
  type Limits,
  type Status,
  type StopReason,
  type TaskId,
  type Usage,
  type WaitingFor,
} from '@nightshift/domain';

/** A task with its head, as those who ask for it see it. */
export interface TaskRow {
  id: TaskId;
  batchId: BatchId | undefined;
  batchIndex: number | undefined;
  customId: string | undefined;
  agent: string;
  agentVersion: string | undefined;
  status: Status;
  waitingFor: WaitingFor | undefined;
  wakeAt: Date | undefined;
  cancelRequestedAt: Date | undefined;
  priority: number;
  tags: string[];
  metadata: Record<string, string>;
  limits: Limits;
  run: number;
  attempts: number;
  progress: JsonObject | undefined;
  usage: Partial<Usage> | undefined;
  result: Json | undefined;
  stopReason: StopReason | undefined;
  failure: Failure | undefined;
  deadLetterId: DeadLetterId | undefined;
  deadlineAt: Date | undefined;
  createdAt: Date;
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
  /** Number of the newest event. */
  lastSeq: number;
}

/** What `TASK_COLUMNS` selects. */
export interface TaskColumns {
  id: string;
  batch_id: string | null;
  batch_index: number | null;
  custom_id: string | null;
  agent: string;
  agent_version: string | null;
  status: Status;
  waiting_for: WaitingFor | null;
  wake_at: Date | null;
  cancel_requested_at: Date | null;
  priority: number;
  tags: string[];
  metadata: Record<string, string>;
  limits: Limits;
  run: number;
  attempts: number;
  progress: string | null;
  usage: string | null;
  result: string | null;
  stop_reason: StopReason | null;
  failure: string | null;
  dead_letter_id: string | null;
  deadline_at: Date | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  last_seq: number;
}

/** Columns of a task `t` and its head `h`; the input is not among them, it may be megabytes. */
export const TASK_COLUMNS = `t.id, t.batch_id, t.batch_index, t.custom_id, t.agent, t.agent_version, h.status,
      t.waiting_for, t.wake_at, h.cancel_requested_at, t.priority, t.tags, t.metadata, t.limits, t.run, t.attempts,
      h.progress, t.usage, t.result, t.stop_reason, t.failure, t.dead_letter_id, t.deadline_at, t.created_at,
      t.started_at, t.finished_at, h.next_seq - 1 as last_seq`;

export function toTaskRow(row: TaskColumns): TaskRow {
  return {
    id: fromUuid('task', row.id),
    batchId: row.batch_id === null ? undefined : fromUuid('batch', row.batch_id),
    batchIndex: row.batch_index ?? undefined,
    customId: row.custom_id ?? undefined,
    agent: row.agent,
    agentVersion: row.agent_version ?? undefined,
    status: row.status,
    waitingFor: row.waiting_for ?? undefined,
    wakeAt: row.wake_at ?? undefined,
    cancelRequestedAt: row.cancel_requested_at ?? undefined,
    priority: row.priority,
    tags: row.tags,
    metadata: row.metadata,
    limits: row.limits,
    run: row.run,
    attempts: row.attempts,
    progress: parseStored<JsonObject>(row.progress),
    usage: parseStored<Partial<Usage>>(row.usage),
    result: parseStored<Json>(row.result),
    stopReason: row.stop_reason ?? undefined,
    failure: parseStored<Failure>(row.failure),
    deadLetterId: row.dead_letter_id === null ? undefined : fromUuid('dl', row.dead_letter_id),
    deadlineAt: row.deadline_at ?? undefined,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    lastSeq: row.last_seq,
  };
}

/** JSON text that we wrote ourselves. */
function parseStored<T>(text: string | null): T | undefined {
  return text === null ? undefined : (JSON.parse(text) as T);
}
