import { type FileId, fromUuid, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** A document that a client uploaded; its bytes are in S3. */
export interface StoredFile {
  id: FileId;
  name: string;
  mediaType: string;
  bytes: number;
  sha256: string;
  s3Key: string;
  createdAt: Date;
}

export interface FileColumns {
  id: string;
  name: string;
  media_type: string;
  bytes: number;
  sha256: string;
  s3_key: string;
  created_at: Date;
}

export const FILE_COLUMNS = 'id, name, media_type, bytes, sha256, s3_key, created_at';

const statement = {
  name: 'find-file',
  text: `
    select ${FILE_COLUMNS}
    from files
    where id = $1::uuid and tenant_id = $2::uuid and status = 'ready'`,
};

/** The file, if it belongs to the tenant, is complete and was not deleted. */
export async function findFile(db: Queryable, tenantId: TenantId, fileId: FileId): Promise<StoredFile | undefined> {
  const [row] = await runQuery<FileColumns>(db, statement, [toUuid(fileId), toUuid(tenantId)]);
  return row && toStoredFile(row);
}

export function toStoredFile(row: FileColumns): StoredFile {
  return {
    id: fromUuid('file', row.id),
    name: row.name,
    mediaType: row.media_type,
    bytes: row.bytes,
    sha256: row.sha256,
    s3Key: row.s3_key,
    createdAt: row.created_at,
  };
}
