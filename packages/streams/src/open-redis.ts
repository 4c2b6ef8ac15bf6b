import type { Logger } from '@nightshift/telemetry';
import { Redis, type RedisOptions } from 'ioredis';
import { createKeys, type Keys } from './keys.ts';

/** Redis is a cache and a doorbell: whoever asks gets an answer or an error within this, never a hang. */
const COMMAND_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 2_000;
const MAX_RECONNECT_DELAY_MS = 1_000;

export interface RedisConnections {
  /** Fails at once while Redis is away: no queue of commands that would run later. */
  readonly commands: Redis;
  /** Only for subscriptions; ioredis subscribes again by itself after a reconnect. */
  readonly subscriber: Redis;
  readonly keys: Keys;
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
  return {
    commands,
    subscriber,
    keys: createKeys(options.prefix),
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
