import { assertCount } from './assert-option.ts';

/** At most so many holders at once, first come, first served. */
export interface Semaphore {
  /**
   * Resolves with the function that gives the permit back (calling it twice gives back once). Rejects with the signal's
   * reason as soon as it aborts; a caller who gave up never gets a permit.
   */
  acquire(signal?: AbortSignal): Promise<() => void>;
  /** Permits nobody holds. */
  readonly free: number;
  /** Callers in the queue. */
  readonly waiting: number;
}

/** Throws a RangeError unless `permits` is a whole number of at least 1. */
export function createSemaphore(permits: number): Semaphore {
  assertCount('permits', permits, { min: 1 });
  let free = permits;
  /** In order of arrival; a Set, so that somebody who gives up leaves the middle without a search. */
  const queue = new Set<() => void>();

  function createRelease(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = queue;
      if (next) next();
      else free++;
    };
  }

  return {
    get free() {
      return free;
    },
    get waiting() {
      return queue.size;
    },
    async acquire(signal) {
      signal?.throwIfAborted();
      if (free > 0) {
        free--;
        return createRelease();
      }
      return new Promise((resolve, reject) => {
        const giveUp = () => {
          queue.delete(take);
          reject(signal?.reason);
        };
        const take = () => {
          queue.delete(take);
          signal?.removeEventListener('abort', giveUp);
          resolve(createRelease());
        };
        queue.add(take);
        signal?.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
