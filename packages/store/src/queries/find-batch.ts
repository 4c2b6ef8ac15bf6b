import { type BatchId, fromUuid, STATUSES, type Status, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface BatchRow {
  id: BatchId;
  name: string | undefined;
  agent: string;
  metadata: Record<string, string>;
  total: number;
  /** Tasks of it that may run at once; undefined is no cap of its own. */
  concurrency: number | undefined;
  /** Tasks by status, now. */
  counts: Record<Status, number>;
  cancelRequestedAt: Date | undefined;
  createdAt: Date;
  startedAt: Date | undefined;
  /** When the last task ended; undefined while one has not. */
  finishedAt: Date | undefined;
}

export interface BatchColumns {
  id: string;
  name: string | null;
  agent: string;
  metadata: Record<string, string>;
  total: number;
  concurrency: number | null;
  counts: Partial<Record<Status, number>> | null;
  cancel_requested_at: Date | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
}

/** Columns of a batch `b` with what its tasks are doing now. */
export const BATCH_SELECT = `
    select b.id, b.name, b.agent, b.metadata, b.total, b.concurrency, b.cancel_requested_at, b.created_at, live.counts,
      live.started_at, case when live.open_count = 0 then live.finished_at end as finished_at
    from batches b left join lateral (
      select json_object_agg(s.status, s.task_count) as counts, min(s.started_at) as started_at,
        max(s.finished_at) as finished_at,
        coalesce(sum(s.task_count) filter (where s.status in ('queued', 'running', 'waiting')), 0) as open_count
      from (
        select h.status, count(*)::integer as task_count, min(t.started_at) as started_at,
          max(t.finished_at) as finished_at
        from tasks t join task_heads h on h.task_id = t.id
        where t.batch_id = b.id
        group by h.status
      ) s
    ) live on true`;

const statement = {
  name: 'find-batch',
  text: `${BATCH_SELECT}
    where b.id = $1::uuid and b.tenant_id = $2::uuid`,
};

/** The batch, if it belongs to the tenant. */
export async function findBatch(db: Queryable, tenantId: TenantId, batchId: BatchId): Promise<BatchRow | undefined> {
  const [row] = await runQuery<BatchColumns>(db, statement, [toUuid(batchId), toUuid(tenantId)]);
  return row && toBatchRow(row);
}

export function toBatchRow(row: BatchColumns): BatchRow {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, row.counts?.[status] ?? 0]));
  return {
    id: fromUuid('batch', row.id),
    name: row.name ?? undefined,
    agent: row.agent,
    metadata: row.metadata,
    total: row.total,
    concurrency: row.concurrency ?? undefined,
    counts: counts as Record<Status, number>,
    cancelRequestedAt: row.cancel_requested_at ?? undefined,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  };
}
