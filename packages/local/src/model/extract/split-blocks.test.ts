import { describe, expect, it } from 'vitest';
import { splitBlocks } from './split-blocks.ts';
import { splitSentences } from './split-sentences.ts';

describe('splitBlocks', () => {
  it('joins wrapped lines, undoes hyphenation and drops page numbers', () => {
    const text =
      'The supplier delivers the goods within four weeks and informs the cus-\ntomer about every delay in writing, as soon as it becomes known.\n\nPage 3 of 12\n\nA new paragraph begins here.';
    expect(splitBlocks(text).map((block) => block.text)).toEqual([
      'The supplier delivers the goods within four weeks and informs the customer about every delay in writing, as soon as it becomes known.',
      'A new paragraph begins here.',
    ]);
  });

  it('keeps the lines of an address apart', () => {
    const text =
      'Giuseppe Conti\nMeccanica Alpina S.p.A.\nTorino\n\nThis long line of prose shows how wide the text of this page is usually wrapped.';
    expect(
      splitBlocks(text)
        .map((block) => block.text)
        .slice(0, 3),
    ).toEqual(['Giuseppe Conti', 'Meccanica Alpina S.p.A.', 'Torino']);
  });

  it('tells headings, fields, items and rows apart and takes Markdown off', () => {
    const text =
      '# The **Plan**\n\n**Date:** 4 March 2026\n\n- see [the page](https://example.org)\n\na,b,c\n1,2,3\n\n| x | y |\n|---|---|';
    expect(splitBlocks(text).map(({ kind, text: words }) => `${kind}: ${words}`)).toEqual([
      'heading: The Plan',
      'field: Date: 4 March 2026',
      'item: see the page',
      'row: a,b,c',
      'row: 1,2,3',
      'row: | x | y |',
    ]);
  });
});

describe('splitSentences', () => {
  it.each([
    ['en', 'It is described in Schedule A. The Provider pays. J. Smith signed at No. 5 Main St. in May.', 3],
    ['de', 'Am 3. März 2026 tagte der Rat, z. B. zu Art. 5. Herr Dr. Vogel kam.', 2],
    ['fr', 'M. Girard arrive. Il part à 16 h.', 2],
    ['ja', '第一条を定める。第二条を定める。', 2],
  ])('splits %s without breaking at abbreviations', (language, text, count) => {
    expect(splitSentences(text, language)).toHaveLength(count);
  });
});
