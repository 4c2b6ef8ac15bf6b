import { type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { type Page, type PageRequest, toPage, toPageStatements } from '../page.ts';
import { runQuery } from '../run-query.ts';
import { BATCH_SELECT, type BatchColumns, type BatchRow, toBatchRow } from './find-batch.ts';

const statements = toPageStatements('list-batches', {
  id: 'b.id',
  select: BATCH_SELECT,
  where: 'b.tenant_id = $1::uuid',
});

/** Batches of the tenant, newest first. */
export async function listBatches(
  db: Queryable,
  tenantId: TenantId,
  page: PageRequest<'batch'>,
): Promise<Page<BatchRow>> {
  const start = page.before ?? page.after;
  const statement = page.before === undefined ? statements.older : statements.newer;
  const rows = await runQuery<BatchColumns>(db, statement, [
    toUuid(tenantId),
    start === undefined ? null : toUuid(start),
    page.limit + 1,
  ]);
  return toPage(rows.map(toBatchRow), page);
}
