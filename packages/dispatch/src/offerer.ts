import {
  type BacklogCursor,
  type Delivery,
  findBacklog,
  findLapsedOffers,
  inTransaction,
  lockOffers,
  offerTasks,
  type Pool,
} from '@nightshift/store';
import { createFairOrder } from './fair-order.ts';

/** Flows that one pass looks at; when there are more, the next pass goes on behind them. */
const MAX_FLOWS = 2_000;
/** Of a flow that waits alone the next pass takes more, a moment later; of very many flows each gives a few. */
const MAX_TASKS_PER_FLOW = 100;
const MIN_TASKS_PER_FLOW = 10;

/** Whoever chooses tasks keeps one, so that turns go on from one choice to the next. */
export interface Offerer {
  /**
   * Chooses up to so many tasks in fair order, within all caps, and marks them as offered; what to do with them is the
   * caller's. Tasks whose offer has lapsed come first: they had their turn. So do those that come back from a worker.
   */
  offer(maxTasks: number): Promise<Delivery[]>;
}

/**
 * The one way by which a task leaves the backlog (ARCHITECTURE.md 6), for the dispatcher and for workers that hear no
 * doorbell. The choices of all processes come one after the other, so that caps hold whoever chooses.
 */
export function createOfferer(deps: { pool: Pool; random: () => number }): Offerer {
  const order = createFairOrder(deps.random);
  let after: BacklogCursor | undefined;
  let flowsSeen = 1;
  return {
    offer: async (maxTasks) =>
      await inTransaction(deps.pool, async (tx) => {
        await lockOffers(tx);
        const lapsed = await findLapsedOffers(tx, maxTasks);
        const taskIds = [...lapsed];
        if (taskIds.length < maxTasks) {
          const share = Math.max(MIN_TASKS_PER_FLOW, Math.ceil((4 * maxTasks) / flowsSeen));
          const maxTasksPerFlow = Math.min(maxTasks, MAX_TASKS_PER_FLOW, share);
          const { flows, next } = await findBacklog(tx, { maxFlows: MAX_FLOWS, maxTasksPerFlow, after });
          after = next;
          flowsSeen = Math.max(1, flows.length);
          taskIds.push(...order.choose(flows, { maxTasks: maxTasks - taskIds.length, maxTasksPerFlow }));
        }
        if (taskIds.length === 0) return [];
        const hadTheirTurn = new Set(lapsed);
        const offered = await offerTasks(tx, taskIds);
        return offered.map((delivery) => ({ ...delivery, isAhead: hadTheirTurn.has(delivery.taskId) }));
      }),
  };
}
