import { isFinal } from '@nightshift/domain';
import { type Pool, readTails } from '@nightshift/store';
import { type RedisConnections, STREAM_TTL_MS, scanStreams, shortenStream } from '@nightshift/streams';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { Housekeeper } from './housekeeper.ts';

const INTERVAL_MS = 1_000;

/**
 * Finds streams in Redis that live longer than they are needed: the final event of their task was never published (its
 * worker died between the commit and that), or Redis came back older, or without their times to live. A step over the
 * keys in each pass. Whatever it takes away, readers have from Postgres.
 */
export function createStreamTrimmer(deps: {
  pool: Pool;
  redis: RedisConnections;
  log: Logger;
  metrics: Metrics;
}): Housekeeper {
  const { pool, redis, log, metrics } = deps;
  let cursor = '0';
  return {
    name: 'stream-trimmer',
    intervalMs: INTERVAL_MS,
    async runOnce() {
      const found = await scanStreams(redis, cursor);
      const long = found.streams.filter(({ ttlMs }) => ttlMs === undefined || ttlMs > STREAM_TTL_MS.finished);
      const tails = long.length > 0 ? await readTails(pool, [...long.map(({ taskId }) => taskId)]) : new Map();
      for (const { taskId, ttlMs } of long) {
        const tail = tails.get(taskId);
        const isOver = !tail || isFinal(tail.status);
        if (!isOver && ttlMs !== undefined) continue;
        await shortenStream(redis, taskId, isOver ? STREAM_TTL_MS.finished : STREAM_TTL_MS.running);
        metrics.streamsShortened.inc();
        log.debug({ task_id: taskId }, 'a stream that would have lived too long was given its time');
      }
      cursor = found.cursor; // only now: what failed on the way is looked at again
      return false;
    },
  };
}
