import { describe, expect, it } from 'vitest';
import { toPlainJson } from './to-plain-json.ts';

describe('toPlainJson', () => {
  it('gives what JSON.stringify would, with safe text', () => {
    const value = { at: new Date(0), gone: undefined, nan: Number.NaN, text: 'a\u0000\ud800', list: [undefined, 1] };
    expect(toPlainJson(value, 1_000)).toMatchObject({
      ok: true,
      value: { at: '1970-01-01T00:00:00.000Z', nan: null, text: 'a\u2400\ufffd', list: [null, 1] },
    });
    expect(toPlainJson(undefined, 1_000)).toMatchObject({ ok: true, value: null });
  });

  it('takes a value that stands twice without containing itself', () => {
    const twice = { a: 1 };
    expect(toPlainJson([twice, twice], 1_000)).toMatchObject({ ok: true, value: [{ a: 1 }, { a: 1 }] });
  });

  it('counts bytes, not characters, at the exact limit', () => {
    expect(toPlainJson('é'.repeat(49), 100)).toMatchObject({ ok: true, bytes: 100 });
    expect(toPlainJson('é'.repeat(50), 100)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('100 bytes'),
    });
  });

  it('stops looking at a value as soon as it is too big', () => {
    let looked = 0;
    const chunk = 'x'.repeat(1_000);
    const huge = Array.from({ length: 200_000 }, () => ({
      toJSON: () => {
        looked++;
        return chunk;
      },
    }));
    expect(toPlainJson(huge, 1_000_000).ok).toBe(false);
    expect(looked).toBeLessThan(1_001);
  });

  it('refuses a value that throws when it is looked at', () => {
    const trap = {
      get x() {
        throw new Error('trap');
      },
    };
    expect(toPlainJson(trap, 1_000)).toEqual({ ok: false, problem: 'it throws: trap' });
  });
});
