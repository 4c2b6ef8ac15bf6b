import { type Json, type TaskId, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import { TASK_COLUMNS, type TaskColumns, type TaskRow, toTaskRow } from '../task-row.ts';

const statement = {
  name: 'find-task',
  text: `
    select ${TASK_COLUMNS}, case when $3::boolean then t.input end as input
    from tasks t join task_heads h on h.task_id = t.id
    where t.id = $1::uuid and t.tenant_id = $2::uuid`,
};

/** The task, if it belongs to the tenant; with its input when that is asked for. */
export async function findTask(
  db: Queryable,
  tenantId: TenantId,
  taskId: TaskId,
  include: { input: boolean } = { input: false },
): Promise<(TaskRow & { input?: Json }) | undefined> {
  const [row] = await runQuery<TaskColumns & { input: string | null }>(db, statement, [
    toUuid(taskId),
    toUuid(tenantId),
    include.input,
  ]);
  if (!row) return undefined;
  return { ...toTaskRow(row), ...(row.input === null ? {} : { input: JSON.parse(row.input) as Json }) };
}
