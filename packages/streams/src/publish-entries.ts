import type { TaskId } from '@nightshift/domain';
import { loadLuaScript } from './lua-script.ts';
import type { RedisConnections } from './open-redis.ts';
import { encodeTexts, type StreamEntry } from './stream-entry.ts';
import { STREAM_TTL_MS } from './stream-lifetime.ts';

/** What a stream keeps at most, about: readers that are further behind take it from Postgres. */
const MAX_ENTRIES = 2_000;
const MAX_BYTES = 4 * 1024 * 1024;

const script = loadLuaScript('publish-events');

/** ok: appended, or there already. gap: the stream ends at `lastSeq`, rows between are missing; nothing appended. */
export type PublishAnswer = { kind: 'ok' } | { kind: 'gap'; lastSeq: number };

/**
 * Appends committed rows to the task's stream and to its live channel, in one script (ARCHITECTURE.md 9). Throws when
 * Redis is away or does not answer.
 */
export async function publishEntries(
  redis: RedisConnections,
  taskId: TaskId,
  entries: readonly StreamEntry[],
  options: { allowGap: boolean },
): Promise<PublishAnswer> {
  const final = entries.at(-1)?.final === true;
  const call = script.call(
    redis.commands,
    [redis.keys.stream(taskId)],
    [
      redis.keys.liveChannel(taskId),
      final ? STREAM_TTL_MS.finished : STREAM_TTL_MS.running,
      MAX_ENTRIES,
      MAX_BYTES,
      options.allowGap ? '1' : '',
      ...entries.flatMap((entry) => [entry.firstSeq, entry.lastSeq, entry.final ? '1' : '', encodeTexts(entry)]),
    ],
  );
  const answer = (await call.catch((error: unknown) => {
    redis.noteFailure(error);
    throw error;
  })) as [string, number];
  return answer[0] === 'GAP' ? { kind: 'gap', lastSeq: Number(answer[1]) } : { kind: 'ok' };
}
