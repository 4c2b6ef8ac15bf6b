import type { Logger } from '@nightshift/telemetry';
import { Redis, type RedisOptions } from 'ioredis';
import { createKeys, type Keys } from './keys.ts';

/** Redis is a cache and a doorbell: whoever asks gets an answer or an error within this, never a hang. */
const COMMAND_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 2_000;
const MAX_RECONNECT_DELAY_MS = 1_000;
/** A peer that hangs does not say goodbye: the socket is destroyed after this. */
const DISCONNECT_TIMEOUT_MS = 100;

/** How ioredis words a command timeout. */
const TIMED_OUT = 'Command timed out';

export interface RedisConnections {
  /** Fails at once while Redis is away: no queue of commands that would run later. */
  readonly commands: Redis;
  /** Only for subscriptions; ioredis subscribes again by itself after a reconnect. */
  readonly subscriber: Redis;
  readonly keys: Keys;
  /**
   * Tells of a command that failed. One that was not answered in time means that the connection hangs (R5): it is made
   * anew, and until Redis answers again every command fails at once. Otherwise ioredis would keep all that is sent.
   */
  noteFailure(error: unknown): void;
  close(): Promise<void>;
}

export interface RedisConnectionOptions {
  url: string;
  /** Which process, as `CLIENT LIST` shows it. */
  name: string;
  /** Prefix of every key, so that installations can share a Redis. */
  prefix: string;
  log: Logger;
}

/** Opens both connections in the background: a Redis that is away when a process starts does not stop it. */
export function openRedis(options: RedisConnectionOptions): RedisConnections {
  const commands = open(options, { enableOfflineQueue: false, commandTimeout: COMMAND_TIMEOUT_MS }, 'commands');
  const subscriber = open(options, { enableOfflineQueue: true }, 'subscriber');
  let disconnecting = false;
  commands.on('close', () => {
    disconnecting = false;
  });
  return {
    commands,
    subscriber,
    keys: createKeys(options.prefix),
    noteFailure(error) {
      if (!(error instanceof Error) || error.message !== TIMED_OUT || commands.status !== 'ready') return;
      if (disconnecting) return;
      disconnecting = true;
      options.log.warn('Redis does not answer; reconnecting');
      commands.disconnect(true);
    },
    async close() {
      commands.disconnect();
      subscriber.disconnect();
    },
  };
}

function open(options: RedisConnectionOptions, extra: RedisOptions, use: string): Redis {
  const settings = {
    connectionName: `${options.name}:${use}`,
    maxRetriesPerRequest: null,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 10), MAX_RECONNECT_DELAY_MS),
    ...extra,
    replyMapping: 'legacy' as const,
  };
  const redis = new Redis(options.url, settings);
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away) options.log.warn({ use, error: error.message }, 'Redis is away');
    away = true;
  });
  redis.on('ready', () => {
    if (away) options.log.info({ use }, 'Redis is back');
    away = false;
  });
  return redis;
}

/** What ioredis throws when a connection breaks. */
export function createConnectionLoss(): Error {
  return new Error('Connection is closed.');
}
