import type { TaskId } from '@nightshift/domain';
import { callWithFailpoints } from '@nightshift/resilience';
import { createConnectionLoss, type RedisConnections } from './open-redis.ts';
import { decodeTexts, type StreamEntry } from './stream-entry.ts';

/**
 * Entries that end after the cursor, in order. Redis may have lost some, or all: the reader checks that each one begins
 * where the last one ended. Throws when Redis is away.
 */
export async function readEntries(
  redis: RedisConnections,
  taskId: TaskId,
  after: number,
  maxEntries: number,
): Promise<StreamEntry[]> {
  const stream = redis.keys.stream(taskId);
  const read = () => redis.commands.xrange(stream, `${after + 1}-0`, '+', 'COUNT', maxEntries);
  const found = await callWithFailpoints('streams.xrange', read, createConnectionLoss).catch((error: unknown) => {
    redis.noteFailure(error);
    throw error;
  });
  return found.map(([id, fields]) => {
    const value = (name: string) => fields[fields.indexOf(name) + 1] ?? '';
    return {
      firstSeq: Number(value('f')),
      lastSeq: Number(id.slice(0, id.indexOf('-'))),
      final: value('x') === '1',
      ...decodeTexts(value('t')),
    };
  });
}
