import type { TaskId } from '@nightshift/domain';
import type { RedisConnections } from './open-redis.ts';
import { decodeTexts, type StreamEntry } from './stream-entry.ts';

export interface LiveSubscriptions {
  /** Asks for the entries of a task from now on. Returns at once; a Redis that is away subscribes when it is back. */
  add(taskId: TaskId): void;
  remove(taskId: TaskId): void;
}

/**
 * The one subscriber of a process. Messages during a reconnect are lost by nature: `onReconnect` tells readers to look
 * for themselves.
 */
export function subscribeLive(
  redis: RedisConnections,
  handlers: { onEntry(taskId: TaskId, entry: StreamEntry): void; onReconnect(): void },
): LiveSubscriptions {
  const tasks = new Map<string, TaskId>();
  redis.subscriber.on('message', (channel: string, message: string) => {
    const taskId = tasks.get(channel);
    if (taskId) handlers.onEntry(taskId, decodeMessage(message));
  });
  redis.subscriber.on('ready', () => handlers.onReconnect());
  const ignore = () => undefined; // a failed subscribe is repeated by ioredis after the reconnect
  return {
    add(taskId) {
      const channel = redis.keys.liveChannel(taskId);
      tasks.set(channel, taskId);
      redis.subscriber.subscribe(channel).catch(ignore);
    },
    remove(taskId) {
      const channel = redis.keys.liveChannel(taskId);
      tasks.delete(channel);
      redis.subscriber.unsubscribe(channel).catch(ignore);
    },
  };
}

/** `<first> <last> <final>\n<texts>`: what publish-events.lua publishes. */
function decodeMessage(message: string): StreamEntry {
  const newline = message.indexOf('\n');
  const [first, last, final] = message.slice(0, newline).split(' ');
  return {
    firstSeq: Number(first),
    lastSeq: Number(last),
    final: final === '1',
    ...decodeTexts(message.slice(newline + 1)),
  };
}
