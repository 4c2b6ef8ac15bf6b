import { describe, expect, it } from 'vitest';
import { toServedMediaType } from './served-media-type.ts';

describe('toServedMediaType', () => {
  it.each([
    ['audio/mpeg', 'audio/mpeg'],
    ['text/plain', 'text/plain; charset=utf-8'],
    ['TEXT/CSV; charset=latin1', 'text/csv; charset=utf-8'],
    ['text/html', 'application/octet-stream'],
    ['image/svg+xml', 'application/octet-stream'],
    ['application/xhtml+xml', 'application/octet-stream'],
    ['text/plain\r\nx: y', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ])('serves %j as %s', (stored, served) => {
    expect(toServedMediaType(stored)).toBe(served);
  });
});
