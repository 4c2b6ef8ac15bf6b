import { fromUuid, type TaskId } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface Delivery {
  taskId: TaskId;
  dispatchNo: number;
}

/**
 * Takes due tasks in order and moves their next dispatch into the future before anything is sent: a crash between here
 * and the queue costs that delay, never the task (ARCHITECTURE.md 6).
 */
const statement = {
  name: 'dispatch-due-tasks',
  text: `
    with due as (
      select id
      from tasks
      where next_dispatch_at <= now()
      order by priority desc, next_dispatch_at
      limit $1::integer
      for no key update skip locked
    )
    update tasks t set
      dispatch_no = t.dispatch_no + 1,
      next_dispatch_at = now() + make_interval(secs => ($2::double precision[])[
        least(t.dispatch_no + 1, cardinality($2::double precision[]))])
    from due
    where t.id = due.id
    returning t.id, t.dispatch_no`,
};

/** Seconds until a task that was offered and not claimed is offered again: by number of the offer. */
const REDISPATCH_SECONDS = [30, 120, 600];

export async function dispatchDueTasks(db: Queryable, maxTasks: number): Promise<Delivery[]> {
  const rows = await runQuery<{ id: string; dispatch_no: number }>(db, statement, [maxTasks, REDISPATCH_SECONDS]);
  return rows.map((row) => ({ taskId: fromUuid('task', row.id), dispatchNo: row.dispatch_no }));
}
