import type { ObjectStore } from '@nightshift/artifacts';
import { findLiveUploads, type Pool } from '@nightshift/store';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { Housekeeper } from './housekeeper.ts';

const INTERVAL_MS = 60 * 60_000;
/** Begins every key of ours (SECURITY.md: ids only). */
const KEY_PREFIX = 't/';
const MAX_UPLOADS_PER_PASS = 200;

/**
 * The second net under the artifact janitor: unfinished uploads that S3 has had for longer than any may take (`maxAgeMs`),
 * whatever the rows say, unless a running epoch is still at it. There should never be one; each is logged.
 */
export function createUploadSweeper(deps: {
  pool: Pool;
  objects: Pick<ObjectStore, 'listUploads' | 'abortUploads'>;
  log: Logger;
  metrics: Metrics;
  maxAgeMs: number;
  now: () => number;
}): Housekeeper {
  return {
    name: 'upload-sweeper',
    intervalMs: INTERVAL_MS,
    async runOnce() {
      const uploads = await deps.objects.listUploads(KEY_PREFIX);
      const latest = deps.now() - deps.maxAgeMs;
      const old = uploads.filter(({ initiatedAt }) => initiatedAt.getTime() < latest).slice(0, MAX_UPLOADS_PER_PASS);
      if (old.length === 0) return false;
      const live = await findLiveUploads(
        deps.pool,
        old.map(({ key }) => key),
      );
      for (const { key } of old) {
        if (live.has(key)) continue;
        await deps.objects.abortUploads(key);
        deps.metrics.uploadsDiscarded.inc();
        deps.log.warn({ s3_key: key }, 'an unfinished upload that no row knew of is removed');
      }
      return false;
    },
  };
}
