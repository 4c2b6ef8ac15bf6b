import { describe, expect, it } from 'vitest';
import { estimateProgress } from './estimate-progress.ts';

describe('estimateProgress', () => {
  it('knows nothing before a task has ended', () => {
    const first = { atMs: 1_000, final: 3 };
    expect(estimateProgress(first, { atMs: 9_000, final: 3 }, 10)).toEqual({
      perMinute: undefined,
      remainingMs: undefined,
    });
    expect(estimateProgress(first, first, 10).remainingMs).toBeUndefined();
  });

  it('counts only what ended while it was watched', () => {
    expect(estimateProgress({ atMs: 0, final: 4 }, { atMs: 30_000, final: 6 }, 10)).toEqual({
      perMinute: 4,
      remainingMs: 60_000,
    });
  });
});
