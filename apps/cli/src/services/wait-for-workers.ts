import { setTimeout as sleep } from 'node:timers/promises';
import type { Queryable } from '@nightshift/store';

const CHECK_INTERVAL_MS = 50;
/** Each worker has ended this often: waiting longer will not help. */
const MAX_RESTARTS = 3;

/** No worker has entered itself in the database in time, or all of them end again and again. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
}

export interface WaitForWorkersOptions {
  readonly db: Queryable;
  /** The worker processes at this moment: one that was started again has another pid. */
  readonly workers: readonly { readonly pid: number | undefined; readonly restarts: number }[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Waits until one of the processes is registered: from then on queued tasks are worked on.
 * @throws WorkerStartError
 */
export async function waitForWorkers({ db, workers, timeoutMs, signal }: WaitForWorkersOptions): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const { rows } = await db.query<{ found: boolean }>(
      `select exists (select from workers where status = 'alive' and lease_until > now() and pid = any($1::integer[]))
         as found`,
      [workers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))],
    );
    if (rows[0]?.found === true) return;
    if (workers.every(({ restarts }) => restarts >= MAX_RESTARTS)) {
      throw new WorkerStartError('the workers end again and again');
    }
    if (performance.now() > deadlineMs) {
      throw new WorkerStartError(`no worker has registered within ${Math.round(timeoutMs / 1000)} s`);
    }
    await sleep(CHECK_INTERVAL_MS, undefined, { signal });
  }
}
