import { type FileId, fromUuid, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'find-ready-file-ids',
  text: `
    select id
    from files
    where id = any($1::uuid[]) and tenant_id = $2::uuid and status = 'ready'`,
};

/** Those of the ids that `findFile` would find, in one query however many there are. */
export async function findReadyFileIds(
  db: Queryable,
  tenantId: TenantId,
  fileIds: readonly FileId[],
): Promise<ReadonlySet<FileId>> {
  const rows = await runQuery<{ id: string }>(db, statement, [fileIds.map(toUuid), toUuid(tenantId)]);
  return new Set(rows.map(({ id }) => fromUuid('file', id)));
}
