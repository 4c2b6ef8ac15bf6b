import type { TaskRow } from '@nightshift/store';
import type { BatchItem } from '../schemas/batch-item.ts';
import { toTime } from './to-time.ts';

export function toBatchItem(row: TaskRow): BatchItem {
  return {
    index: row.batchIndex ?? 0,
    custom_id: row.customId ?? '',
    task_id: row.id,
    agent: row.agent,
    status: row.status,
    waiting_for: row.waitingFor ?? null,
    run: row.run,
    attempts: row.attempts,
    progress: row.progress ?? null,
    failure: row.failure ?? null,
    last_event_id: row.lastSeq,
    started_at: toTime(row.startedAt),
    finished_at: toTime(row.finishedAt),
  };
}
