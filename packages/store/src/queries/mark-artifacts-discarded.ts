import { type ArtifactId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'mark-artifacts-discarded',
  text: `
    update artifacts set
      status = 'aborted', bytes = 0, sha256 = null, finished_at = coalesce(finished_at, now()), discards = discards + 1
    where id = any($1::uuid[]) and status <> 'completed' and not usable`,
};

/** Takes note that S3 has nothing of these artifacts any more; written after the bytes are gone, never before. */
export async function markArtifactsDiscarded(db: Queryable, ids: readonly ArtifactId[]): Promise<void> {
  await runQuery(db, statement, [ids.map(toUuid)]);
}
