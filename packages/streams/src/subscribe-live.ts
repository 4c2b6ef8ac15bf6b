import type { TaskId } from '@nightshift/domain';
import { LiveChannels } from './live-channels.ts';
import type { RedisConnections } from './open-redis.ts';
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
 * for themselves, once everything is subscribed again. While Redis is away nothing is sent, or ioredis would keep a command
 * for every reader that comes and goes meanwhile; what is wanted then is what is subscribed afterwards.
 */
export function subscribeLive(
  redis: RedisConnections,
  handlers: { onEntry(taskId: TaskId, entry: StreamEntry): void; onReconnect(): void },
): LiveSubscriptions {
  const { subscriber, keys } = redis;
  const tasks = new Map<string, TaskId>();
  const channels = new LiveChannels(subscriber);
  let verifying: Promise<void> | undefined;

  function onMessage(channel: string, message: string): void {
    const taskId = tasks.get(channel);
    if (taskId) handlers.onEntry(taskId, decodeMessage(message));
  }

  /** The answer to a ping comes after those to the subscriptions before it: ioredis' own and the ones made here. */
  function onReady(): void {
    channels.restore(tasks);
    subscriber.ping().then(handlers.onReconnect, () => undefined);
  }

  async function ping(): Promise<void> {
    const alive = subscriber.ping().then(
      () => true,
      () => false,
    );
    if (!(await within(alive, PING_TIMEOUT_MS))) subscriber.disconnect(true);
  }

  function verify(): Promise<void> {
    if (subscriber.status !== 'ready') return Promise.resolve();
    verifying ??= ping().finally(() => {
      verifying = undefined;
    });
    return verifying;
  }

  subscriber.on('message', onMessage);
  subscriber.on('ready', onReady);
  return {
    async add(taskId) {
      const channel = keys.liveChannel(taskId);
      tasks.set(channel, taskId);
      if (subscriber.status !== 'ready') return false;
      const isConfirmed = await within(channels.subscribe([channel]), CONFIRM_TIMEOUT_MS);
      if (!isConfirmed) void verify(); // commands must not pile up in a connection that hangs
      return isConfirmed;
    },
    remove(taskId) {
      const channel = keys.liveChannel(taskId);
      tasks.delete(channel);
      if (subscriber.status === 'ready') channels.unsubscribe(channel);
    },
    verify,
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
