import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks until the condition holds. Answers true then, false after `timeoutMs` or when the signal aborts.
 * Errors of the condition are the caller's.
 */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  options: { timeoutMs: number; intervalMs?: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    if (options.signal?.aborted) return false;
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await delay(options.intervalMs ?? 20);
  }
}
