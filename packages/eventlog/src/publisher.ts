import type { TaskId } from '@nightshift/domain';
import { type EventRow, type Queryable, readEvents } from '@nightshift/store';
import { publishEntries, type RedisConnections } from '@nightshift/streams';
import type { Logger, Metrics } from '@nightshift/telemetry';
import { renderRow } from './render-row.ts';

/** Rows fetched from Postgres to close a gap in the stream; a larger hole is left to the readers. */
const MAX_GAP_EVENTS = 500;

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

  async function publishTask(taskId: TaskId, rows: EventRow[]): Promise<void> {
    const answer = await publishEntries(deps.redis, taskId, rows.map(renderRow), { allowGap: false });
    if (answer.kind === 'ok') return;
    const first = rows[0]?.firstSeq ?? 0;
    const gap = first - 1 - answer.lastSeq;
    const missing = gap <= MAX_GAP_EVENTS ? await readEvents(deps.db, taskId, answer.lastSeq, gap) : [];
    const filled = [...missing.filter((row) => row.lastSeq < first), ...rows];
    await publishEntries(deps.redis, taskId, filled.map(renderRow), { allowGap: true });
  }

  return {
    publish(rows) {
      for (const [taskId, taskRows] of groupByTask(rows)) {
        const work = publishTask(taskId, taskRows)
          .catch((error: unknown) => {
            deps.metrics.publishFailures.inc();
            deps.log.debug(
              { task_id: taskId, error: String(error) },
              'events not published; readers take them from Postgres',
            );
          })
          .finally(() => inFlight.delete(work));
        inFlight.add(work);
      }
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
