import { type ArtifactId, fromUuid, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface UnwantedArtifact {
  id: ArtifactId;
  /** Where bytes or parts may lie. */
  s3Key: string;
}

export interface UnwantedArtifactsRequest {
  /** Where the last page ended; undefined begins anew. */
  after: ArtifactId | undefined;
  limit: number;
  /** Age at which an upload that nobody can finish is looked at. */
  minAgeMs: number;
  /** How long after that look it is looked at again, for writers that were paused meanwhile. */
  lateMs: number;
}

/**
 * An epoch that is over never begins again: the head's epoch only grows, and a claim is what makes a task run. So an
 * upload that is found here cannot become that of a running epoch before its bytes are removed.
 */
const statement = {
  name: 'find-unwanted-artifacts',
  text: `
    select id, s3_key from (
      select a.id, a.s3_key
      from artifacts a left join task_heads h on h.task_id = a.task_id
      where a.status = 'uploading' and a.created_at < now() - make_interval(secs => $3::double precision / 1000)
        and (h.status is distinct from 'running' or h.epoch <> a.epoch)
      union all
      select id, s3_key
      from artifacts
      where status = 'aborted' and not usable and discards < 2
        and finished_at < now() - make_interval(
          secs => case when discards = 0 then $3::double precision else $4::double precision end / 1000)
    ) unwanted
    where $1::uuid is null or id > $1::uuid
    order by id
    limit $2::integer`,
};

/** Artifacts of which bytes may be in S3 that nobody needs, oldest first. */
export async function findUnwantedArtifacts(
  db: Queryable,
  request: UnwantedArtifactsRequest,
): Promise<UnwantedArtifact[]> {
  const { after, limit, minAgeMs, lateMs } = request;
  const values = [after === undefined ? null : toUuid(after), limit, minAgeMs, lateMs];
  const rows = await runQuery<{ id: string; s3_key: string }>(db, statement, values);
  return rows.map((row) => ({ id: fromUuid('art', row.id), s3Key: row.s3_key }));
}
