import { type Status, type TaskId, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface TaskHead {
  status: Status;
  /** Number of the newest event. */
  lastSeq: number;
}

const statement = {
  name: 'find-task-head',
  text: `
    select status, next_seq - 1 as last_seq
    from task_heads
    where task_id = $1::uuid and tenant_id = $2::uuid`,
};

/** Where a task of the tenant stands; undefined when it has no such task. */
export async function findTaskHead(db: Queryable, tenantId: TenantId, taskId: TaskId): Promise<TaskHead | undefined> {
  const [row] = await runQuery<{ status: Status; last_seq: number }>(db, statement, [toUuid(taskId), toUuid(tenantId)]);
  return row && { status: row.status, lastSeq: row.last_seq };
}
