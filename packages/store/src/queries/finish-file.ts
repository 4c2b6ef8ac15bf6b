import { type FileId, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import { FILE_COLUMNS, type FileColumns, type StoredFile, toStoredFile } from './find-file.ts';

/**
 * Makes an upload visible, unless the tenant has the same bytes under the same name already: then that file is the
 * answer and the new one is given up. Two uploads that end at the same moment are told apart by the unique index, so
 * the caller may have to ask once more (SQLSTATE 23505).
 */
const statement = {
  name: 'finish-file',
  text: `
    with mine as materialized (
      select id, name from files where id = $1::uuid and tenant_id = $2::uuid and status = 'uploading' for no key update
    ), twin as materialized (
      select f.id
      from files f join mine on mine.name = f.name
      where f.tenant_id = $2::uuid and f.sha256 = $4 and f.status = 'ready'
    ), given_up as (
      update files f set status = 'deleted' from mine where f.id = mine.id and exists (select from twin)
    ), finished as (
      update files f set status = 'ready', bytes = $3::bigint, sha256 = $4, media_type = $5
      from mine
      where f.id = mine.id and not exists (select from twin)
      returning f.id, f.name, f.media_type, f.bytes, f.sha256, f.s3_key, f.created_at
    )
    select ${FILE_COLUMNS}, false as is_twin from finished
    union all
    select ${FILE_COLUMNS}, true as is_twin from files where id in (select id from twin)`,
};

/** The file that holds the bytes now, and whether it had been there before. Undefined when the upload is not known. */
export async function finishFile(
  db: Queryable,
  upload: { id: FileId; tenantId: TenantId; bytes: number; sha256: string; mediaType: string },
): Promise<{ file: StoredFile; isTwin: boolean } | undefined> {
  const values = [toUuid(upload.id), toUuid(upload.tenantId), upload.bytes, upload.sha256, upload.mediaType];
  const ask = () => runQuery<FileColumns & { is_twin: boolean }>(db, statement, values);
  const [row] = await ask().catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === '23505') return ask();
    throw error;
  });
  return row && { file: toStoredFile(row), isTwin: row.is_twin };
}
