import { type FileId, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'insert-file',
  text: `
    insert into files (id, tenant_id, name, media_type, s3_key, status)
    values ($1::uuid, $2::uuid, $3, $4, $5, 'uploading')`,
};

/** Registers an upload before its first byte leaves, so that what a crash leaves in S3 can be found from rows. */
export async function insertFile(
  db: Queryable,
  file: { id: FileId; tenantId: TenantId; name: string; mediaType: string; s3Key: string },
): Promise<void> {
  await runQuery(db, statement, [toUuid(file.id), toUuid(file.tenantId), file.name, file.mediaType, file.s3Key]);
}
