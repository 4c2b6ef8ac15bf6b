import { createFailure, type Failure } from '@nightshift/domain';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RetryNotice, type RetryOptions, retry } from './retry.ts';

const POLICY = { maxAttempts: 4, minTimeoutMs: 1_000, factor: 2, maxTimeoutMs: 3_000 };
const OUTAGE = createFailure('tool_failed', 'down');

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Calls that fail a number of times, and when each was made. */
function start(more: Partial<RetryOptions> & { failures: number; failure?: Failure; random?: number }) {
  const calledAtMs: number[] = [];
  const notices: RetryNotice[] = [];
  const startedAt = Date.now();
  const settled = retry(
    { random: () => more.random ?? 0.999_999, now: Date.now },
    async (attempt) => {
      calledAtMs.push(Date.now() - startedAt);
      if (attempt <= more.failures) throw new Error('down');
      return attempt;
    },
    {
      policy: POLICY,
      toFailure: () => more.failure ?? OUTAGE,
      onRetry: (notice) => {
        notices.push(notice);
      },
      ...more,
    },
  ).then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  );
  return { calledAtMs, notices, settled };
}

describe('retry', () => {
  it('backs off under a growing, capped ceiling and stops at the last try', async () => {
    const { calledAtMs, notices, settled } = start({ failures: 9 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(calledAtMs).toEqual([0, 1_000, 3_000, 6_000]);
    expect(notices.map(({ attempt, delayMs }) => [attempt, delayMs])).toEqual([
      [1, 1_000],
      [2, 2_000],
      [3, 3_000],
    ]);
    const { error } = await settled;
    expect(error).toMatchObject({ name: 'RetryStoppedError', why: 'max_attempts', attempts: 4, failure: OUTAGE });
  });

  it('jitters fully: the least random wait is none', async () => {
    const { notices, settled } = start({ failures: 2, random: 0 });
    await vi.advanceTimersByTimeAsync(10);
    expect(await settled).toMatchObject({ value: 3 });
    expect(notices.map(({ delayMs }) => delayMs)).toEqual([0, 0]);
  });

  it('never comes back before the wait that was asked for', async () => {
    const failure = createFailure('tool_rate_limited', 'slow down', { retryAfterMs: 10_000 });
    const { calledAtMs, settled } = start({ failures: 1, failure, random: 0 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await settled).toMatchObject({ value: 2 });
    expect(calledAtMs).toEqual([0, 10_000]);
  });

  it('does not try again what cannot get better', async () => {
    const { calledAtMs, settled } = start({ failures: 1, failure: createFailure('tool_rejected', 'no') });
    expect((await settled).error).toMatchObject({ why: 'non_retryable', attempts: 1 });
    expect(calledAtMs).toEqual([0]);
  });

  it('stops instead of waiting past the deadline', async () => {
    const { calledAtMs, settled } = start({ failures: 9, deadlineAt: Date.now() + 2_500 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect((await settled).error).toMatchObject({ why: 'deadline', attempts: 2 });
    expect(calledAtMs).toEqual([0, 1_000]);
  });

  it('ends a back-off at once on abort, and never calls the function again', async () => {
    const stop = new AbortController();
    const { calledAtMs, settled } = start({ failures: 9, signal: stop.signal });
    await vi.advanceTimersByTimeAsync(500);
    stop.abort('enough');
    expect((await settled).error).toBe('enough');
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(calledAtMs).toEqual([0]);
  });

  it('does not call the function when the signal has aborted before', async () => {
    const { calledAtMs, settled } = start({ failures: 0, signal: AbortSignal.abort('enough') });
    expect((await settled).error).toBe('enough');
    expect(calledAtMs).toEqual([]);
  });

  it('refuses a policy that cannot be followed and names the field', async () => {
    const { settled } = start({ failures: 0, policy: { ...POLICY, maxAttempts: 0 } });
    expect((await settled).error).toMatchObject({ message: expect.stringMatching(/retry\.maxAttempts .* got 0/) });
  });
});
