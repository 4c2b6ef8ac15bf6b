import { type Json, type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { SignalKind } from './signal-task.ts';

/** Something a task was told, as it reads it. */
export interface Signal {
  n: number;
  kind: SignalKind;
  /** The question it answers; undefined for a message. */
  key: string | undefined;
  payload: Json;
}

const statement = {
  name: 'read-signals',
  text: `
    select n, kind, key, payload from task_signals
    where task_id = $1::uuid and n > $2::integer
    order by n`,
};

/** The signals of a task after a number, oldest first. Bounded, because a task accepts only so many. */
export async function readSignals(db: Queryable, taskId: TaskId, after: number): Promise<Signal[]> {
  const rows = await runQuery<{ n: number; kind: SignalKind; key: string | null; payload: string }>(db, statement, [
    toUuid(taskId),
    after,
  ]);
  return rows.map((row) => ({
    n: row.n,
    kind: row.kind,
    key: row.key ?? undefined,
    payload: JSON.parse(row.payload) as Json,
  }));
}
