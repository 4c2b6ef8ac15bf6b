import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface QueueMeasure {
  queued: number;
  waiting: number;
  running: number;
  /** Age in seconds of the oldest task that is due and not claimed; 0 when there is none. */
  oldestAgeSeconds: number;
}

const statement = {
  name: 'measure-queue',
  text: `
    select
      count(*) filter (where next_dispatch_at is not null)::integer as queued,
      count(*) filter (where waiting_for is not null)::integer as waiting,
      count(*) filter (where incarnation is not null)::integer as running,
      coalesce(extract(epoch from now() - min(created_at) filter (where next_dispatch_at is not null)), 0)::float8
        as oldest_age_seconds
    from tasks
    where finished_at is null`,
};

export async function measureQueue(db: Queryable): Promise<QueueMeasure> {
  const [row] = await runQuery<{ queued: number; waiting: number; running: number; oldest_age_seconds: number }>(
    db,
    statement,
    [],
  );
  return {
    queued: row?.queued ?? 0,
    waiting: row?.waiting ?? 0,
    running: row?.running ?? 0,
    oldestAgeSeconds: row?.oldest_age_seconds ?? 0,
  };
}
