import { type TaskId, toUuid } from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface LogPage {
  /** In order; the first may begin at or before the cursor. */
  rows: EventRow[];
  /** Events up to this number are gone or going by retention; 0 when none are. */
  purgedSeq: number;
}

interface Row {
  purged_seq: number;
  first_seq: number | null;
  last_seq: number;
  types: string[];
  visibility: string;
  payload: string;
}

/** One row without events says that there is nothing after the cursor. The first row comes however large it is. */
const statement = {
  name: 'read-log-page',
  text: `
    select t.purged_seq, e.first_seq, e.last_seq, e.types, e.visibility, e.payload
    from tasks t left join lateral (
      select first_seq, last_seq, types, visibility, payload
      from (
        select first_seq, last_seq, types, visibility, payload,
          sum(octet_length(payload)) over (order by last_seq) - octet_length(payload) as bytes_before
        from (
          select first_seq, last_seq, types, visibility, payload
          from task_events
          where task_id = t.id and last_seq > $2::bigint
          order by last_seq
          limit $3::integer
        ) r
      ) page
      where bytes_before < $4::bigint
    ) e on true
    where t.id = $1::uuid
    order by e.last_seq`,
};

/** Rows of the log after the cursor, bounded in number and in bytes, and where the log begins. */
export async function readLogPage(
  db: Queryable,
  request: { taskId: TaskId; after: number; maxRows: number; maxBytes: number },
): Promise<LogPage> {
  const { taskId, after, maxRows, maxBytes } = request;
  const rows = await runQuery<Row>(db, statement, [toUuid(taskId), after, maxRows, maxBytes]);
  return {
    purgedSeq: rows[0]?.purged_seq ?? 0,
    rows: rows.flatMap(({ first_seq, last_seq, types, visibility, payload }) =>
      first_seq === null ? [] : [{ taskId, firstSeq: first_seq, lastSeq: last_seq, types, visibility, payload }],
    ),
  };
}
