import { fromUuid, type Incarnation, type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface OwnedTask {
  taskId: TaskId;
  epoch: number;
  cancelRequested: boolean;
}

const statement = {
  name: 'renew-lease',
  text: `
    with renewed as (
      update workers set lease_until = now() + make_interval(secs => $2::double precision / 1000)
      where incarnation = $1::uuid and status = 'alive'
      returning incarnation
    )
    select t.id, h.epoch, h.cancel_requested_at is not null as cancel_requested
    from renewed r
      left join tasks t on t.incarnation = r.incarnation
      left join task_heads h on h.task_id = t.id and h.status = 'running'`,
};

/**
 * Renews the lease of an incarnation and returns the tasks it owns; undefined when it was declared dead, and then it
 * must stop at once. Time is Postgres' time only.
 */
export async function renewLease(
  db: Queryable,
  incarnation: Incarnation,
  leaseMs: number,
): Promise<OwnedTask[] | undefined> {
  const rows = await runQuery<{ id: string | null; epoch: number | null; cancel_requested: boolean | null }>(
    db,
    statement,
    [toUuid(incarnation), leaseMs],
  );
  if (rows.length === 0) return undefined;
  return rows.flatMap((row) =>
    row.id === null || row.epoch === null
      ? []
      : [{ taskId: fromUuid('task', row.id), epoch: row.epoch, cancelRequested: row.cancel_requested === true }],
  );
}
