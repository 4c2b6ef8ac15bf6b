import { type BatchId, type Status, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { type Page, type PageRequest, toPage, toPageStatements } from '../page.ts';
import { runQuery } from '../run-query.ts';
import { TASK_COLUMNS, type TaskColumns, type TaskRow, toTaskRow } from '../task-row.ts';

export interface TaskFilter {
  statuses?: Status[] | undefined;
  agent?: string | undefined;
  /** All of them. */
  tags?: string[] | undefined;
  batchId?: BatchId | undefined;
  createdAfter?: Date | undefined;
  createdBefore?: Date | undefined;
}

const statements = toPageStatements('list-tasks', {
  id: 't.id',
  select: `select ${TASK_COLUMNS} from tasks t join task_heads h on h.task_id = t.id`,
  where: `t.tenant_id = $1::uuid
      and ($4::text[] is null or h.status = any($4::text[]))
      and ($5::text is null or t.agent = $5::text)
      and ($6::text[] is null or t.tags @> $6::text[])
      and ($7::uuid is null or t.batch_id = $7::uuid)
      and ($8::timestamptz is null or t.created_at > $8::timestamptz)
      and ($9::timestamptz is null or t.created_at < $9::timestamptz)`,
});

/** Tasks of the tenant, newest first. */
export async function listTasks(
  db: Queryable,
  tenantId: TenantId,
  filter: TaskFilter,
  page: PageRequest<'task'>,
): Promise<Page<TaskRow>> {
  const start = page.before ?? page.after;
  const statement = page.before === undefined ? statements.older : statements.newer;
  const rows = await runQuery<TaskColumns>(db, statement, [
    toUuid(tenantId),
    start === undefined ? null : toUuid(start),
    page.limit + 1,
    filter.statuses ?? null,
    filter.agent ?? null,
    filter.tags ?? null,
    filter.batchId === undefined ? null : toUuid(filter.batchId),
    filter.createdAfter ?? null,
    filter.createdBefore ?? null,
  ]);
  return toPage(rows.map(toTaskRow), page);
}
