import { type TaskId, toUuid, type Usage } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import { toJournalChain } from './journal-chain.sql.ts';

const statement = {
  name: 'read-dropped-usage',
  text: `
    with recursive chain(run, turn, position) as (${toJournalChain('$1::uuid', 'select $2::integer')}
    )
    select s.usage
    from task_steps s
    where s.task_id = $1::uuid and s.usage is not null and not exists (
      select from chain c where c.run = s.run and (s.turn, s.position) < (c.turn, c.position))`,
};

/** What the steps have cost that the run does not keep: a replay gives no budget back. */
export async function readDroppedUsage(db: Queryable, taskId: TaskId, run: number): Promise<Partial<Usage>[]> {
  const rows = await runQuery<{ usage: string }>(db, statement, [toUuid(taskId), run]);
  return rows.map((row) => JSON.parse(row.usage) as Partial<Usage>);
}
