import { fromUuid, type TaskId } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'find-offered-tasks',
  text: `
    select t.id
    from tasks t
    where t.next_dispatch_at is not null and t.offers > 0
      and not exists (select from tenant_queues q where q.tenant_id = t.tenant_id and q.paused)
    order by t.next_dispatch_at
    limit $1::integer`,
};

/**
 * Tasks that were offered and are not claimed, whether or not a job for them is in Redis: what an idle worker claims
 * first when Redis is silent.
 */
export async function findOfferedTasks(db: Queryable, maxTasks: number): Promise<TaskId[]> {
  const rows = await runQuery<{ id: string }>(db, statement, [maxTasks]);
  return rows.map((row) => fromUuid('task', row.id));
}
