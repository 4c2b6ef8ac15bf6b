import {
  type ArtifactId,
  type DeadLetterId,
  type EventLine,
  type Failure,
  fromUuid,
  type RetryStopped,
  type Status,
  type StepId,
  type StopReason,
  type TaskId,
  toJsonText,
  toUuid,
  toVisibilityMask,
  type Usage,
  type WaitingFor,
} from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { StepRow } from '../step-row.ts';
import { FLUSH_TASKS_SQL } from './flush-tasks.sql.ts';

export interface ArtifactRow {
  id: ArtifactId;
  run: number;
  stepId: StepId;
  name: string;
  mediaType: string;
  status: 'uploading' | 'completed' | 'aborted';
  bytes: number;
  sha256?: string | undefined;
  s3Key: string;
  usable: boolean;
}

export type DeadLetterReason = 'poison' | 'permanent' | 'exhausted' | 'needs_ops' | 'unknown_outcome';

/** How the epoch ends. `queued` hands the task back at a step boundary: it costs no attempt. */
export interface Settlement {
  to: Exclude<Status, 'running'>;
  waitingFor?: WaitingFor;
  wakeInMs?: number;
  result?: string;
  stopReason?: StopReason;
  failure?: Failure;
  usage: Usage;
  /** Failed attempts of this run so far, and what they were. */
  attempts: number;
  history: unknown[];
  /** Newest signal that was read: one that came after it refuses the settlement (`signal_first`). */
  signalNo?: number;
  deadLetter?: { id: DeadLetterId; reason: DeadLetterReason; retryStopped: RetryStopped; lastStepKey?: string };
}

/** Everything one flush writes for one task; committed together or not at all. */
export interface TaskFlush {
  taskId: TaskId;
  epoch: number;
  /** One more than that of the last flush of this epoch. A repeated flush has the same number and the same content. */
  flushNo: number;
  events: EventLine[];
  steps: StepRow[];
  artifacts: ArtifactRow[];
  /** Index in `events` of a `turn.started` whose turn stays open, null when the open turn was settled. */
  openTurn?: number | null | undefined;
  /** JSON text for GET: turn, tool, usage. */
  progress?: string | undefined;
  /** Version and journal version of the agent that runs the task. */
  agentVersion?: { version: string; journalVersion: number } | undefined;
  clearSuspicion?: boolean | undefined;
  settlement?: Settlement | undefined;
}

/**
 * ok: written. repeated: it had been written before, the reply was lost. busy: somebody holds the head, try again.
 * fenced: the epoch is over, nothing was written. cancel_first: a cancel was requested before this settlement, nothing
 * was written. signal_first: somebody told the task something that the settlement does not know of; nothing was written.
 */
export type FlushVerdict = 'ok' | 'repeated' | 'busy' | 'fenced' | 'cancel_first' | 'signal_first';

export interface FlushAnswer {
  taskId: TaskId;
  verdict: FlushVerdict;
  /** Number of the first event of the flush, if it had events; undefined when nothing was written. */
  firstSeq: number | undefined;
  cancelRequested: boolean;
  /** Number of the newest signal; undefined when the head was not to be had. */
  signalNo: number | undefined;
}

const statement = { name: 'flush-tasks', text: FLUSH_TASKS_SQL };

/**
 * The fenced write of a worker, for all its tasks at once (ARCHITECTURE.md 9). Answers in the order of the flushes. The
 * same task may occur twice with different epochs, never twice with the same.
 */
export async function flushTasks(db: Queryable, flushes: readonly TaskFlush[]): Promise<FlushAnswer[]> {
  const rows = await runQuery<{
    task_id: string;
    verdict: FlushVerdict;
    first_seq: number | null;
    cancel_requested: boolean | null;
    signal_no: number | null;
  }>(db, statement, [
    flushes.map((flush) => toUuid(flush.taskId)),
    flushes.map((flush) => flush.epoch),
    flushes.map((flush) => flush.flushNo),
    flushes.map((flush) => flush.events.length),
    flushes.map((flush) => flush.events.map((event) => event.type).join(',')),
    flushes.map((flush) => toVisibilityMask(flush.events)),
    flushes.map((flush) => flush.events.map((event) => event.line).join('\n')),
    flushes.map((flush) => (flush.openTurn === undefined ? null : (flush.openTurn ?? -1))),
    flushes.map((flush) => flush.progress ?? null),
    flushes.map((flush) => flush.settlement?.to ?? null),
    toJsonText(flushes.flatMap((flush) => flush.steps.map((step) => toStepJson(flush, step)))),
    toJsonText(flushes.flatMap((flush) => flush.artifacts.map((row) => toArtifactJson(flush, row)))),
    toJsonText(flushes.flatMap(toTaskJson)),
    flushes.map((flush) => flush.settlement?.signalNo ?? null),
  ]);
  return rows.map((row) => ({
    taskId: fromUuid('task', row.task_id),
    verdict: row.verdict,
    firstSeq: row.first_seq ?? undefined,
    cancelRequested: row.cancel_requested === true,
    signalNo: row.signal_no ?? undefined,
  }));
}

function toStepJson({ taskId, epoch }: TaskFlush, step: StepRow) {
  return {
    task_id: toUuid(taskId),
    task_epoch: epoch,
    run: step.run,
    step_key: step.stepKey,
    id: toUuid(step.id),
    turn: step.turn,
    position: step.position,
    kind: step.kind,
    name: step.name,
    status: step.status,
    effect_class: step.effectClass,
    idempotency_key: step.idempotencyKey,
    input_hash: step.inputHash,
    content: step.content,
    failure: step.failure && toJsonText(step.failure),
    attempts: step.attempts,
    usage: step.usage && toJsonText(step.usage),
    started_at: step.startedAt,
  };
}

function toArtifactJson({ taskId, epoch }: TaskFlush, row: ArtifactRow) {
  return {
    task_id: toUuid(taskId),
    task_epoch: epoch,
    id: toUuid(row.id),
    run: row.run,
    step_id: toUuid(row.stepId),
    name: row.name,
    media_type: row.mediaType,
    status: row.status,
    bytes: row.bytes,
    sha256: row.sha256,
    s3_key: row.s3Key,
    usable: row.usable,
  };
}

/** What the flush changes in `tasks`: only flushes that change something there have an entry. */
function toTaskJson(flush: TaskFlush) {
  const end = flush.settlement;
  if (!end && flush.agentVersion === undefined && !flush.clearSuspicion) return [];
  return [
    {
      task_id: toUuid(flush.taskId),
      task_epoch: flush.epoch,
      agent_version: flush.agentVersion?.version,
      journal_version: flush.agentVersion?.journalVersion,
      clear_suspicion: flush.clearSuspicion === true || end?.to === 'completed',
      to_status: end?.to,
      waiting_for: end?.waitingFor,
      wake_in_ms: end?.wakeInMs,
      result: end?.result,
      stop_reason: end?.stopReason,
      failure: end?.failure && toJsonText(end.failure),
      code: end?.failure?.code,
      fingerprint: end?.failure?.fingerprint,
      usage: end && toJsonText(end.usage),
      attempts: end?.attempts,
      history: end && toJsonText(end.history),
      dead_letter_id: end?.deadLetter && toUuid(end.deadLetter.id),
      reason: end?.deadLetter?.reason,
      retry_stopped: end?.deadLetter?.retryStopped,
      last_step_key: end?.deadLetter?.lastStepKey,
    },
  ];
}
