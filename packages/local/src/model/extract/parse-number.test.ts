import { describe, expect, it } from 'vitest';
import { parseNumber } from './parse-number.ts';

describe('parseNumber', () => {
  it.each([
    ['1.234,56', 1234.56],
    ['1,200.00', 1200],
    ["12'000", 12_000],
    ['12’000.50', 12_000.5],
    ['5 000', 5_000],
    ['1\u202f250\u202f000', 1_250_000],
    ['1.200', 1_200],
    ['12,345', 12_345],
    ['1.234.567', 1_234_567],
    ['0,5', 0.5],
    ['89.5', 89.5],
    ['500.-', 500],
    ['500,–', 500],
  ])('reads %s as written', (written, value) => {
    expect(parseNumber(written)).toBe(value);
  });

  it('finds no number where there is no digit', () => {
    expect(parseNumber('n/a')).toBeUndefined();
  });
});
