import { setMaxListeners } from 'node:events';
import { createObjectStore, type ObjectStore } from '@nightshift/artifacts';
import { createEventHub, type EventHub } from '@nightshift/eventlog';
import { createTaskQueue, type TaskQueue } from '@nightshift/queue';
import { openPool, type Pool } from '@nightshift/store';
import { openRedis, type RedisConnections } from '@nightshift/streams';
import { createLogger, createMetrics, type Logger, type Metrics } from '@nightshift/telemetry';
import type { ApiConfig } from './config.ts';
import { createStreamGate, type StreamGate } from './events/stream-gate.ts';
import { createKeyCache, type KeyCache } from './http/key-cache.ts';
import type { BodyBudget } from './http/read-body.ts';
import { createReaderLane, type ReaderLane } from './reader-lane.ts';

/** Memory for JSON bodies that are being received, over all requests. */
const MAX_BODY_BYTES_IN_FLIGHT = 256 * 1024 * 1024;

/** Everything an API process works with; made once, handed to every route. */
export interface ApiContext {
  readonly config: ApiConfig;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly pool: Pool;
  /** What readers share of the pool, so that submits have the rest. */
  readonly readerLane: ReaderLane;
  readonly redis: RedisConnections;
  readonly queue: TaskQueue;
  readonly hub: EventHub;
  readonly objects: ObjectStore;
  readonly keys: KeyCache;
  readonly streamGate: StreamGate;
  readonly bodyBudget: BodyBudget;
  /** Aborts when the process is to stop: readiness fails, streams and long polls end. */
  readonly stopping: AbortSignal;
  close(): Promise<void>;
}

/** Builds the clients. Nothing is waited for: an API starts, and answers what it can, while a service is away. */
export function createApiContext(
  config: ApiConfig,
  options: { stopping: AbortSignal; log?: Logger } = { stopping: new AbortController().signal },
): ApiContext {
  setMaxListeners(0, options.stopping); // every open stream listens
  const log = options.log ?? createLogger({ name: 'api', level: config.logLevel });
  const metrics = createMetrics('api');
  const pool = openPool({
    databaseUrl: config.database.url,
    applicationName: 'nightshift api',
    maxConnections: config.database.maxConnections,
    log,
  });
  const redis = openRedis({ url: config.redis.url, name: 'nightshift:api', prefix: config.redis.prefix, log });
  const queue = createTaskQueue({ redisUrl: config.redis.url, prefix: config.redis.prefix, log });
  const readerLane = createReaderLane(pool, config.database);
  const hub = createEventHub({ pool, forReader: readerLane.forReader, redis, log, metrics });
  const objects = createObjectStore({ ...toS3Options(config), log });
  return {
    config,
    log,
    metrics,
    pool,
    readerLane,
    redis,
    queue,
    hub,
    objects,
    keys: createKeyCache(pool),
    streamGate: createStreamGate(config.streams),
    bodyBudget: { bytesInFlight: 0, maxBytes: MAX_BODY_BYTES_IN_FLIGHT },
    stopping: options.stopping,
    async close() {
      hub.close();
      await queue.close();
      await redis.close();
      objects.close();
      await pool.end();
    },
  };
}

function toS3Options({ s3 }: ApiConfig) {
  const token = s3.credentials?.sessionToken;
  const credentials = s3.credentials && {
    accessKeyId: s3.credentials.accessKeyId,
    secretAccessKey: s3.credentials.secretAccessKey,
    ...(token === undefined ? {} : { sessionToken: token }),
  };
  const { endpoint, bucket, region, forcePathStyle } = s3;
  return { endpoint, bucket, region, forcePathStyle, credentials };
}
