import { FINAL_STATUSES, fromUuid, type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { FlawedTask } from './find-flawed-tasks.ts';

/**
 * Over by its row but not by its head; columns of another status; without a final event, so that its readers wait for ever;
 * with a log that ends elsewhere than its head says; no head at all.
 */
export type EndingFlaw = 'ended_alive' | 'stale_columns' | 'no_final_event' | 'log_incomplete' | 'no_head';

/** Where a page of ended tasks begins: after this one. */
export interface EndingPlace {
  /**
   * ISO 8601 in UTC, with microseconds: whole batches end at one moment of Postgres' clock, and a page that went on from
   * the millisecond below it would be the same page again.
   */
  finishedAt: string;
  taskId: TaskId;
}

const statement = {
  name: 'find-flawed-endings',
  text: `
    select t.id, to_char(t.finished_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as finished_at,
      case
        when h.task_id is null then 'no_head'
        when h.status <> all($4::text[]) then 'ended_alive'
        when t.next_dispatch_at is not null or t.incarnation is not null or t.wake_at is not null
          or t.waiting_for is not null then 'stale_columns'
        when t.purged_seq >= h.next_seq - 1 then null
        when e.last_seq is distinct from h.next_seq - 1 then 'log_incomplete'
        when e.types[cardinality(e.types)] not in ('task.completed', 'task.failed', 'task.cancelled', 'task.expired')
          then 'no_final_event'
      end as flaw
    from (
      select id, finished_at, next_dispatch_at, incarnation, wake_at, waiting_for, purged_seq
      from tasks
      where finished_at is not null and purged_run < run and (finished_at, id) > ($1::timestamptz, $2::uuid)
      order by finished_at, id
      limit $3::integer
    ) t
      left join task_heads h on h.task_id = t.id
      left join lateral (
        select last_seq, types from task_events where task_id = t.id order by last_seq desc limit 1
      ) e on true
    order by t.finished_at, t.id`,
};

/** The next page of ended tasks whose logs are kept: what is wrong with some of them, and where the page ends. */
export async function findFlawedEndings(
  db: Queryable,
  after: EndingPlace,
  limit: number,
): Promise<{ flawed: FlawedTask<EndingFlaw>[]; last: EndingPlace | undefined; isFull: boolean }> {
  const values = [after.finishedAt, toUuid(after.taskId), limit, FINAL_STATUSES];
  const rows = await runQuery<{ id: string; finished_at: string; flaw: EndingFlaw | null }>(db, statement, values);
  const last = rows.at(-1);
  return {
    flawed: rows.flatMap(({ id, flaw }) => (flaw === null ? [] : [{ taskId: fromUuid('task', id), flaw }])),
    last: last && { finishedAt: last.finished_at, taskId: fromUuid('task', last.id) },
    isFull: rows.length === limit,
  };
}
