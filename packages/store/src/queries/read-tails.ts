import { fromUuid, type Status, type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** Where the log of a task ends now. */
export interface Tail {
  /** 0 when nothing was logged yet. */
  lastSeq: number;
  status: Status;
}

const statement = {
  name: 'read-tails',
  text: 'select task_id, next_seq - 1 as last_seq, status from task_heads where task_id = any($1::uuid[])',
};

/** The tails of many tasks in one query: what readers compare with what they have. */
export async function readTails(db: Queryable, taskIds: readonly TaskId[]): Promise<Map<TaskId, Tail>> {
  const rows = await runQuery<{ task_id: string; last_seq: number; status: Status }>(db, statement, [
    taskIds.map(toUuid),
  ]);
  return new Map(rows.map((row) => [fromUuid('task', row.task_id), { lastSeq: row.last_seq, status: row.status }]));
}
