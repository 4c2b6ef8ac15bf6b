import { describe, expect, it } from 'vitest';
import { CHECKSUM_ALGORITHMS, combineChecksums, createChecksumHasher } from './checksum.ts';

describe('createChecksumHasher', () => {
  it('createChecksumHasher gives the published check values of "123456789" however it is cut', () => {
    const expected = {
      CRC32: 'cbf43926',
      CRC32C: 'e3069283',
      SHA1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
      SHA256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
    };
    for (const algorithm of CHECKSUM_ALGORITHMS) {
      const hasher = createChecksumHasher(algorithm);
      for (const piece of ['1234', '', '56789']) hasher.update(Buffer.from(piece));
      expect(hasher.digest().toString('hex')).toBe(expected[algorithm]);
    }
  });
});

describe('combineChecksums', () => {
  it('combineChecksums hashes the bytes of the parts and appends their number', () => {
    const hasher = createChecksumHasher('SHA256');
    hasher.update(Buffer.from([1, 2, 3, 4]));
    const value = `${hasher.digest().toString('base64')}-2`;
    expect(combineChecksums('SHA256', ['AQI=', 'AwQ='])).toEqual({ algorithm: 'SHA256', type: 'COMPOSITE', value });
  });
});
