import { type FinalStatus, invariant, isFinal } from '@nightshift/domain';
import type { TaskRow } from '@nightshift/store';
import type { Artifact } from '../schemas/artifact.ts';
import type { BatchResult } from '../schemas/batch-result.ts';
import { usageOf } from './to-task.ts';
import { toTime } from './to-time.ts';

export function toBatchResult(row: TaskRow, artifacts: Artifact[]): BatchResult {
  return {
    index: row.batchIndex ?? 0,
    custom_id: row.customId ?? '',
    task_id: row.id,
    status: toFinal(row),
    result: row.result ?? null,
    stop_reason: row.stopReason ?? null,
    failure: row.failure ?? null,
    dead_letter_id: row.deadLetterId ?? null,
    usage: usageOf(row),
    artifacts,
    finished_at: toTime(row.finishedAt),
  };
}

function toFinal(row: TaskRow): FinalStatus {
  invariant(isFinal(row.status), 'only tasks that are over have a result');
  return row.status;
}
