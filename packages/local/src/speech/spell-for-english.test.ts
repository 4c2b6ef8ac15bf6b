import { describe, expect, it } from 'vitest';
import { spellForEnglish } from './spell-for-english.ts';

describe('spellForEnglish', () => {
  it.each([
    ['Müller & Söhne, Straße', 'Mueller & Soehne, Strasse'],
    ['Mu\u0308ller', 'Mueller'],
    ['Le garçon a mangé à Noël', 'Le garcon a mange a Noel'],
    ['Привет, мир', 'preevyet, meer'],
    ['5 € – “fine”…', '5 euros - "fine"...'],
    ['日本 and 😀 text', 'and text'],
    ['a\u0000b\tc\nd', 'a b c d'],
    ['東京', ''],
  ])('reads %j as %j', (text, spelled) => {
    expect(spellForEnglish(text)).toBe(spelled);
  });
});
