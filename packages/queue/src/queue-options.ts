export const QUEUE_NAME = 'tasks';

const COMMAND_TIMEOUT_MS = 1_000;
const MAX_RECONNECT_DELAY_MS = 1_000;

/** BullMQ's own back-off grows to 20 s, during which an idle worker sleeps although Redis is back (measured). */
const retryStrategy = (times: number) => Math.min(50 * 2 ** Math.min(times, 10), MAX_RECONNECT_DELAY_MS);

/** A producer fails at once while Redis is away: nobody waits for a doorbell. */
export function toProducerOptions() {
  return {
    connectionName: 'nightshift:queue',
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy,
    replyMapping: 'legacy' as const,
  };
}

/** A consumer waits for Redis for ever; BullMQ demands it of the connection on which it blocks. */
export function toConsumerOptions() {
  return {
    connectionName: 'nightshift:consumer',
    maxRetriesPerRequest: null,
    retryStrategy,
    replyMapping: 'legacy' as const,
  };
}

/** What ioredis throws when a connection breaks. */
export function createConnectionLoss(): Error {
  return new Error('Connection is closed.');
}
