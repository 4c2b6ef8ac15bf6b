import {
  createArtifactJanitor,
  createReconciler,
  createRetentionCleaner,
  createStreamTrimmer,
  createUploadSweeper,
  type Housekeeper,
} from '@nightshift/dispatch';
import type { WorkerContext } from './context.ts';

const DAY_MS = 24 * 60 * 60_000;
/** S3 keeps an unfinished upload that no row knows of for at most this (I19). */
const MAX_UNKNOWN_UPLOAD_MS = 48 * 60 * 60_000;

/** The housekeepers that remove what nobody needs any more, and mend what nobody else would. */
export function createCleaners({ config, pool, redis, publisher, agent, log, metrics }: WorkerContext): Housekeeper[] {
  const { uploadAgeMs, retentionDays } = config.housekeeping;
  const objects = agent.objectStore;
  return [
    createReconciler({ pool, publish: (rows) => publisher.publish(rows), log, metrics }),
    createArtifactJanitor({ pool, objects, log, metrics, minAgeMs: uploadAgeMs }),
    createUploadSweeper({ pool, objects, log, metrics, maxAgeMs: MAX_UNKNOWN_UPLOAD_MS, now: agent.now }),
    createStreamTrimmer({ pool, redis, log, metrics }),
    createRetentionCleaner({ pool, log, metrics, retentionMs: retentionDays * DAY_MS }),
  ];
}
