import { type TaskId, toUuid } from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

interface Row {
  first_seq: number;
  last_seq: number;
  types: string[];
  visibility: string;
  payload: string;
}

const statement = {
  name: 'read-events',
  text: `
    select first_seq, last_seq, types, visibility, payload
    from task_events
    where task_id = $1::uuid and last_seq > $2::bigint
    order by last_seq
    limit $3::integer`,
};

/** Rows of the log after the cursor, in order; the first may begin at or before it. */
export async function readEvents(db: Queryable, taskId: TaskId, after: number, maxRows: number): Promise<EventRow[]> {
  const rows = await runQuery<Row>(db, statement, [toUuid(taskId), after, maxRows]);
  return rows.map((row) => ({
    taskId,
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    types: row.types,
    visibility: row.visibility,
    payload: row.payload,
  }));
}
