import { describe, expect, it } from 'vitest';
import { splitForSpeech } from './split-for-speech.ts';

const withoutSpace = (text: string) => text.replace(/\s+/g, '');

describe('splitForSpeech', () => {
  it('keeps short text whole', () => {
    expect(splitForSpeech('  One. Two. ')).toEqual(['One. Two.']);
  });

  it('cuts at the ends of sentences', () => {
    expect(splitForSpeech('First one here. Second one here. Third.', 35)).toEqual([
      'First one here. Second one here.',
      'Third.',
    ]);
  });

  it('cuts a sentence that is too long between words', () => {
    const pieces = splitForSpeech('alpha beta gamma delta epsilon', 12);
    expect(pieces).toEqual(['alpha beta', 'gamma delta', 'epsilon']);
  });

  it.each([
    ['characters of two code units', '𠀀'.repeat(5_000)],
    ['Chinese', '夜班结束了。'.repeat(2_000)],
    ['one word', 'x'.repeat(9_000)],
    ['prose', 'The night was long, and the report was longer! '.repeat(300)],
  ])('loses no character of %s and never exceeds the limit', (_name, text) => {
    const pieces = splitForSpeech(`${text} end`);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(2_900);
    expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
    expect(withoutSpace(pieces.join(''))).toBe(withoutSpace(`${text} end`));
  });

  it('leaves out what has nothing to say, and makes gaps of control characters', () => {
    expect(splitForSpeech('***')).toEqual([]);
    expect(splitForSpeech('a\u0000b\u001bc')).toEqual(['a b c']);
  });
});
