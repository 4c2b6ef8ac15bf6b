import { isFinal, type Json, type Usage } from '@nightshift/domain';
import type { TaskRow } from '@nightshift/store';
import type { Task } from '../schemas/task.ts';
import { toTime } from './to-time.ts';

const POLL_RUNNING_MS = 1_000;
const POLL_WAITING_MS = 5_000;

/** When asking again makes sense; null when nothing will change. */
export function pollAfterMs(row: Pick<TaskRow, 'status'>): number | null {
  if (isFinal(row.status)) return null;
  return row.status === 'waiting' ? POLL_WAITING_MS : POLL_RUNNING_MS;
}

/** A task as clients see it. */
export function toTask(
  row: TaskRow & { input?: Json },
  { artifacts, questions }: Pick<Task, 'artifacts' | 'questions'> = {},
): Task {
  return {
    id: row.id,
    agent: row.agent,
    agent_version: row.agentVersion ?? null,
    status: row.status,
    waiting_for: row.waitingFor ?? null,
    wake_at: toTime(row.wakeAt),
    cancel_requested_at: toTime(row.cancelRequestedAt),
    batch_id: row.batchId ?? null,
    custom_id: row.customId ?? null,
    priority: row.priority,
    tags: row.tags,
    metadata: row.metadata,
    limits: { ...row.limits },
    run: row.run,
    attempts: row.attempts,
    progress: row.progress ?? null,
    usage: usageOf(row),
    result: row.result ?? null,
    stop_reason: row.stopReason ?? null,
    failure: row.failure ?? null,
    dead_letter_id: row.deadLetterId ?? null,
    ...(artifacts === undefined ? {} : { artifacts }),
    ...(questions === undefined ? {} : { questions }),
    ...('input' in row ? { input: row.input } : {}),
    last_event_id: row.lastSeq,
    poll_after_ms: pollAfterMs(row),
    created_at: row.createdAt.toISOString(),
    started_at: toTime(row.startedAt),
    finished_at: toTime(row.finishedAt),
    deadline_at: toTime(row.deadlineAt),
  };
}

/** Settled usage is exact; a task that is not settled, or was ended by force, has what its last flush reported. */
export function usageOf(row: TaskRow): Partial<Usage> | null {
  const reported = row.progress?.usage;
  const live = reported !== null && typeof reported === 'object' ? (reported as Partial<Usage>) : undefined;
  const isSettled = row.status === 'completed' || row.status === 'failed' || row.status === 'expired';
  return (isSettled ? (row.usage ?? live) : (live ?? row.usage)) ?? null;
}
