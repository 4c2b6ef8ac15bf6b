import type { TaskId } from '@nightshift/domain';
import type { EventRow, Pool, Queryable } from '@nightshift/store';
import type { RedisConnections } from '@nightshift/streams';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { EventSlice } from './event-slice.ts';
import { type FollowOptions, followTask } from './follow-task.ts';
import { createFollowers } from './followers.ts';
import { createPublisher } from './publisher.ts';
import { type LogPage, type PageOptions, readPage } from './read-page.ts';

/** All readers of a process: one subscriber connection, one timer, whatever the number of clients. */
export interface EventHub {
  /**
   * Replays the log after the cursor, then follows it. Yields slices of which each begins at the cursor + 1: never a
   * hole, never a repeat. Ends after the final event of the last run, or when the signal aborts; a database that is away
   * is waited for.
   */
  follow(taskId: TaskId, options: FollowOptions): AsyncGenerator<EventSlice, void, void>;
  /** A page of the log as JSON. */
  page(taskId: TaskId, options: PageOptions): Promise<LogPage>;
  /** Resolves when the log has something after the cursor, after the timeout, or when the signal aborts. */
  waitForNews(taskId: TaskId, after: number, timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Publishes rows that this process has committed. Best effort. */
  publishNow(rows: readonly EventRow[]): void;
  /** Stops the timer and the subscriptions. Readers end by their own signals. */
  close(): void;
}

export function createEventHub(deps: {
  pool: Pool;
  /** What a reader asks until its signal aborts; the pool unless told otherwise. */
  forReader?: (signal: AbortSignal) => Queryable;
  redis: RedisConnections;
  log: Logger;
  metrics: Metrics;
}): EventHub {
  const followers = createFollowers(deps);
  const forReader = deps.forReader ?? (() => deps.pool);
  const toReader = (signal: AbortSignal) => ({
    db: forReader(signal),
    redis: deps.redis,
    metrics: deps.metrics,
    followers,
  });
  const publisher = createPublisher({ ...deps, db: deps.pool });
  return {
    follow: (taskId, options) => followTask(toReader(options.signal), taskId, options),
    page: (taskId, options) => readPage(toReader(options.signal ?? new AbortController().signal), taskId, options),
    async waitForNews(taskId, after, timeoutMs, signal) {
      const stop = new AbortController();
      const abort = () => stop.abort();
      const timer = setTimeout(abort, timeoutMs);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      try {
        const news = followTask(toReader(stop.signal), taskId, { after, visibility: 'developer', signal: stop.signal });
        for await (const _slice of news) return;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
      }
    },
    publishNow: (rows) => publisher.publish(rows),
    close: () => followers.close(),
  };
}
