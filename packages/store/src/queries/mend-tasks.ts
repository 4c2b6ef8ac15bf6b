import { FINAL_STATUSES, fromUuid, type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/**
 * Gives the rows of tasks what the status of their heads asks for; the head is right, because it is what every transition
 * compares. Only a head that says running while nobody owns the task is changed itself: the task is queued again, and the
 * claim's new epoch fences whoever still writes. Both rows are locked before anything is decided, head first, and a
 * task in which nothing contradicts by then is left alone.
 */
const statement = {
  name: 'mend-tasks',
  text: `
    with heads as materialized (
      select h.task_id, h.status
      from task_heads h
      where h.task_id = any($1::uuid[])
      order by h.task_id
      for no key update skip locked
    ), rows as materialized (
      select t.id, t.incarnation, t.next_dispatch_at, t.wake_at, t.waiting_for, t.finished_at
      from tasks t
      where t.id in (select task_id from heads)
      order by t.id
      for no key update skip locked
    ), judged as (
      select r.id, r.incarnation, r.next_dispatch_at, r.wake_at, r.waiting_for, r.finished_at, h.status as old_status,
        case when h.status = 'running' and r.incarnation is null then 'queued' else h.status end as status,
        r.wake_at is null
          and (r.waiting_for is null or r.waiting_for in ('provider', 'rate_limit', 'retry', 'schedule')) as is_stuck
      from rows r join heads h on h.task_id = r.id
    ), mended as (
      select id, status, old_status,
        case when status = 'running' then incarnation end as incarnation,
        case when status = 'queued' then coalesce(next_dispatch_at, now()) end as next_dispatch_at,
        case when status = 'waiting' then case when is_stuck then now() else wake_at end end as wake_at,
        case when status = 'waiting' then coalesce(waiting_for, 'retry') end as waiting_for,
        case when status = any($2::text[]) then coalesce(finished_at, now()) end as finished_at
      from judged
    ), requeued as (
      update task_heads h set status = m.status
      from mended m
      where h.task_id = m.id and m.status <> m.old_status
    )
    update tasks t set
      incarnation = m.incarnation, next_dispatch_at = m.next_dispatch_at, wake_at = m.wake_at,
      waiting_for = m.waiting_for, finished_at = m.finished_at,
      offers = case when t.next_dispatch_at is null then 0 else t.offers end
    from mended m
    where t.id = m.id and (m.status <> m.old_status
      or (t.incarnation, t.next_dispatch_at, t.wake_at, t.waiting_for, t.finished_at)
        is distinct from (m.incarnation, m.next_dispatch_at, m.wake_at, m.waiting_for, m.finished_at))
    returning t.id`,
};

/** Mends those of the tasks that still need it, and says which they were. */
export async function mendTasks(db: Queryable, taskIds: readonly TaskId[]): Promise<TaskId[]> {
  const rows = await runQuery<{ id: string }>(db, statement, [taskIds.map(toUuid), FINAL_STATUSES]);
  return rows.map((row) => fromUuid('task', row.id));
}
