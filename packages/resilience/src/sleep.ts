import { assertDurationMs } from './assert-option.ts';

/** setTimeout fires at once for anything longer; longer sleeps are several. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Resolves after `ms`. Rejects with the signal's reason as soon as it aborts (at once when it already has), and leaves no
 * timer behind.
 */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  assertDurationMs('ms', ms, { min: 0 });
  let leftMs = ms;
  do {
    const partMs = Math.min(leftMs, MAX_TIMER_MS);
    await sleepOnce(partMs, signal);
    leftMs -= partMs;
  } while (leftMs > 0);
}

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
