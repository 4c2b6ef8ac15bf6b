import { type BatchId, fromUuid, type TaskId, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'find-cancellable-tasks',
  text: `
    select t.id
    from tasks t join task_heads h on h.task_id = t.id
    where t.batch_id = $1::uuid and t.tenant_id = $2::uuid
      and (h.status in ('queued', 'waiting') or (h.status = 'running' and ($3::boolean or h.cancel_requested_at is null)))
    order by t.id
    limit $4::integer`,
};

/** Tasks of a batch that a cancel would still change. */
export async function findCancellableTasks(
  db: Queryable,
  batch: { tenantId: TenantId; batchId: BatchId; force: boolean; limit: number },
): Promise<TaskId[]> {
  const rows = await runQuery<{ id: string }>(db, statement, [
    toUuid(batch.batchId),
    toUuid(batch.tenantId),
    batch.force,
    batch.limit,
  ]);
  return rows.map((row) => fromUuid('task', row.id));
}
