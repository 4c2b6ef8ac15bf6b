import { type Failure, fromUuid, toEventLine, toJsonText } from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/**
 * Ends tasks whose deadline passed while no worker runs them. A running task is ended by its worker, or by this query
 * after the rescue of a dead one: then a half-streamed turn is announced as void before the final event (I15).
 */
const statement = {
  name: 'expire-due-tasks',
  text: `
    with due as (
      select id from tasks
      where deadline_at <= now() and finished_at is null and incarnation is null
      order by deadline_at limit $1::integer
    ), locked as materialized (
      select h.task_id, h.next_seq, h.open_turn_seq
      from task_heads h
      where h.task_id in (select id from due) and h.status in ('queued', 'waiting')
      order by h.task_id
      for no key update skip locked
    ), expired as (
      update task_heads h set status = 'expired', open_turn_seq = null,
        next_seq = h.next_seq + case when l.open_turn_seq is null then 1 else 2 end
      from locked l
      where h.task_id = l.task_id and h.status in ('queued', 'waiting')
      returning h.task_id, h.epoch, l.next_seq as first_seq, h.next_seq - 1 as last_seq, l.open_turn_seq as void_from
    ), rows as (
      select e.task_id, e.epoch, e.first_seq, e.last_seq,
        case when e.void_from is null then array['task.expired'] else array['turn.voided', 'task.expired'] end as types,
        case when e.void_from is null then '' else
          replace(replace(replace($4::text, '"epoch":0', '"epoch":' || e.epoch),
            '"from":0', '"from":' || e.void_from), '"to":0', '"to":' || (e.first_seq - 1)) || E'\\n' end
        || replace($2::text, '"epoch":0', '"epoch":' || e.epoch) as payload
      from expired e
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select task_id, last_seq, first_seq, epoch, types, repeat('u', cardinality(types)), payload from rows
    )
    update tasks t set waiting_for = null, wake_at = null, next_dispatch_at = null, failure = $3::text,
      finished_at = now()
    from rows r
    where t.id = r.task_id
    returning t.id, r.first_seq, r.last_seq, r.types, r.payload`,
};

interface Row {
  id: string;
  first_seq: number;
  last_seq: number;
  types: string[];
  payload: string;
}

/** Returns what was logged for each task that was ended, to be published. */
export async function expireDueTasks(db: Queryable, maxTasks: number, failure: Failure): Promise<EventRow[]> {
  const at = new Date();
  const rows = await runQuery<Row>(db, statement, [
    maxTasks,
    toEventLine({ type: 'task.expired', data: { failure: { ...failure } } }, 0, at).line,
    toJsonText(failure),
    toEventLine({ type: 'turn.voided', data: { from: 0, to: 0 } }, 0, at).line,
  ]);
  return rows.map((row) => ({
    taskId: fromUuid('task', row.id),
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    types: row.types,
    visibility: 'u'.repeat(row.types.length),
    payload: row.payload,
  }));
}
