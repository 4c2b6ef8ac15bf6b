import { FailureError, isFinal, type TaskId, type Visibility } from '@nightshift/domain';
import { readTails } from '@nightshift/store';
import { type EventSlice, toGapSlice, toSlice } from './event-slice.ts';
import type { Followers } from './followers.ts';
import { type LogReader, type LogStretch, readLog } from './read-log.ts';
import type { Follower } from './task-feed.ts';

/** A reader outlives a database that is away: it looks again after this. */
const STORAGE_RETRY_MS = 500;

export interface FollowOptions {
  /** The last sequence number the reader has; 0 for everything. */
  after: number;
  visibility: Visibility;
  signal: AbortSignal;
}

/**
 * Three phases: backfill until nothing is missing, cutover to what was pushed meanwhile, live. Whatever is missed (a push,
 * a reconnect, a buffer that overflowed) leads back to the first. Each slice begins at the cursor + 1; one that names a gap
 * stands for events that are gone by retention.
 */
export async function* followTask(
  deps: LogReader & { followers: Followers },
  taskId: TaskId,
  { after, visibility, signal }: FollowOptions,
): AsyncGenerator<EventSlice, void, void> {
  const follower = await deps.followers.attach(taskId, after); // before the first look, so that nothing falls in between
  try {
    while (!signal.aborted) {
      const isBackfill = follower.stale;
      const { gap, entries } = isBackfill ? await backfill(deps, follower, signal) : fromPushed(follower);
      if (gap && !signal.aborted) {
        follower.cursor = gap.to;
        yield toGapSlice(gap);
        if (await isOver(deps, follower, signal)) return;
      }
      // Taken off one by one: a reader that is slow holds what it has not been given, and nothing else.
      for (let entry = entries.shift(); entry; entry = entries.shift()) {
        if (signal.aborted || entry.lastSeq <= follower.cursor) continue;
        if (entry.firstSeq > follower.cursor + 1 && !isBackfill) {
          follower.lag(); // a hole: read from where the cursor is
          break;
        }
        const slice = toSlice(entry, follower.cursor, visibility);
        follower.cursor = entry.lastSeq;
        yield slice;
        if (entry.final && (await isEnd(deps, follower, signal))) return;
      }
      await follower.wait(signal);
    }
  } finally {
    deps.followers.detach(follower);
  }
}

/** The next page after the cursor. The follower stays stale until there is none. */
async function backfill(deps: LogReader, follower: Follower, signal: AbortSignal): Promise<LogStretch> {
  follower.stale = false;
  const stretch = await askPatiently(signal, () => readLog(deps, follower.taskId, follower.cursor));
  if (stretch?.gap || (stretch && stretch.entries.length > 0)) follower.stale = true;
  return stretch ?? { gap: undefined, entries: [] };
}

function fromPushed(follower: Follower): LogStretch {
  return { gap: undefined, entries: follower.take() };
}

/** A final event ends the stream only if nothing follows it: a replay continues the same sequence. */
async function isEnd(deps: LogReader, { taskId, cursor }: Follower, signal: AbortSignal): Promise<boolean> {
  const tails = await askPatiently(signal, () => readTails(deps.db, [taskId]));
  return (tails?.get(taskId)?.lastSeq ?? 0) <= cursor;
}

/** After a gap no event may be left to say that the task is over: its status does. */
async function isOver(deps: LogReader, { taskId, cursor }: Follower, signal: AbortSignal): Promise<boolean> {
  const tail = (await askPatiently(signal, () => readTails(deps.db, [taskId])))?.get(taskId);
  return !tail || (isFinal(tail.status) && tail.lastSeq <= cursor);
}

/** Asks again while the database is away; undefined when the signal aborts meanwhile. */
async function askPatiently<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      await pause(STORAGE_RETRY_MS, signal);
    }
  }
  return undefined;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
