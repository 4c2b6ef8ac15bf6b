import { describe, expect, it } from 'vitest';
import { analysePage } from './analyse-page.ts';
import { rankSentences } from './rank-sentences.ts';
import { splitBlocks } from './split-blocks.ts';

function quote(text: string): string[] {
  return rankSentences(splitBlocks(text), { language: 'en', title: '', page: 1 }).map((sentence) => sentence.text);
}

describe('rankSentences', () => {
  it('takes short sentences when the text has no others', () => {
    expect(quote('# Note\n\nIt was made on 5 May 2025. It costs 12 €.')).toEqual([
      'It was made on 5 May 2025.',
      'It costs 12 €.',
    ]);
  });

  it('leaves short sentences out when there are enough of the usual length', () => {
    const long = ['council', 'library', 'harbour'].map(
      (who) => `The ${who} decided after long discussion to repair its leaking roof before winter.`,
    );
    expect(quote(`${long.join(' ')} See below.`)).toEqual(long);
  });

  it('quotes the lines of a text that has no sentence at all, but no rows of numbers', () => {
    expect(quote('| Oak | 12 |\n| --- | --- |\n| Ash | 9 |')).toEqual(['Oak 12', 'Ash 9']);
    expect(quote('1 2 3 4 5 6 7 8 9')).toEqual([]);
  });

  it('leaves addresses of links out, which nobody reads aloud', () => {
    const text = 'The project welcomes all constructive contributions from its users (https://example.org/contribute).';
    expect(analysePage({ text, page: 1 }).sentences.map((sentence) => sentence.text)).toEqual([
      'The project welcomes all constructive contributions from its users.',
    ]);
  });
});
