import type { BatchRow } from '@nightshift/store';
import type { Batch } from '../schemas/batch.ts';
import { toTime } from './to-time.ts';

const POLL_MS = 2_000;

export function toBatch(row: BatchRow): Batch {
  const { counts } = row;
  const isOver = counts.queued + counts.running + counts.waiting === 0;
  const open = row.cancelRequestedAt === undefined ? 'in_progress' : 'cancelling';
  return {
    id: row.id,
    name: row.name ?? null,
    agent: row.agent,
    metadata: row.metadata,
    concurrency: row.concurrency ?? null,
    status: isOver ? 'ended' : open,
    request_counts: { total: row.total, ...counts },
    cancel_requested_at: toTime(row.cancelRequestedAt),
    created_at: row.createdAt.toISOString(),
    started_at: toTime(row.startedAt),
    finished_at: toTime(row.finishedAt),
    poll_after_ms: isOver ? null : POLL_MS,
  };
}
