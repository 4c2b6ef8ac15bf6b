import type { TaskQueue } from '@nightshift/queue';
import { measureQueue, type Pool } from '@nightshift/store';
import type { Metrics } from '@nightshift/telemetry';
import type { Housekeeper } from './housekeeper.ts';

const INTERVAL_MS = 5_000;

/** Keeps the metrics of the queue: what autoscaling looks at. Jobs in Redis beside tasks in Postgres show a doorbell that fails. */
export function createQueueGauge(deps: { pool: Pool; queue: TaskQueue; metrics: Metrics }): Housekeeper {
  return {
    name: 'queue-gauge',
    intervalMs: INTERVAL_MS,
    async runOnce() {
      const measure = await measureQueue(deps.pool);
      deps.metrics.queueTasks.set({ state: 'queued' }, measure.queued);
      deps.metrics.queueTasks.set({ state: 'waiting' }, measure.waiting);
      deps.metrics.queueTasks.set({ state: 'running' }, measure.running);
      deps.metrics.queueOldestTaskAge.set(measure.oldestAgeSeconds);
      deps.metrics.queueJobs.set(await deps.queue.waitingCount().catch(() => Number.NaN));
      return false;
    },
  };
}
