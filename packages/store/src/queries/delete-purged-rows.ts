import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** Rows of each kind that one statement deletes of one task: it holds no lock that a running task needs, but it costs. */
const ROWS_PER_TASK = 500;

/**
 * Deletes what `mark-purged-tasks` has given up, oldest first. Only up to the numbers of that moment: a task that was
 * replayed since has newer events and a newer run. A task of which nothing is left is done with; one that is being written
 * to waits for the next pass: this holds rows of several tasks and no heads, and waiting with them could be a deadlock.
 */
const statement = {
  name: 'delete-purged-rows',
  text: `
    with purging as materialized (
      select id, purged_seq, purged_run from tasks where purging order by id limit $1::integer
    ), events as (
      delete from task_events e
      using purging p cross join lateral (
        select old.last_seq from task_events old
        where old.task_id = p.id and old.last_seq <= p.purged_seq
        order by old.last_seq limit ${ROWS_PER_TASK}
      ) gone
      where e.task_id = p.id and e.last_seq = gone.last_seq
      returning e.task_id
    ), steps as (
      delete from task_steps s
      using purging p cross join lateral (
        select old.run, old.step_key from task_steps old
        where old.task_id = p.id and old.run <= p.purged_run
        limit ${ROWS_PER_TASK}
      ) gone
      where s.task_id = p.id and s.run = gone.run and s.step_key = gone.step_key
      returning s.task_id
    ), free as materialized (
      select id from tasks where id in (select id from purging) order by id for no key update skip locked
    ), done as (
      update tasks t set purging = false
      from purging p join free on free.id = p.id
      where t.id = p.id and t.purged_seq = p.purged_seq
        and not exists (select from events where task_id = p.id) and not exists (select from steps where task_id = p.id)
    )
    select (select count(*) from purging)::integer as tasks, (select count(*) from events)::integer as events,
      (select count(*) from steps)::integer as steps`,
};

/** How many tasks were looked at, and how many rows of their logs and journals are gone. */
export async function deletePurgedRows(
  db: Queryable,
  maxTasks: number,
): Promise<{ tasks: number; events: number; steps: number }> {
  const [row] = await runQuery<{ tasks: number; events: number; steps: number }>(db, statement, [maxTasks]);
  return row ?? { tasks: 0, events: 0, steps: 0 };
}
