import type { TaskId } from '@nightshift/domain';
import { loadLuaScript } from './lua-script.ts';
import type { RedisConnections } from './open-redis.ts';
import { encodeTexts, type StreamEntry } from './stream-entry.ts';

/** Streams of running tasks outlive a long silence, those of finished ones a lunch break; Postgres has everything. */
const RUNNING_TTL_MS = 24 * 60 * 60_000;
const FINISHED_TTL_MS = 60 * 60_000;
const MAX_ENTRIES = 10_000;

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
      final ? FINISHED_TTL_MS : RUNNING_TTL_MS,
      MAX_ENTRIES,
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
