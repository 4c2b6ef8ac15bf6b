import { fromUuid, type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'release-tasks',
  text: `
    with input as (
      select i.task_id, i.epoch from unnest($1::uuid[], $2::integer[]) as i(task_id, epoch)
    ), locked as materialized (
      select h.task_id from task_heads h
      where h.task_id = any($1::uuid[]) and h.status = 'running'
      order by h.task_id
      for no key update skip locked
    ), released as (
      update task_heads h set status = 'queued'
      from input i join locked l on l.task_id = i.task_id
      where h.task_id = i.task_id and h.epoch = i.epoch and h.status = 'running'
      returning h.task_id
    )
    update tasks t set incarnation = null, next_dispatch_at = now(), offers = 1
    from released r
    where t.id = r.task_id
    returning t.id`,
};

/** Hands tasks back that this worker owns by the database but does not run (a claim whose reply was lost). */
export async function releaseTasks(
  db: Queryable,
  tasks: readonly { taskId: TaskId; epoch: number }[],
): Promise<TaskId[]> {
  const rows = await runQuery<{ id: string }>(db, statement, [
    tasks.map((task) => toUuid(task.taskId)),
    tasks.map((task) => task.epoch),
  ]);
  return rows.map((row) => fromUuid('task', row.id));
}
