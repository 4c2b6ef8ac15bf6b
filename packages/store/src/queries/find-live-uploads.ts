import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'find-live-uploads',
  text: `
    select a.s3_key
    from artifacts a join task_heads h on h.task_id = a.task_id
    where a.s3_key = any($1::text[]) and a.status = 'uploading' and h.status = 'running' and h.epoch = a.epoch`,
};

/** Those of the keys to which a running epoch may still be uploading. */
export async function findLiveUploads(db: Queryable, s3Keys: readonly string[]): Promise<Set<string>> {
  const rows = await runQuery<{ s3_key: string }>(db, statement, [s3Keys]);
  return new Set(rows.map((row) => row.s3_key));
}
