import { fromUuid, type TaskId } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'find-lapsed-offers',
  text: `
    select t.id
    from tasks t
    where t.next_dispatch_at <= now() and t.offers > 0
      and not exists (select from tenant_queues q where q.tenant_id = t.tenant_id and q.paused)
    order by t.next_dispatch_at
    limit $1::integer`,
};

/** Tasks that were offered and not claimed in time: their jobs may be lost. They had their turn and count under caps. */
export async function findLapsedOffers(db: Queryable, maxTasks: number): Promise<TaskId[]> {
  const rows = await runQuery<{ id: string }>(db, statement, [maxTasks]);
  return rows.map((row) => fromUuid('task', row.id));
}
