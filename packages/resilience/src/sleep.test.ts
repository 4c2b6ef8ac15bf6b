import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sleep } from './sleep.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('sleep', () => {
  it('resolves at the time and not before', async () => {
    let awake = false;
    const sleeping = sleep(1_000).then(() => {
      awake = true;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(awake).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await sleeping;
    expect(awake).toBe(true);
  });

  it('rejects with the reason at once when the signal aborts, or has aborted, and leaves no timer', async () => {
    const stop = new AbortController();
    const sleeping = sleep(60_000, stop.signal);
    stop.abort('enough');
    await expect(sleeping).rejects.toBe('enough');
    await expect(sleep(0, stop.signal)).rejects.toBe('enough');
  });

  it('sleeps longer than a timer can hold', async () => {
    const ms = 2 ** 31 + 5_000;
    let awake = false;
    const sleeping = sleep(ms).then(() => {
      awake = true;
    });
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(awake).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await sleeping;
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %s and names it', async (ms) => {
    await expect(sleep(ms)).rejects.toThrow(`ms must be milliseconds of at least 0, got ${ms}`);
  });
});
