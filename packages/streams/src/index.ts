export { createSharedBreakers } from './breaker/shared-breakers.ts';
export { onCancel, publishCancel } from './cancel-channel.ts';
export type { Keys } from './keys.ts';
export { openRedis, type RedisConnectionOptions, type RedisConnections } from './open-redis.ts';
export { type PublishAnswer, publishEntries } from './publish-entries.ts';
export { readEntries } from './read-entries.ts';
export type { StreamEntry } from './stream-entry.ts';
export { type LiveSubscriptions, subscribeLive } from './subscribe-live.ts';
