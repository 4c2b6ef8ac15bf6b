import { type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { type Page, type PageRequest, toPage, toPageStatements } from '../page.ts';
import { runQuery } from '../run-query.ts';
import { FILE_COLUMNS, type FileColumns, type StoredFile, toStoredFile } from './find-file.ts';

const statements = toPageStatements('list-files', {
  id: 'id',
  select: `select ${FILE_COLUMNS} from files`,
  where: "tenant_id = $1::uuid and status = 'ready'",
});

/** Files of the tenant, newest first. */
export async function listFiles(
  db: Queryable,
  tenantId: TenantId,
  page: PageRequest<'file'>,
): Promise<Page<StoredFile>> {
  const start = page.before ?? page.after;
  const statement = page.before === undefined ? statements.older : statements.newer;
  const rows = await runQuery<FileColumns>(db, statement, [
    toUuid(tenantId),
    start === undefined ? null : toUuid(start),
    page.limit + 1,
  ]);
  return toPage(rows.map(toStoredFile), page);
}
