import { type FileId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'mark-files-discarded',
  text: `update files set discards = discards + 1 where id = any($1::uuid[]) and status = 'deleted'`,
};

/** Takes note that S3 has nothing of these files any more; written after the bytes are gone, never before. */
export async function markFilesDiscarded(db: Queryable, ids: readonly FileId[]): Promise<void> {
  await runQuery(db, statement, [ids.map(toUuid)]);
}
