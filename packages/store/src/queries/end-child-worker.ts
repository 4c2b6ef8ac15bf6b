import { type Incarnation, type JsonObject, MAX_GUILT, MAX_SUSPICION, toJsonText, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { type RequeuedRow, type RequeuedTask, toRequeuedTask } from '../requeued-task.ts';
import { runQuery } from '../run-query.ts';
import { toRequeueSql } from './requeue-tasks.sql.ts';

/**
 * guilty: it died of what it ran, and it ran one task. lost: it died, or could not be heard, for a reason that says nothing
 * about its task. returned: it ended on purpose; what it still owns costs nothing.
 */
export type ChildEnd = 'guilty' | 'lost' | 'returned';

const statement = {
  name: 'end-child-worker',
  text: toRequeueSql(
    `
      select t.id, h.epoch, case when $4::text = 'returned' then 0 else 1 end as died,
        case when $4::text = 'guilty' then 1 else 0 end as guilty,
        '{"epoch":' || h.epoch || ',"at":"' || to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
          || '","death":' || $5::text || '}' as death
      from tasks t join task_heads h on h.task_id = t.id
      where t.incarnation = $3::uuid and h.status = 'running'`,
    `, ended as (
      update workers set status = case when $4::text = 'returned' then 'stopped' else 'dead' end, ended_at = now()
      where incarnation = $3::uuid and status = 'alive'
        and not exists (select from orphans o where o.id not in (select task_id from locked))
    )`,
  ),
};

/** none: the child owned nothing that it had not settled. held: somebody is writing to the task; nothing was changed. */
export type ChildReport = { kind: 'requeued'; task: RequeuedTask } | { kind: 'none' } | { kind: 'held' };

/**
 * A worker reports the end of its child, and takes back the task that the child has not settled: the child's life ends and
 * guilt is recorded in one statement. What the child settled, or somebody took over, it owns no more: then only its life
 * ends.
 */
export async function endChildWorker(
  db: Queryable,
  child: Incarnation,
  end: ChildEnd,
  death: JsonObject,
): Promise<ChildReport> {
  const values = [MAX_GUILT, MAX_SUSPICION, toUuid(child), end, toJsonText(death)];
  const [row] = await runQuery<RequeuedRow>(db, statement, values);
  if (!row) return { kind: 'none' };
  const task = toRequeuedTask(row);
  return task ? { kind: 'requeued', task } : { kind: 'held' };
}
