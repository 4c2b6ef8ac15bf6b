import { describe, expect, it } from 'vitest';
import { toContentDisposition } from './content-disposition.ts';

describe('toContentDisposition', () => {
  it.each([
    ['report.mp3', `attachment; filename="report.mp3"; filename*=UTF-8''report.mp3`],
    ['../../etc/passwd', `attachment; filename=".._.._etc_passwd"; filename*=UTF-8''.._.._etc_passwd`],
    ['a\r\nSet-Cookie: x', `attachment; filename="a__Set-Cookie: x"; filename*=UTF-8''a__Set-Cookie%3A%20x`],
    ['..', `attachment; filename="download"; filename*=UTF-8''download`],
    ['', `attachment; filename="download"; filename*=UTF-8''download`],
    ["it's (1).txt", `attachment; filename="it's (1).txt"; filename*=UTF-8''it%27s%20%281%29.txt`],
  ])('makes one safe line of %j', (name, header) => {
    expect(toContentDisposition(name)).toBe(header);
  });

  it('stays one line of ASCII whatever the name', () => {
    for (const name of ['🎼'.repeat(500), '\ud800', '\u0000'.repeat(2_000), '"\\;%']) {
      expect(toContentDisposition(name)).toMatch(/^[\x20-\x7e]{1,4000}$/);
    }
  });
});
