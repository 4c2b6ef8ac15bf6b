import type { TaskId } from '@nightshift/domain';
import { callWithFailpoints } from '@nightshift/resilience';
import { createConnectionLoss, type RedisConnections } from './open-redis.ts';
import { decodeTexts, type StreamEntry } from './stream-entry.ts';

/** A subscription that is not confirmed by then goes on in the background: Redis delays nobody. */
const CONFIRM_TIMEOUT_MS = 200;
const PING_TIMEOUT_MS = 1_000;

export interface LiveSubscriptions {
  /**
   * Asks for the entries of a task from now on. Resolves, always soon: true when the server has confirmed it, so that
   * nothing published from here on is missed; false while Redis is away, and then it subscribes when it is back.
   */
  add(taskId: TaskId): Promise<boolean>;
  remove(taskId: TaskId): void;
  /** Somebody missed messages: finds out whether the connection is dead without knowing it, and makes it anew. */
  verify(): Promise<void>;
  close(): void;
}

/**
 * The one subscriber of a process. Messages during a reconnect are lost by nature: `onReconnect` tells readers to look
 * for themselves, once everything is subscribed again.
 */
export function subscribeLive(
  redis: RedisConnections,
  handlers: { onEntry(taskId: TaskId, entry: StreamEntry): void; onReconnect(): void },
): LiveSubscriptions {
  const { subscriber, keys } = redis;
  const tasks = new Map<string, TaskId>();

  function onMessage(channel: string, message: string): void {
    const taskId = tasks.get(channel);
    if (taskId) handlers.onEntry(taskId, decodeMessage(message));
  }

  /** ioredis has sent its subscriptions before this is called, so the answer to a ping comes after theirs. */
  function onReady(): void {
    subscriber.ping().then(handlers.onReconnect, () => undefined);
  }

  subscriber.on('message', onMessage);
  subscriber.on('ready', onReady);
  return {
    async add(taskId) {
      const channel = keys.liveChannel(taskId);
      tasks.set(channel, taskId);
      const subscribe = () => subscriber.subscribe(channel);
      const subscribed = callWithFailpoints('streams.subscribe', subscribe, createConnectionLoss).then(
        () => true,
        () => false, // ioredis repeats it after the reconnect
      );
      return subscriber.status === 'ready' && (await within(subscribed, CONFIRM_TIMEOUT_MS));
    },
    remove(taskId) {
      const channel = keys.liveChannel(taskId);
      tasks.delete(channel);
      subscriber.unsubscribe(channel).catch(() => undefined);
    },
    async verify() {
      if (subscriber.status !== 'ready') return;
      const alive = subscriber.ping().then(
        () => true,
        () => false,
      );
      if (!(await within(alive, PING_TIMEOUT_MS))) subscriber.disconnect(true);
    },
    close() {
      subscriber.off('message', onMessage);
      subscriber.off('ready', onReady);
    },
  };
}

/** What the promise says, or false after the time; leaves no timer behind. */
async function within(promise: Promise<boolean>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
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
