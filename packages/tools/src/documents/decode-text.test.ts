import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { decodeText, looksLikeText, readCharsetParameter } from './decode-text.ts';

const SAMPLE = 'Größe, año, œuvre – 5 €';

describe('decodeText', () => {
  it.each([
    ['utf-8', 'utf8', {}],
    ['utf-8', 'utf8', { addBOM: true }],
    ['utf-16le', 'utf-16le', { addBOM: true }],
    ['utf-16be', 'utf-16be', { addBOM: true }],
    ['utf-16le', 'utf-16le', {}],
    ['windows-1252', 'windows-1252', {}],
  ])('reads %s without being told', (charset, encoding, options) => {
    const decoded = decodeText(iconv.encode(SAMPLE, encoding, options));
    expect(decoded).toMatchObject({ text: SAMPLE, charset });
  });

  it('reads a declared charset that could not be guessed', () => {
    expect(decodeText(iconv.encode('Привет', 'windows-1251'), 'windows-1251').text).toBe('Привет');
    expect(decodeText(iconv.encode('日本語の文書', 'shift_jis'), 'Shift_JIS').text).toBe('日本語の文書');
  });

  it('believes the bytes when they are UTF-8 and the label says latin-1', () => {
    expect(decodeText(Buffer.from(SAMPLE), 'iso-8859-1')).toMatchObject({ text: SAMPLE, charset: 'utf-8' });
  });

  it('warns when it had to guess', () => {
    expect(decodeText(iconv.encode(SAMPLE, 'windows-1252')).warnings).toHaveLength(1);
    expect(decodeText(Buffer.from(SAMPLE), 'no-such-charset')).toMatchObject({ text: SAMPLE, warnings: [] });
  });
});

describe('looksLikeText', () => {
  it('tells text in any encoding from binary', () => {
    expect(looksLikeText(iconv.encode(SAMPLE, 'utf-16le'))).toBe(true);
    expect(looksLikeText(iconv.encode(SAMPLE.repeat(50), 'windows-1252'))).toBe(true);
    expect(looksLikeText(Buffer.from(`${'text '.repeat(100)}\u0000`))).toBe(true);
    expect(looksLikeText(Uint8Array.from({ length: 1000 }, (_, i) => (i * 197) & 255))).toBe(false);
  });
});

describe('readCharsetParameter', () => {
  it('reads quoted and bare values', () => {
    expect(readCharsetParameter('text/html; charset="ISO-8859-1"')).toBe('ISO-8859-1');
    expect(readCharsetParameter('text/plain;charset=utf-8;format=flowed')).toBe('utf-8');
    expect(readCharsetParameter(undefined)).toBeUndefined();
  });
});
