import type { TaskId, Visibility } from '@nightshift/domain';
import { type EventRow, type Pool, readTails } from '@nightshift/store';
import { type RedisConnections, subscribeLive } from '@nightshift/streams';
import type { Logger, Metrics } from '@nightshift/telemetry';
import { type EventSlice, type TypeFilter, toSlice } from './event-slice.ts';
import { createPublisher } from './publisher.ts';
import { readLog } from './read-log.ts';
import type { WireEvent } from './render-row.ts';
import { Follower } from './task-feed.ts';

/** How long a lost wake-up can go unnoticed: readers are compared with Postgres this often. */
const COMPARE_INTERVAL_MS = 1_000;

export interface FollowOptions {
  /** The last sequence number the reader has; 0 for everything. */
  after: number;
  visibility: Visibility;
  signal: AbortSignal;
}

/** All readers of a process: one subscriber connection, one timer, whatever the number of clients. */
export interface EventHub {
  /**
   * Replays the log after the cursor, then follows it. Yields slices of which each begins at the cursor + 1: never a
   * hole, never a repeat. Ends after the final event of the last run, or when the signal aborts.
   */
  follow(taskId: TaskId, options: FollowOptions): AsyncGenerator<EventSlice, void, void>;
  /** A page of the log as JSON. `lastSeq` is the cursor to go on from; it may be past the last visible event. */
  page(
    taskId: TaskId,
    options: { after: number; limit: number; visibility: Visibility; filter?: TypeFilter },
  ): Promise<{ events: WireEvent[]; lastSeq: number }>;
  /** Resolves when the log has something after the cursor, after the timeout, or when the signal aborts. */
  waitForNews(taskId: TaskId, after: number, timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Publishes rows that this process has committed. Best effort. */
  publishNow(rows: readonly EventRow[]): void;
  close(): void;
}

export function createEventHub(deps: { pool: Pool; redis: RedisConnections; log: Logger; metrics: Metrics }): EventHub {
  const followers = new Map<TaskId, Set<Follower>>();
  const reader = { db: deps.pool, redis: deps.redis, metrics: deps.metrics };
  const publisher = createPublisher({ ...deps, db: deps.pool });
  /** The last sequence number known for a followed task, by push, read or comparison. */
  const seen = new Map<TaskId, number>();

  function note(taskId: TaskId, lastSeq: number): void {
    if (followers.has(taskId)) seen.set(taskId, Math.max(seen.get(taskId) ?? 0, lastSeq));
  }

  const live = subscribeLive(deps.redis, {
    onEntry(taskId, entry) {
      note(taskId, entry.lastSeq);
      for (const follower of followers.get(taskId) ?? []) follower.push(entry);
    },
    onReconnect() {
      for (const group of followers.values()) for (const follower of group) markStale(follower);
    },
  });

  function markStale(follower: Follower): void {
    follower.stale = true;
    follower.wake();
  }

  /** What was in Postgres one interval ago and was not pushed by now was lost on the way. */
  let behind = new Map<TaskId, number>();
  const timer = setInterval(() => {
    compare().catch((error: unknown) => deps.log.debug({ error: String(error) }, 'readers not compared with Postgres'));
  }, COMPARE_INTERVAL_MS);

  async function compare(): Promise<void> {
    if (followers.size === 0) return;
    const tails = await readTails(deps.pool, [...followers.keys()]);
    const next = new Map<TaskId, number>();
    for (const [taskId, tail] of tails) {
      const known = seen.get(taskId) ?? 0;
      if (known < (behind.get(taskId) ?? 0)) {
        seen.set(taskId, tail.lastSeq);
        for (const follower of followers.get(taskId) ?? []) markStale(follower);
      } else if (known < tail.lastSeq) next.set(taskId, tail.lastSeq);
    }
    behind = next;
  }

  function attach(taskId: TaskId): Follower {
    const follower = new Follower(taskId);
    const group = followers.get(taskId);
    if (group) group.add(follower);
    else {
      followers.set(taskId, new Set([follower]));
      live.add(taskId);
    }
    deps.metrics.streamSubscribers.inc();
    return follower;
  }

  function detach(follower: Follower): void {
    const group = followers.get(follower.taskId);
    group?.delete(follower);
    deps.metrics.streamSubscribers.dec();
    if (group && group.size === 0) {
      followers.delete(follower.taskId);
      seen.delete(follower.taskId);
      behind.delete(follower.taskId);
      live.remove(follower.taskId);
    }
  }

  /** A final event ends the stream only if nothing follows it: a replay continues the same sequence. */
  async function isEnd(taskId: TaskId, lastSeq: number): Promise<boolean> {
    const tail = (await readTails(deps.pool, [taskId])).get(taskId);
    return tail === undefined || tail.lastSeq <= lastSeq;
  }

  /** Three phases, as the names say: backfill until nothing is missing, cutover to what was pushed meanwhile, live. */
  async function* follow(taskId: TaskId, options: FollowOptions): AsyncGenerator<EventSlice, void, void> {
    const follower = attach(taskId); // before the first look, so that nothing falls in between
    let cursor = options.after;
    follower.stale = true;
    try {
      while (!options.signal.aborted) {
        while (follower.stale && !options.signal.aborted) {
          follower.stale = false;
          const entries = await readLog(reader, taskId, cursor);
          if (entries.length > 0) follower.stale = true; // there may be another page
          for (const entry of entries) {
            yield toSlice(entry, cursor, options.visibility);
            cursor = entry.lastSeq;
            note(taskId, cursor);
            if (entry.final && (await isEnd(taskId, cursor))) return;
          }
        }
        for (const entry of follower.take()) {
          if (entry.lastSeq <= cursor) continue;
          if (entry.firstSeq > cursor + 1) {
            follower.lag(); // a hole: read it from where it is
            break;
          }
          yield toSlice(entry, cursor, options.visibility);
          cursor = entry.lastSeq;
          if (entry.final && (await isEnd(taskId, cursor))) return;
        }
        await follower.wait(options.signal);
      }
    } finally {
      detach(follower);
    }
  }

  return {
    follow,
    async page(taskId, { after, limit, visibility, filter }) {
      const events: WireEvent[] = [];
      let cursor = after;
      for (;;) {
        const entries = await readLog(reader, taskId, cursor);
        for (const entry of entries) {
          for (const event of toSlice(entry, cursor, visibility).toJson(filter)) {
            if (events.length === limit) return { events, lastSeq: events.at(-1)?.sequence_number ?? cursor };
            events.push(event);
          }
          cursor = entry.lastSeq;
        }
        if (entries.length === 0) return { events, lastSeq: cursor };
      }
    },
    async waitForNews(taskId, after, timeoutMs, signal) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      for await (const _slice of follow(taskId, { after, visibility: 'developer', signal: deadline })) return;
    },
    publishNow: (rows) => publisher.publish(rows),
    close() {
      clearInterval(timer);
      for (const group of followers.values()) for (const follower of group) follower.wake();
    },
  };
}
