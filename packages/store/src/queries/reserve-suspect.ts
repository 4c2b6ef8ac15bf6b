import { type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'reserve-suspect',
  text: `
    select case
        when h.status <> 'queued' then 'gone'
        when pg_try_advisory_lock(hashtext('nightshift suspect'), hashtext($1::uuid::text)) then 'reserved'
        else 'held'
      end as answer
    from task_heads h
    where h.task_id = $1::uuid`,
};

/** gone: it is not queued any more. held: another worker is about to run it, or has just run it. */
export type Reservation = 'reserved' | 'held' | 'gone';

/**
 * Says to the other workers that this one starts a child for the task, by a lock of the connection: nobody has to take it
 * back when the worker dies. It decides nothing, which is for the claim; it only spares children that would find nothing to do.
 */
export async function reserveSuspect(session: Queryable, taskId: TaskId): Promise<Reservation> {
  const [row] = await runQuery<{ answer: Reservation }>(session, statement, [toUuid(taskId)]);
  return row?.answer ?? 'gone';
}
