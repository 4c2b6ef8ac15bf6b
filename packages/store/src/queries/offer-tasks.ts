import { fromUuid, type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** One offer of a task to the workers. */
export interface Delivery {
  taskId: TaskId;
  dispatchNo: number;
  /** It had its turn before, and goes before what waits in the queue. */
  isAhead?: boolean;
}

/**
 * Moves the next dispatch of the tasks into the future before anything is sent: a crash between here and the queue costs
 * that delay, never the task (ARCHITECTURE.md 6). The number of a dispatch only grows, so that no job id comes twice;
 * the delay goes by the offers since the task was queued, which a claim sets back to none.
 */
const statement = {
  name: 'offer-tasks',
  text: `
    with locked as materialized (
      select t.id from tasks t
      where t.id = any($1::uuid[]) and t.next_dispatch_at is not null
      order by t.id
      for no key update skip locked
    )
    update tasks t set
      dispatch_no = t.dispatch_no + 1,
      offers = t.offers + 1,
      next_dispatch_at = now() + make_interval(secs => ($2::double precision[])[
        least(t.offers + 1, cardinality($2::double precision[]))])
    from locked l
    where t.id = l.id
    returning t.id, t.dispatch_no`,
};

/**
 * Seconds until a task that was offered and not claimed is offered again: by number of the offer. The first may be one
 * that no worker ever saw: a task that comes back from a worker counts as offered once.
 */
const OFFER_AGAIN_SECONDS = [30, 30, 120, 600];

/** Offers those of the tasks that are queued still, in the order given. */
export async function offerTasks(db: Queryable, taskIds: readonly TaskId[]): Promise<Delivery[]> {
  const rows = await runQuery<{ id: string; dispatch_no: number }>(db, statement, [
    taskIds.map(toUuid),
    OFFER_AGAIN_SECONDS,
  ]);
  const numbers = new Map(rows.map((row) => [fromUuid('task', row.id), row.dispatch_no]));
  return taskIds.flatMap((taskId) => {
    const dispatchNo = numbers.get(taskId);
    return dispatchNo === undefined ? [] : [{ taskId, dispatchNo }];
  });
}
