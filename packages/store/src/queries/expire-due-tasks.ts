import { type EventLine, type Failure, fromUuid, toEventLine, toJsonText } from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/**
 * Ends tasks whose deadline passed while no worker runs them. A running task is ended by its worker, or by this query
 * after the rescue of a dead one.
 */
const statement = {
  name: 'expire-due-tasks',
  text: `
    with due as (
      select id from tasks
      where deadline_at <= now() and finished_at is null and incarnation is null
      order by deadline_at limit $1::integer
    ), locked as materialized (
      select h.task_id
      from task_heads h
      where h.task_id in (select id from due) and h.status in ('queued', 'waiting')
      order by h.task_id
      for no key update skip locked
    ), expired as (
      update task_heads h set status = 'expired', next_seq = h.next_seq + 1
      from locked l
      where h.task_id = l.task_id and h.status in ('queued', 'waiting')
      returning h.task_id, h.epoch, h.next_seq - 1 as seq,
        replace($2::text, '"epoch":0', '"epoch":' || h.epoch) as payload
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select task_id, seq, seq, epoch, array['task.expired'], 'u', payload from expired
    )
    update tasks t set waiting_for = null, wake_at = null, next_dispatch_at = null, failure = $3::text,
      finished_at = now()
    from expired e
    where t.id = e.task_id
    returning t.id, e.seq, e.payload`,
};

/** Returns the event of each task that was ended, to be published. */
export async function expireDueTasks(db: Queryable, maxTasks: number, failure: Failure): Promise<EventRow[]> {
  const line: EventLine = toEventLine({ type: 'task.expired', data: { failure: { ...failure } } }, 0, new Date());
  const rows = await runQuery<{ id: string; seq: number; payload: string }>(db, statement, [
    maxTasks,
    line.line,
    toJsonText(failure),
  ]);
  return rows.map((row) => ({
    taskId: fromUuid('task', row.id),
    firstSeq: row.seq,
    lastSeq: row.seq,
    types: [line.type],
    visibility: 'u',
    payload: row.payload,
  }));
}
