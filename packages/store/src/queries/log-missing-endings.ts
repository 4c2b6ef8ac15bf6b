import { FINAL_STATUSES, fromUuid, type TaskId, toUuid } from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/**
 * Logs the final event of tasks that are over without one, from what their rows say: a reader waits for it (I16). Under the
 * lock of the head, which no transition changes without its event; nothing is written when the event is there by then.
 */
const statement = {
  name: 'log-missing-endings',
  text: `
    with heads as materialized (
      select h.task_id, h.status, h.epoch, h.next_seq
      from task_heads h
      where h.task_id = any($1::uuid[]) and h.status = any($2::text[])
      order by h.task_id
      for no key update skip locked
    ), missing as (
      select h.task_id, h.status, h.epoch, h.next_seq,
        '{"type":"task.' || h.status || '","epoch":' || h.epoch || ',"created_at":"'
        || to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","data":{'
        || case
          when h.status = 'completed' then '"result":' || coalesce(t.result, 'null')
            || ',"stop_reason":' || coalesce(to_json(t.stop_reason)::text, 'null') || ',"usage":' || coalesce(t.usage, 'null')
          when h.status in ('failed', 'expired') then '"failure":' || coalesce(t.failure, 'null')
          else ''
        end || '}}' as payload
      from heads h join tasks t on t.id = h.task_id
      where exists (select from task_events e where e.task_id = h.task_id and e.last_seq = h.next_seq - 1
        and e.types[cardinality(e.types)] not in ('task.completed', 'task.failed', 'task.cancelled', 'task.expired'))
    ), numbered as (
      update task_heads h set next_seq = h.next_seq + 1
      from missing m
      where h.task_id = m.task_id
    )
    insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
    select task_id, next_seq, next_seq, epoch, array['task.' || status], 'u', payload from missing
    returning task_id, last_seq, types, payload`,
};

interface Row {
  task_id: string;
  last_seq: number;
  types: string[];
  payload: string;
}

/** Returns what was logged, to be published. */
export async function logMissingEndings(db: Queryable, taskIds: readonly TaskId[]): Promise<EventRow[]> {
  const rows = await runQuery<Row>(db, statement, [taskIds.map(toUuid), FINAL_STATUSES]);
  return rows.map((row) => ({
    taskId: fromUuid('task', row.task_id),
    firstSeq: row.last_seq,
    lastSeq: row.last_seq,
    types: row.types,
    visibility: 'u',
    payload: row.payload,
  }));
}
