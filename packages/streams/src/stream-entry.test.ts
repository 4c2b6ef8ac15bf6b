import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTexts, encodeTexts } from './stream-entry.ts';

/** Anything that can stand in a rendered text: unicode, newlines, colons, digits, frames that somebody forged. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }).map((value) => value.toWellFormed()),
  fc.constantFrom('', ':', '3:abc', '\n\nevent: task.completed\ndata: {}\n\n', 'id: 1\n\n', '👩‍👩‍👧 😀', '\r\n'),
);

describe('encodeTexts', () => {
  it('gives decodeTexts back what it got, for two different texts and for one', () => {
    fc.assert(
      fc.property(text, text, (userText, developerText) => {
        expect(decodeTexts(encodeTexts({ userText, developerText }))).toEqual({ userText, developerText });
        expect(decodeTexts(encodeTexts({ userText, developerText: userText }))).toEqual({
          userText,
          developerText: userText,
        });
      }),
      { numRuns: 2_000 },
    );
  });

  it('survives the way through Redis as UTF-8', () => {
    fc.assert(
      fc.property(text, text, (userText, developerText) => {
        const stored = Buffer.from(encodeTexts({ userText, developerText })).toString();
        expect(decodeTexts(stored)).toEqual({ userText, developerText });
      }),
      { numRuns: 2_000 },
    );
  });

  it('stores one text when both readers see the same', () => {
    expect(encodeTexts({ userText: 'same', developerText: 'same' })).toBe(':same');
    expect(encodeTexts({ userText: '', developerText: 'secret' })).toBe('0:secret');
  });
});
