import type { Pool, Queryable } from '@nightshift/store';

/** Connections that readers never have: for submits, keys, readiness and the comparison of open streams. */
const RESERVED_CONNECTIONS = 3;
/** Longest wait for a place, as long as for a connection (open-pool.ts). */
const MAX_WAIT_MS = 5_000;
/** Openings of streams that wait at once; with one more the oldest is answered. */
const MAX_OPENINGS_WAITING = 500;

/** What a query of a reader ends with whose client went away before it was begun. Nobody is left to be told. */
export class ReaderGoneError extends Error {
  override readonly name = 'ReaderGoneError';
}

/**
 * The part of the pool that readers share. A pool forgets nobody who has left: clients that reconnect faster than they
 * are answered fill its queue with work for the gone, in front of submits and readiness, for as long as they go on (F71).
 * In the lane who goes leaves the queue, and the queue has an end.
 *
 * Streams that are to be opened come after all other reading, so that a storm of them begins no more than it can end. Of
 * them the newest goes first: in a storm the oldest is about to give up, and what it were given now would be for nothing.
 */
export interface ReaderLane {
  /**
   * For the queries of one reader, in the order in which they are asked. They fail with `storage_unavailable` when there
   * is no place in time, or when `gone` aborts before they are begun (cause: ReaderGoneError).
   */
  forReader(gone: AbortSignal): Queryable;
  /** The same for what is asked before a stream is opened. */
  forOpening(gone: AbortSignal): Queryable;
}

export function createReaderLane(pool: Pool, options: { maxConnections: number }): ReaderLane {
  const enter = createTurnstile(Math.max(1, options.maxConnections - RESERVED_CONNECTIONS));
  function throughTurnstile(gone: AbortSignal, isOpening: boolean): Queryable {
    const query = async (...args: unknown[]) => {
      const leave = await enter(gone, isOpening);
      try {
        return await (pool.query as (...given: unknown[]) => Promise<unknown>).apply(pool, args);
      } finally {
        leave();
      }
    };
    return { query: query as Queryable['query'] };
  }
  return {
    forReader: (gone) => throughTurnstile(gone, false),
    forOpening: (gone) => throughTurnstile(gone, true),
  };
}

interface Waiter {
  proceed(): void;
  refuse(error: Error): void;
}

/** Resolves with what gives the place back. The words of its errors are those that store takes for "later". */
function createTurnstile(places: number): (gone: AbortSignal, isOpening: boolean) => Promise<() => void> {
  const readers: Waiter[] = [];
  const openings: Waiter[] = [];
  let taken = 0;

  function leave(): void {
    const next = readers.shift() ?? openings.pop();
    if (next) next.proceed();
    else taken--;
  }

  function wait(queue: Waiter[], gone: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const stopWaiting = () => {
        const index = queue.indexOf(waiter);
        if (index !== -1) queue.splice(index, 1);
        clearTimeout(timer);
        gone.removeEventListener('abort', onGone);
      };
      const waiter: Waiter = {
        proceed() {
          stopWaiting();
          resolve(leave);
        },
        refuse(error) {
          stopWaiting();
          reject(error);
        },
      };
      const onGone = () => waiter.refuse(createGone());
      const timer = setTimeout(() => waiter.refuse(createTimeout()), MAX_WAIT_MS);
      gone.addEventListener('abort', onGone, { once: true });
      queue.push(waiter);
    });
  }

  return async (gone, isOpening) => {
    if (gone.aborted) throw createGone();
    if (taken < places) {
      taken++;
      return leave;
    }
    if (isOpening && openings.length >= MAX_OPENINGS_WAITING) openings[0]?.refuse(createTimeout());
    return await wait(isOpening ? openings : readers, gone);
  };
}

function createGone(): ReaderGoneError {
  return new ReaderGoneError('terminated: the reader is gone');
}

function createTimeout(): Error {
  return new Error('timeout: no connection was free for a reader');
}
