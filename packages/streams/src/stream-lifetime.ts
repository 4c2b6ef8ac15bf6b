import type { TaskId } from '@nightshift/domain';
import { callWithFailpoints } from '@nightshift/resilience';
import { createConnectionLoss, type RedisConnections } from './open-redis.ts';

/**
 * A stream of a running task outlives a long silence, that of a finished one a reconnect: Postgres has everything, and an
 * almost empty stream costs 4 KB (measured).
 */
export const STREAM_TTL_MS: { readonly running: number; readonly finished: number } = Object.freeze({
  running: 24 * 60 * 60_000,
  finished: 10 * 60_000,
});

/** Lets the stream of a task end no later than in so long; one that ends sooner is left as it is. */
export async function shortenStream(redis: RedisConnections, taskId: TaskId, ttlMs: number): Promise<void> {
  try {
    const shorten = () => redis.commands.pexpire(redis.keys.stream(taskId), ttlMs, 'LT');
    await callWithFailpoints('streams.pexpire', shorten, createConnectionLoss);
  } catch (error) {
    redis.noteFailure(error);
    throw error;
  }
}
