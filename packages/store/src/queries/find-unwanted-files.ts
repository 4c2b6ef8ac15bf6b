import { type FileId, fromUuid, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface UnwantedFile {
  id: FileId;
  /** Where bytes or parts may lie. */
  s3Key: string;
}

const statement = {
  name: 'find-unwanted-files',
  text: `
    select id, s3_key from files
    where status = 'deleted' and ($1::uuid is null or id > $1::uuid)
      and (discards = 0 or discards = 1 and created_at < now() - make_interval(secs => $3::double precision / 1000))
    order by id
    limit $2::integer`,
};

/**
 * Deleted files of which bytes may be in S3, oldest first: at once, and again when nobody can be writing to them any more
 * (`maxUploadMs` after they were registered).
 */
export async function findUnwantedFiles(
  db: Queryable,
  request: { after: FileId | undefined; limit: number; maxUploadMs: number },
): Promise<UnwantedFile[]> {
  const { after, limit, maxUploadMs } = request;
  const values = [after === undefined ? null : toUuid(after), limit, maxUploadMs];
  const rows = await runQuery<{ id: string; s3_key: string }>(db, statement, values);
  return rows.map((row) => ({ id: fromUuid('file', row.id), s3Key: row.s3_key }));
}
