import type { ObjectStore } from '@nightshift/artifacts';
import { messageOf } from '@nightshift/domain';
import {
  findUnwantedArtifacts,
  findUnwantedFiles,
  giveUpUploads,
  markArtifactsDiscarded,
  markFilesDiscarded,
  type Pool,
} from '@nightshift/store';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { Housekeeper } from './housekeeper.ts';

/** Between two looks: a part of the age, so that a short age is also seen soon. */
const MAX_INTERVAL_MS = 10_000;
const MIN_INTERVAL_MS = 500;
const MAX_ROWS_PER_PASS = 50;
/** Requests to S3 at once: artifacts that are being written come first. */
const MAX_AT_ONCE = 5;
/**
 * A second look comes after so many ages: a writer that was paused in the middle of its request may finish it after the
 * first. By then its sockets and its lease are long gone.
 */
const LATE_FACTOR = 24;
/** However short the age is: a client may be uploading a large file over a slow line. */
const MIN_CLIENT_UPLOAD_MS = 60 * 60_000;

export interface JanitorDeps {
  pool: Pool;
  objects: Pick<ObjectStore, 'abortUploads' | 'delete'>;
  log: Logger;
  metrics: Metrics;
  /**
   * Age at which an upload is looked at whose epoch is over. Uploads of clients, which have no epoch, are given up after
   * 24 times this, and not before an hour.
   */
  minAgeMs: number;
}

interface Unwanted<Id> {
  id: Id;
  s3Key: string;
}

/**
 * Removes bytes that nobody needs (I19): of artifacts whose epoch ended before their upload did, of files that were
 * deleted or never arrived. It works from rows, which are written before the first byte leaves; S3 first, then the row,
 * so that whatever is interrupted is done again. An upload of a running epoch is never touched.
 */
export function createArtifactJanitor(deps: JanitorDeps): Housekeeper {
  const { pool, minAgeMs } = deps;
  const lateMs = minAgeMs * LATE_FACTOR;
  const maxUploadMs = Math.max(lateMs, MIN_CLIENT_UPLOAD_MS);
  const sweepArtifacts = createSweep(deps, {
    find: (after: Parameters<typeof findUnwantedArtifacts>[1]['after']) =>
      findUnwantedArtifacts(pool, { after, limit: MAX_ROWS_PER_PASS, minAgeMs, lateMs }),
    mark: (ids) => markArtifactsDiscarded(pool, ids),
  });
  const sweepFiles = createSweep(deps, {
    find: (after: Parameters<typeof findUnwantedFiles>[1]['after']) =>
      findUnwantedFiles(pool, { after, limit: MAX_ROWS_PER_PASS, maxUploadMs }),
    mark: (ids) => markFilesDiscarded(pool, ids),
  });
  return {
    name: 'artifact-janitor',
    intervalMs: Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, minAgeMs / 10)),
    async runOnce() {
      await giveUpUploads(pool, MAX_ROWS_PER_PASS, maxUploadMs);
      const moreArtifacts = await sweepArtifacts();
      return (await sweepFiles()) || moreArtifacts;
    },
  };
}

/** Goes through the unwanted rows page by page. One that S3 refuses is left for the next round; it holds up nobody. */
function createSweep<Id extends string>(
  { objects, log, metrics }: JanitorDeps,
  rows: { find(after: Id | undefined): Promise<Unwanted<Id>[]>; mark(ids: readonly Id[]): Promise<void> },
): () => Promise<boolean> {
  let after: Id | undefined;

  async function discard({ id, s3Key }: Unwanted<Id>): Promise<Id | undefined> {
    try {
      const parts = await objects.abortUploads(s3Key);
      await objects.delete(s3Key);
      log.info({ artifact_id: id, uploads: parts }, 'bytes that nobody needs are removed');
      return id;
    } catch (error) {
      log.warn({ artifact_id: id, error: messageOf(error) }, 'bytes that nobody needs are still in S3; trying again');
      return undefined;
    }
  }

  return async () => {
    const page = await rows.find(after);
    for (let start = 0; start < page.length; start += MAX_AT_ONCE) {
      const done = await Promise.all(page.slice(start, start + MAX_AT_ONCE).map(discard));
      const ids = done.filter((id) => id !== undefined);
      if (ids.length > 0) await rows.mark(ids);
      metrics.uploadsDiscarded.inc(ids.length);
    }
    after = page.length === MAX_ROWS_PER_PASS ? page.at(-1)?.id : undefined;
    return after !== undefined;
  };
}
