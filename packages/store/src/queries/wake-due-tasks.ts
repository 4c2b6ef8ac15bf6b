import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** Moves waiting tasks whose time has come to `queued`; a task that is being written to waits for the next pass. */
const statement = {
  name: 'wake-due-tasks',
  text: `
    with due as (
      select id from tasks where wake_at <= now() order by wake_at limit $1::integer
    ), locked as materialized (
      select h.task_id
      from task_heads h
      where h.task_id in (select id from due) and h.status = 'waiting'
      order by h.task_id
      for no key update skip locked
    ), woken as (
      update task_heads h set status = 'queued'
      from locked l
      where h.task_id = l.task_id and h.status = 'waiting'
      returning h.task_id
    )
    update tasks t set waiting_for = null, wake_at = null, next_dispatch_at = now()
    from woken w
    where t.id = w.task_id
    returning t.id`,
};

/** Returns how many tasks were woken. */
export async function wakeDueTasks(db: Queryable, maxTasks: number): Promise<number> {
  return (await runQuery(db, statement, [maxTasks])).length;
}
