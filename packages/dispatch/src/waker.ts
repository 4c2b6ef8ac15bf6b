import { type Pool, wakeDueTasks } from '@nightshift/store';
import type { Housekeeper } from './housekeeper.ts';

const INTERVAL_MS = 500;
const MAX_TASKS_PER_PASS = 500;

/** Moves waiting tasks whose time has come back to the queue. */
export function createWaker(deps: { pool: Pool }): Housekeeper {
  return {
    name: 'waker',
    intervalMs: INTERVAL_MS,
    runOnce: async () => (await wakeDueTasks(deps.pool, MAX_TASKS_PER_PASS)) === MAX_TASKS_PER_PASS,
  };
}
