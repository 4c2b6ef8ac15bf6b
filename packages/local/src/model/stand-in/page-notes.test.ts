import { describe, expect, it } from 'vitest';
import type { Findings } from '../extract/findings.ts';
import { formatNotes, formatPages, parseNotes } from './page-notes.ts';

const FINDINGS: Findings = {
  titles: [{ text: 'Rules × and = signs ¦ more', score: 9.5 }],
  kinds: [{ text: 'contract', score: 14 }],
  languages: [{ text: 'en', score: 1200 }],
  dates: [{ text: '12 March 2026', iso: '2026-03-12' }, { text: '03/04/2026' }],
  amounts: [{ text: 'EUR 5 000', value: 5000, currency: 'EUR', weight: 3.2 }],
  names: [{ text: 'Ada = Lovelace ×2', type: 'person', count: 3 }],
  sentences: [{ text: 'It costs 5 = 5 ×2; nobody: knows.', score: 0.82, page: 3 }],
};

describe('parseNotes', () => {
  it('reads back what formatNotes wrote, whatever signs the document uses', () => {
    const digest = { pages: [1, 2, 4], totalPages: 12, digest: true, findings: FINDINGS };
    const note = { pages: [5], totalPages: 12, digest: false, findings: { ...FINDINGS, names: [] } };
    const text = `Reading on.\n\n${formatNotes(digest)}\n\n${formatNotes(note)}\n\nNot readable: page 9 (damaged): x`;
    const titles = [{ text: 'Rules × and = signs   more', score: 9.5 }];
    expect(parseNotes(text)).toEqual([
      { ...digest, findings: { ...FINDINGS, titles } },
      { ...note, findings: { ...FINDINGS, names: [], titles } },
    ]);
  });

  it('finds nothing in text that is no note', () => {
    expect(parseNotes('Page layout matters.\nPages 3 of us read.\n  Title: none')).toEqual([]);
  });
});

describe('formatPages', () => {
  it('joins runs', () => {
    expect(formatPages([7, 1, 2, 3, 2])).toBe('1-3, 7');
  });
});
