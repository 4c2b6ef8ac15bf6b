import {
  deleteEndedWorkers,
  deleteOldFiles,
  deleteOldKeys,
  deletePurgedRows,
  markPurgedTasks,
  type Pool,
} from '@nightshift/store';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { Housekeeper } from './housekeeper.ts';

/** Not as fast as the database allows: nobody waits for this. */
const INTERVAL_MS = 1_000;
/** What is not per task is looked at in one pass of so many, and again at once while there is a full load. */
const PASSES_PER_LOOK = 60;
const MAX_TASKS_PER_PASS = 20;
const MAX_ROWS_PER_PASS = 1_000;
/** API.md 4 promises a day; the second one is for clients that come back after a night and a morning. */
const KEY_AGE_MS = 48 * 60 * 60_000;

/**
 * Removes what is older than the retention, in small pieces: logs, journals and signals of tasks that ended, never those of one that
 * may still run; idempotency keys; lives of workers; rows of deleted files. Status, result, failure, dead letter and
 * artifacts of a task stay, and so does the audit log. Readers are told what is missing (`stream.gap`).
 */
export function createRetentionCleaner(deps: {
  pool: Pool;
  log: Logger;
  metrics: Metrics;
  retentionMs: number;
}): Housekeeper {
  const { pool, log, metrics, retentionMs } = deps;
  let passesToGo = 0;

  async function cleanTasks() {
    await markPurgedTasks(pool, MAX_TASKS_PER_PASS, retentionMs);
    const { events, steps } = await deletePurgedRows(pool, MAX_TASKS_PER_PASS);
    return { task_events: events, task_steps: steps };
  }

  async function cleanOthers() {
    if (passesToGo-- > 0) return {};
    const removed = {
      idempotency_keys: await deleteOldKeys(pool, MAX_ROWS_PER_PASS, KEY_AGE_MS),
      workers: await deleteEndedWorkers(pool, MAX_ROWS_PER_PASS, retentionMs),
      files: await deleteOldFiles(pool, MAX_ROWS_PER_PASS, retentionMs),
    };
    passesToGo = Object.values(removed).includes(MAX_ROWS_PER_PASS) ? 0 : PASSES_PER_LOOK - 1;
    return removed;
  }

  return {
    name: 'retention-cleaner',
    intervalMs: INTERVAL_MS,
    async runOnce() {
      const removed: Record<string, number> = { ...(await cleanTasks()), ...(await cleanOthers()) };
      const counts = Object.entries(removed).filter(([, count]) => count > 0);
      for (const [table, count] of counts) metrics.rowsRemoved.inc({ table }, count);
      if (counts.length > 0) log.info(Object.fromEntries(counts), 'rows beyond the retention are removed');
      return false;
    },
  };
}
