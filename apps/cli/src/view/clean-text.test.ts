import { describe, expect, it } from 'vitest';
import { cleanText } from './clean-text.ts';

describe('cleanText', () => {
  it('takes out everything that would act on a terminal', () => {
    expect(cleanText('a\u001b[31mred\u001b[0m\u001b]0;title\u0007 b\u0000\u009b2J\u202etxt.exe')).toBe('ared btxt.exe');
  });

  it('makes one line of it and leaves letters of all scripts alone', () => {
    expect(cleanText('  Übergabe\r\n\tder  Häuser — 契約 ')).toBe('Übergabe der Häuser — 契約');
  });
});
