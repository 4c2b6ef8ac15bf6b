import { fromUuid, type TaskId } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'find-queued-tasks',
  text: `
    select id
    from tasks
    where next_dispatch_at is not null
    order by priority desc, next_dispatch_at
    limit $1::integer`,
};

/** Queued tasks in order, whether or not a job for them is in Redis: what an idle worker claims when Redis is silent. */
export async function findQueuedTasks(db: Queryable, maxTasks: number): Promise<TaskId[]> {
  const rows = await runQuery<{ id: string }>(db, statement, [maxTasks]);
  return rows.map((row) => fromUuid('task', row.id));
}
