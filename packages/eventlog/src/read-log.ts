import type { TaskId } from '@nightshift/domain';
import { type Queryable, readEvents } from '@nightshift/store';
import { type RedisConnections, readEntries, type StreamEntry } from '@nightshift/streams';
import type { Metrics } from '@nightshift/telemetry';
import { renderRow } from './render-row.ts';

/** Rows fetched at once: bounds what a replay holds in memory. */
const PAGE_ROWS = 200;

export interface LogReader {
  readonly db: Queryable;
  readonly redis: RedisConnections;
  readonly metrics: Metrics;
}

/**
 * The entries after the cursor, contiguous and in order, at most a page: from Redis when it has them without a hole, else
 * from Postgres. Redis holds only committed rows, so that whatever it has is true; that it has nothing says nothing.
 */
export async function readLog(deps: LogReader, taskId: TaskId, after: number): Promise<StreamEntry[]> {
  const cached = toContiguous(await readEntries(deps.redis, taskId, after, PAGE_ROWS).catch(() => []), after);
  if (cached.length > 0) return cached;
  const rows = await readEvents(deps.db, taskId, after, PAGE_ROWS);
  if (rows.length > 0) deps.metrics.streamHolesFilled.inc();
  return rows.map(renderRow);
}

/** The entries up to the first hole. */
function toContiguous(entries: readonly StreamEntry[], after: number): StreamEntry[] {
  let cursor = after;
  const contiguous: StreamEntry[] = [];
  for (const entry of entries) {
    if (entry.firstSeq > cursor + 1) break;
    contiguous.push(entry);
    cursor = entry.lastSeq;
  }
  return contiguous;
}
