import { assertDurationMs } from './assert-option.ts';
import { TimeoutError } from './timeout-error.ts';

export interface TimeoutOptions {
  /** At most 2^31 - 1, what a timer can hold. */
  timeoutMs: number;
  /** Names the work in the TimeoutError. */
  what: string;
  signal?: AbortSignal | undefined;
}

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * The result of `fn`, or a rejection: TimeoutError after `timeoutMs`, the signal's reason when it aborts. `fn` gets a
 * signal that aborts in both cases; one that ignores it holds nobody up, and whatever it settles to later is dropped.
 */
export async function withTimeout<T>(fn: (signal: AbortSignal) => Promise<T>, options: TimeoutOptions): Promise<T> {
  const { timeoutMs, what, signal } = options;
  assertDurationMs('timeoutMs', timeoutMs, { min: 0, max: MAX_TIMEOUT_MS });
  signal?.throwIfAborted();
  const own = new AbortController();
  let stop = (_reason: unknown) => {};
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = (reason) => {
      reject(reason);
      own.abort(reason);
    };
  });
  const onAbort = () => stop(signal?.reason);
  const timer = setTimeout(() => stop(new TimeoutError(what, timeoutMs)), timeoutMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([stopped, fn(own.signal)]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
