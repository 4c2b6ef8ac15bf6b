import { MAX_GUILT, MAX_SUSPICION } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { type RequeuedRow, type RequeuedTask, toRequeuedTask } from '../requeued-task.ts';
import { runQuery } from '../run-query.ts';
import { toRequeueSql } from './requeue-tasks.sql.ts';

const statement = {
  name: 'requeue-orphans',
  text: toRequeueSql(`
      select t.id, h.epoch, case when w.status = 'stopped' then 0 else 1 end as died, 0 as guilty,
        json_build_object('epoch', h.epoch, 'at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'death', json_build_object('alone', w.parent is not null, 'worker', w.name, 'cause', 'worker_lost'))::text as death
      from tasks t
        join task_heads h on h.task_id = t.id
        left join workers w on w.incarnation = t.incarnation
      where t.incarnation is not null and w.status is distinct from 'alive'
      limit $3::integer`),
};

/**
 * Requeues tasks whose owner is not alive; who caused its death is not known, so nobody is guilty. A task that is being
 * written to waits for the next pass. Returns what was requeued.
 */
export async function requeueOrphans(db: Queryable, maxTasks: number): Promise<RequeuedTask[]> {
  const rows = await runQuery<RequeuedRow>(db, statement, [MAX_GUILT, MAX_SUSPICION, maxTasks]);
  return rows.flatMap((row) => toRequeuedTask(row) ?? []);
}
