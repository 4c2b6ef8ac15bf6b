import { fromUuid, type TaskId } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface Orphan {
  taskId: TaskId;
  /** Deaths of workers while they ran the task, since its last settled step. */
  suspicion: number;
}

/**
 * Requeues tasks whose owner is not alive. A death (not a graceful stop) raises the suspicion, and from the third one
 * on the task comes back later and later, so that a task that kills its workers does not take the fleet with it. The
 * epoch is compared under the lock: another rescuer may have requeued the task, and a live worker claimed it, meanwhile.
 */
const statement = {
  name: 'requeue-orphans',
  text: `
    with orphans as (
      select t.id, h.epoch, t.suspicion + case when w.status = 'stopped' then 0 else 1 end as suspicion
      from tasks t
        join task_heads h on h.task_id = t.id
        left join workers w on w.incarnation = t.incarnation
      where t.incarnation is not null and w.status is distinct from 'alive'
      limit $1::integer
    ), locked as materialized (
      select h.task_id from task_heads h
      where h.task_id in (select id from orphans) and h.status = 'running'
      order by h.task_id
      for no key update skip locked
    ), requeued as (
      update task_heads h set status = case when o.suspicion < 3 then 'queued' else 'waiting' end
      from locked l join orphans o on o.id = l.task_id
      where h.task_id = l.task_id and h.status = 'running' and h.epoch = o.epoch
      returning h.task_id, h.status
    )
    update tasks t set
      incarnation = null,
      suspicion = o.suspicion,
      next_dispatch_at = case when r.status = 'queued' then now() end,
      waiting_for = case when r.status = 'waiting' then 'retry' end,
      wake_at = case when r.status = 'waiting'
        then now() + make_interval(secs => least(2 ^ least(o.suspicion - 3, 10), 300)) end
    from requeued r join orphans o on o.id = r.task_id
    where t.id = r.task_id
    returning t.id, t.suspicion`,
};

/** Returns what was requeued; a task that is being written to waits for the next pass. */
export async function requeueOrphans(db: Queryable, maxTasks: number): Promise<Orphan[]> {
  const rows = await runQuery<{ id: string; suspicion: number }>(db, statement, [maxTasks]);
  return rows.map((row) => ({ taskId: fromUuid('task', row.id), suspicion: row.suspicion }));
}
