import { createFailure } from '@nightshift/domain';
import { type EventRow, expireDueTasks, type Pool } from '@nightshift/store';
import type { Housekeeper } from './housekeeper.ts';

const INTERVAL_MS = 1_000;
const MAX_TASKS_PER_PASS = 500;

/** Ends queued and waiting tasks whose deadline has passed; a worker ends those it runs. */
export function createExpirer(deps: { pool: Pool; publish(rows: EventRow[]): void }): Housekeeper {
  return {
    name: 'expirer',
    intervalMs: INTERVAL_MS,
    async runOnce() {
      const failure = createFailure('deadline_exceeded', 'The deadline passed before the task could finish.');
      const rows = await expireDueTasks(deps.pool, MAX_TASKS_PER_PASS, failure);
      deps.publish(rows);
      return rows.length === MAX_TASKS_PER_PASS;
    },
  };
}
