import { FINAL_STATUSES } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/**
 * Gives up logs and journals of tasks that ended long ago, under the lock of their heads: a replay either comes before
 * and keeps them, or after and finds that its base is gone. What the tasks were told goes at once, it is little; the rest is
 * deleted afterwards, in small pieces. From here on readers are told that it is missing.
 */
const statement = {
  name: 'mark-purged-tasks',
  text: `
    with due as (
      select id from tasks
      where finished_at < now() - make_interval(secs => $2::double precision / 1000) and purged_run < run
      order by finished_at
      limit $1::integer
    ), locked as materialized (
      select h.task_id, h.next_seq
      from task_heads h
      where h.task_id in (select id from due) and h.status = any($3::text[])
      order by h.task_id
      for no key update skip locked
    ), marked as (
      update tasks t set purged_seq = l.next_seq - 1, purged_run = t.run, purging = true
      from locked l
      where t.id = l.task_id and t.purged_run < t.run
        and t.finished_at < now() - make_interval(secs => $2::double precision / 1000)
      returning t.id
    ), told as (
      delete from task_signals s using marked m where s.task_id = m.id
    )
    select id from marked`,
};

/** Returns how many tasks were marked. */
export async function markPurgedTasks(db: Queryable, maxTasks: number, retentionMs: number): Promise<number> {
  return (await runQuery(db, statement, [maxTasks, retentionMs, FINAL_STATUSES])).length;
}
