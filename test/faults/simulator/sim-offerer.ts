import type { Offerer } from '../../../packages/dispatch/src/index.ts';
import { fromUuid } from '../../../packages/domain/src/index.ts';
import type { Pool } from '../../../packages/store/src/index.ts';

const OFFER_AGAIN_SECONDS = [30, 120, 600];

/** Offers tasks without being fair: one statement of the model stands for the transaction of the real offerer. */
export function createSimOfferer(pool: Pool): Offerer {
  return {
    async offer(maxTasks) {
      const query = { name: 'choose-tasks', text: '', values: [maxTasks, OFFER_AGAIN_SECONDS] };
      const { rows } = await pool.query<{ id: string; dispatch_no: number }>(query);
      return rows.map((row) => ({ taskId: fromUuid('task', row.id), dispatchNo: row.dispatch_no }));
    },
  };
}
