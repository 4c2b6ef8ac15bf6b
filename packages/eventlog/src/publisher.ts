import type { TaskId } from '@nightshift/domain';
import { type EventRow, type Queryable, readEvents } from '@nightshift/store';
import { publishEntries, type RedisConnections } from '@nightshift/streams';
import type { Logger, Metrics } from '@nightshift/telemetry';
import { renderRow } from './render-row.ts';

/** Events fetched from Postgres to close a gap in the stream; a larger hole is left to the readers. */
const MAX_GAP_EVENTS = 500;
/** Handed in and not answered yet. A Redis that hangs must not fill our memory: what is beyond is left to the readers. */
const MAX_IN_FLIGHT_CHARS = 16 * 1024 * 1024;

/** Puts committed rows where live readers see them. */
export interface Publisher {
  /** Best effort, in order per task, never throws: readers fill what is missing from Postgres. */
  publish(rows: readonly EventRow[]): void;
  /** Waits for what was handed in so far. */
  idle(): Promise<void>;
}

export function createPublisher(deps: {
  db: Queryable;
  redis: RedisConnections;
  log: Logger;
  metrics: Metrics;
}): Publisher {
  const inFlight = new Set<Promise<void>>();
  let inFlightChars = 0;

  async function publishTask(taskId: TaskId, rows: EventRow[]): Promise<void> {
    const answer = await publishEntries(deps.redis, taskId, rows.map(renderRow), { allowGap: false });
    if (answer.kind === 'ok') return;
    const filled = await fillGap(taskId, rows, answer.lastSeq);
    await publishEntries(deps.redis, taskId, filled.map(renderRow), { allowGap: true });
  }

  /** The rows from the end of the stream on, as Postgres has them, or only ours when the hole is too large. */
  async function fillGap(taskId: TaskId, rows: EventRow[], lastSeq: number): Promise<EventRow[]> {
    const missing = rows.filter((row) => row.lastSeq > lastSeq);
    const first = missing[0]?.firstSeq ?? 0;
    if (first - lastSeq - 1 > MAX_GAP_EVENTS) return missing;
    const between = await readEvents(deps.db, taskId, lastSeq, MAX_GAP_EVENTS);
    return [...between.filter((row) => row.lastSeq < first), ...missing];
  }

  function publishSafely(taskId: TaskId, rows: EventRow[]): void {
    const chars = rows.reduce((sum, row) => sum + row.payload.length, 0);
    if (inFlightChars + chars > MAX_IN_FLIGHT_CHARS) {
      noteFailure(taskId, 'Redis is too slow');
      return;
    }
    inFlightChars += chars;
    const work = publishTask(taskId, rows)
      .catch((error: unknown) => noteFailure(taskId, String(error)))
      .finally(() => {
        inFlightChars -= chars;
        inFlight.delete(work);
      });
    inFlight.add(work);
  }

  function noteFailure(taskId: TaskId, error: string): void {
    deps.metrics.publishFailures.inc();
    deps.log.debug({ task_id: taskId, error }, 'events not published; readers take them from Postgres');
  }

  return {
    publish(rows) {
      for (const [taskId, taskRows] of groupByTask(rows)) publishSafely(taskId, taskRows);
    },
    async idle() {
      await Promise.all(inFlight);
    },
  };
}

function groupByTask(rows: readonly EventRow[]): Map<TaskId, EventRow[]> {
  const byTask = new Map<TaskId, EventRow[]>();
  for (const row of rows) {
    const known = byTask.get(row.taskId);
    if (known) known.push(row);
    else byTask.set(row.taskId, [row]);
  }
  return byTask;
}
