import { isId, type TaskId } from '@nightshift/domain';
import { callWithFailpoints } from '@nightshift/resilience';
import { createConnectionLoss, type RedisConnections } from './open-redis.ts';

const KEYS_PER_SCAN = 1_000;

/** A stream that is in Redis, and how long it will be; undefined when it has no time to live. */
export interface FoundStream {
  taskId: TaskId;
  ttlMs: number | undefined;
}

/**
 * One step of a walk over all keys: the streams of this installation among them, and the cursor of the next step, `0` when
 * the walk is at its end. Throws when Redis is away.
 */
export async function scanStreams(
  redis: RedisConnections,
  cursor: string,
): Promise<{ cursor: string; streams: FoundStream[] }> {
  try {
    const pattern = escapeGlob(redis.keys.streamPattern.prefix);
    const match = `${pattern}*${redis.keys.streamPattern.suffix}`;
    const scan = () => redis.commands.scan(cursor, 'MATCH', match, 'COUNT', KEYS_PER_SCAN);
    const [next, keys] = await callWithFailpoints('streams.scan', scan, createConnectionLoss);
    const ttls = await Promise.all(keys.map((key) => redis.commands.pttl(key)));
    return { cursor: next, streams: keys.flatMap((key, index) => toFound(redis, key, ttls[index] ?? -2)) };
  } catch (error) {
    redis.noteFailure(error);
    throw error;
  }
}

function toFound(redis: RedisConnections, key: string, ttlMs: number): FoundStream[] {
  const { prefix, suffix } = redis.keys.streamPattern;
  const taskId = key.slice(prefix.length, -suffix.length);
  const isGone = ttlMs === -2;
  return isId('task', taskId) && !isGone ? [{ taskId, ttlMs: ttlMs === -1 ? undefined : ttlMs }] : [];
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, '\\$&');
}
