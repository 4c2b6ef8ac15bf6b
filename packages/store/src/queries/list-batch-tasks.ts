import { type BatchId, type Status, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import { TASK_COLUMNS, type TaskColumns, type TaskRow, toTaskRow } from '../task-row.ts';

export interface BatchTaskFilter {
  /** Index in the batch after which to begin; -1 is the beginning. */
  afterIndex: number;
  statuses?: Status[] | undefined;
  limit: number;
}

const statement = {
  name: 'list-batch-tasks',
  text: `
    select ${TASK_COLUMNS}
    from tasks t join task_heads h on h.task_id = t.id
    where t.batch_id = $1::uuid and t.tenant_id = $2::uuid and t.batch_index > $3::integer
      and ($4::text[] is null or h.status = any($4::text[]))
    order by t.batch_index
    limit $5::integer`,
};

/** Tasks of a batch of the tenant, in the order in which they were submitted. */
export async function listBatchTasks(
  db: Queryable,
  tenantId: TenantId,
  batchId: BatchId,
  filter: BatchTaskFilter,
): Promise<TaskRow[]> {
  const rows = await runQuery<TaskColumns>(db, statement, [
    toUuid(batchId),
    toUuid(tenantId),
    filter.afterIndex,
    filter.statuses ?? null,
    filter.limit,
  ]);
  return rows.map(toTaskRow);
}
