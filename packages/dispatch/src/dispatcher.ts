import type { TaskQueue } from '@nightshift/queue';
import { countSubmitOffers, findWorkerLocks, type Pool } from '@nightshift/store';
import type { Housekeeper } from './housekeeper.ts';
import type { Offerer } from './offerer.ts';

const INTERVAL_MS = 100;
/** Jobs kept ready in Redis, per slot of the fleet: enough that nobody waits, little enough that the order is Postgres'. */
const READY_PER_SLOT = 2;
const MAX_TASKS_PER_PASS = 1_000;

/**
 * Feeds the short ready queue in Redis from the backlog in Postgres (ARCHITECTURE.md 6). While Redis is away nothing is
 * dispatched: idle workers claim from Postgres themselves. Jobs that submits added past the backlog take no room here,
 * or many small tenants could keep everybody's backlog out of the queue.
 */
export function createDispatcher(deps: { pool: Pool; queue: TaskQueue; offerer: Offerer }): Housekeeper {
  return {
    name: 'dispatcher',
    intervalMs: INTERVAL_MS,
    async runOnce() {
      const workers = await findWorkerLocks(deps.pool);
      const slots = workers.reduce((sum, one) => sum + (one.leaseExpired || one.isChild ? 0 : one.capacity), 0);
      const waiting = await deps.queue.waitingCount().catch(() => Number.POSITIVE_INFINITY);
      if (slots === 0 || waiting === Number.POSITIVE_INFINITY) return false;
      const own = waiting === 0 ? 0 : Math.max(0, waiting - (await countSubmitOffers(deps.pool)));
      const room = Math.min(slots * READY_PER_SLOT - own, MAX_TASKS_PER_PASS);
      if (room <= 0) return false;
      const deliveries = await deps.offerer.offer(room);
      if (deliveries.length > 0) await deps.queue.enqueue(deliveries);
      return deliveries.length > 0;
    },
  };
}
