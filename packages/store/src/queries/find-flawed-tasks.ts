import { FINAL_STATUSES, fromUuid, type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/**
 * Why a task would stay where it is for ever, or what about it contradicts itself (docs/architecture.md, "What is
 * reconciled"): queued and never offered; running and owned by nobody; waiting and never woken; over by its head but not by
 * its row; columns of another status; no head at all.
 */
export type TaskFlaw = 'not_dispatched' | 'not_owned' | 'never_woken' | 'not_ended' | 'stale_columns' | 'no_head';

export interface FlawedTask<Flaw> {
  taskId: TaskId;
  flaw: Flaw;
}

/** Head and row are read in one snapshot, and every transition changes both in one statement: what contradicts is real. */
const statement = {
  name: 'find-flawed-tasks',
  text: `
    select t.id,
      case
        when h.task_id is null then 'no_head'
        when h.status = 'queued' and t.next_dispatch_at is null then 'not_dispatched'
        when h.status = 'running' and t.incarnation is null then 'not_owned'
        when h.status = 'waiting' and t.wake_at is null
          and (t.waiting_for is null or t.waiting_for in ('provider', 'rate_limit', 'retry', 'schedule')) then 'never_woken'
        when h.status = any($3::text[]) then 'not_ended'
        when h.status <> 'queued' and t.next_dispatch_at is not null
          or h.status <> 'running' and t.incarnation is not null
          or h.status <> 'waiting' and (t.wake_at is not null or t.waiting_for is not null) then 'stale_columns'
      end as flaw
    from (
      select id, next_dispatch_at, incarnation, wake_at, waiting_for
      from tasks
      where finished_at is null and ($1::uuid is null or id > $1::uuid)
      order by id
      limit $2::integer
    ) t left join task_heads h on h.task_id = t.id
    order by t.id`,
};

/** The next page of all tasks that have not ended: what is wrong with some of them, and where the page ends. */
export async function findFlawedTasks(
  db: Queryable,
  after: TaskId | undefined,
  limit: number,
): Promise<{ flawed: FlawedTask<TaskFlaw>[]; last: TaskId | undefined }> {
  const values = [after === undefined ? null : toUuid(after), limit, FINAL_STATUSES];
  const rows = await runQuery<{ id: string; flaw: TaskFlaw | null }>(db, statement, values);
  const last = rows.length < limit ? undefined : rows.at(-1)?.id;
  return {
    flawed: rows.flatMap(({ id, flaw }) => (flaw === null ? [] : [{ taskId: fromUuid('task', id), flaw }])),
    last: last === undefined ? undefined : fromUuid('task', last),
  };
}
