import { createId, type FileId, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'delete-file',
  text: `
    with gone as (
      update files set status = 'deleted'
      where id = $1::uuid and tenant_id = $2::uuid and status <> 'deleted'
      returning s3_key
    ), audited as (
      insert into audit_log (id, tenant_id, actor, action, target)
      select $3::uuid, $2::uuid, $4, 'file.deleted', $5 from gone
    )
    select s3_key from gone`,
};

/** Hides the file from everybody; returns the key of its bytes, which the caller removes. */
export async function deleteFile(
  db: Queryable,
  request: { tenantId: TenantId; fileId: FileId; actor: string },
): Promise<string | undefined> {
  const [row] = await runQuery<{ s3_key: string }>(db, statement, [
    toUuid(request.fileId),
    toUuid(request.tenantId),
    toUuid(createId('audit')),
    request.actor,
    request.fileId,
  ]);
  return row?.s3_key;
}
