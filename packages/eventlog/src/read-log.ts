import type { TaskId } from '@nightshift/domain';
import { type Queryable, readLogPage } from '@nightshift/store';
import { type RedisConnections, readEntries, type StreamEntry } from '@nightshift/streams';
import type { Metrics } from '@nightshift/telemetry';
import { renderRow } from './render-row.ts';

/** Fetched at once: bounds what a replay holds in memory, for each reader. A single flush is 64 KB at most, about. */
const PAGE_ROWS = 100;
const PAGE_BYTES = 128 * 1024;

export interface LogReader {
  readonly db: Queryable;
  readonly redis: RedisConnections;
  readonly metrics: Metrics;
}

/** A stretch of the log that nobody can be given any more; both numbers included. */
export interface LogGap {
  from: number;
  to: number;
}

/** What follows a cursor: the gap, if there is one, then entries without a hole. */
export interface LogStretch {
  gap: LogGap | undefined;
  entries: StreamEntry[];
}

/**
 * The entries after the cursor, contiguous and in order, at most a page: from Redis when it has them without a hole, else
 * from Postgres. Redis holds only committed rows, so that whatever it has is true; that it has nothing says nothing. What
 * Postgres does not have either, because retention took it, is named as a gap, never passed over (I14).
 */
export async function readLog(deps: LogReader, taskId: TaskId, after: number): Promise<LogStretch> {
  const cached = toContiguous(await readEntries(deps.redis, taskId, after, PAGE_ROWS).catch(() => []), after);
  if (cached.length > 0) return { gap: undefined, entries: cached };
  const page = await readLogPage(deps.db, { taskId, after, maxRows: PAGE_ROWS, maxBytes: PAGE_BYTES });
  const [first] = page.rows;
  if (first) deps.metrics.streamHolesFilled.inc();
  const entries = page.rows.map(renderRow);
  if (first && first.firstSeq <= after + 1) return { gap: undefined, entries: toContiguous(entries, after) };
  const to = Math.max(page.purgedSeq, first ? first.firstSeq - 1 : 0);
  if (to <= after) return { gap: undefined, entries: [] };
  deps.metrics.streamGaps.inc();
  const rest = entries.filter((entry) => entry.lastSeq > to);
  return { gap: { from: after + 1, to }, entries: toContiguous(rest, to) };
}

/** The entries up to the first hole, or to as much as a page may hold. */
function toContiguous(entries: readonly StreamEntry[], after: number): StreamEntry[] {
  let cursor = after;
  let chars = 0;
  const contiguous: StreamEntry[] = [];
  for (const entry of entries) {
    if (entry.firstSeq > cursor + 1 || chars > PAGE_BYTES) break;
    contiguous.push(entry);
    cursor = entry.lastSeq;
    chars += entry.developerText.length;
  }
  return contiguous;
}
