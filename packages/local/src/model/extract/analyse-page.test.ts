import { describe, expect, it } from 'vitest';
import { analysePage } from './analyse-page.ts';

/** Generous for a loaded machine; each of these takes well under a second alone. */
const MAX_MS = 8_000;

describe('analysePage', () => {
  it.each([
    ['numbers', '123 456 789 '.repeat(9_000)],
    ['initials', 'A. '.repeat(30_000)],
    ['capitalised words', 'Aa Bb Cc Dd '.repeat(8_000)],
    ['one word', 'A'.repeat(100_000)],
    ['ideographs without a line break', '契約。'.repeat(30_000)],
    ['broken characters', '\u0000\ud800 abc '.repeat(10_000)],
    ['brackets', '[[['.repeat(20_000)],
    ['nothing', ''],
  ])('gets through a page of %s', (_name, text) => {
    const started = Date.now();
    const findings = analysePage({ text, page: 1, fileName: 'strange.txt' });
    expect(Date.now() - started).toBeLessThan(MAX_MS);
    expect(findings.names).toEqual([]);
  });
});
