import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withTimeout } from './with-timeout.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('withTimeout', () => {
  it('hands the result over and leaves no timer', async () => {
    expect(await withTimeout(async () => 7, { timeoutMs: 100, what: 'it' })).toBe(7);
  });

  it('rejects at the time, aborts the work, and drops what it settles to later', async () => {
    let signal: AbortSignal | undefined;
    let failLate = (_error: Error) => {};
    const call = withTimeout(
      (own) => {
        signal = own;
        return new Promise((_resolve, reject) => {
          failLate = reject;
        });
      },
      { timeoutMs: 100, what: 'the query' },
    );
    const settled = call.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(99);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await settled).toMatchObject({ name: 'TimeoutError', message: 'the query took longer than 100 ms' });
    expect(signal?.aborted).toBe(true);
    failLate(new Error('nobody listens, and nothing crashes'));
    await vi.advanceTimersByTimeAsync(1);
  });

  it('rejects with the reason when the signal aborts, and does not start when it has', async () => {
    const stop = new AbortController();
    const options = { timeoutMs: 100, what: 'it', signal: stop.signal };
    const call = withTimeout(() => new Promise(() => {}), options);
    stop.abort('enough');
    await expect(call).rejects.toBe('enough');
    let started = false;
    const late = withTimeout(async () => {
      started = true;
    }, options);
    await expect(late).rejects.toBe('enough');
    expect(started).toBe(false);
  });
});
