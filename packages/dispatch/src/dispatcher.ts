import type { TaskQueue } from '@nightshift/queue';
import { dispatchDueTasks, findWorkerLocks, type Pool } from '@nightshift/store';
import type { Housekeeper } from './housekeeper.ts';

const INTERVAL_MS = 100;
/** Jobs kept ready in Redis, per slot of the fleet: enough that nobody waits, little enough that the order is Postgres'. */
const READY_PER_SLOT = 2;
const MAX_TASKS_PER_PASS = 1_000;

/**
 * Feeds the short ready queue in Redis from the backlog in Postgres (ARCHITECTURE.md 6). While Redis is away nothing is
 * dispatched: idle workers claim from Postgres themselves.
 */
export function createDispatcher(deps: { pool: Pool; queue: TaskQueue }): Housekeeper {
  return {
    name: 'dispatcher',
    intervalMs: INTERVAL_MS,
    async runOnce() {
      const workers = await findWorkerLocks(deps.pool);
      const slots = workers.reduce((sum, worker) => sum + (worker.leaseExpired ? 0 : worker.capacity), 0);
      const waiting = await deps.queue.waitingCount().catch(() => Number.POSITIVE_INFINITY);
      const room = Math.min(slots * READY_PER_SLOT - waiting, MAX_TASKS_PER_PASS);
      if (room <= 0) return false;
      const deliveries = await dispatchDueTasks(deps.pool, room);
      if (deliveries.length > 0) await deps.queue.enqueue(deliveries);
      return deliveries.length > 0;
    },
  };
}
