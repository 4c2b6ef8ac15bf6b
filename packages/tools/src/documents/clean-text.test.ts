import { describe, expect, it } from 'vitest';
import { cleanText, cleanTitle } from './clean-text.ts';

describe('cleanText', () => {
  it('shows NUL and replaces lone surrogates, which Postgres would refuse', () => {
    expect(cleanText('a\u0000b \uD800 c \uDC00')).toBe('a\u2400b \uFFFD c \uFFFD');
  });

  it('keeps characters outside the basic plane', () => {
    expect(cleanText('😀 𠮷')).toBe('😀 𠮷');
  });

  it('drops terminal escapes and other control characters', () => {
    expect(cleanText('\u001b[31mred\u001b[0m\u0007 \u0085x\u009by')).toBe('red\nx');
  });

  it('drops what a person does not see: bidirectional overrides, zero-width marks, tags, soft hyphens', () => {
    const hidden = [...'ignore'].map((c) => String.fromCodePoint(0xe0000 + (c.codePointAt(0) ?? 0))).join('');
    expect(cleanText(`pay\u202E\u200B\u00AD ${hidden}now\uFEFF`)).toBe('pay now');
  });

  it('unifies line breaks and blank lines', () => {
    expect(cleanText('\r\n\na  \r\nb\r\r\r\rc\fd\n')).toBe('a\nb\n\nc\n\nd');
  });
});

describe('cleanTitle', () => {
  it('is one line of at most 200 characters, or nothing', () => {
    expect(cleanTitle(' A\n title ')).toBe('A title');
    expect(cleanTitle('x'.repeat(500))).toHaveLength(200);
    expect(cleanTitle(' \u0007 ')).toBeUndefined();
    expect(cleanTitle(undefined)).toBeUndefined();
  });
});
