import { createId } from '@nightshift/domain';
import { describe, expect, it } from 'vitest';
import { readStreamToken, signStreamToken } from './stream-token.ts';

const secret = { keySha256: Buffer.alloc(32, 7), tokenSecret: 'installation' };
const claims = { keyId: createId('key'), taskId: createId('task'), expiresAt: new Date(1_900_000_000_000) };

describe('stream tokens', () => {
  it('say what was signed, and are genuine with the same secrets only', () => {
    const token = readStreamToken(signStreamToken(claims, secret));
    expect(token).toMatchObject(claims);
    expect(token?.isGenuine(secret)).toBe(true);
    expect(token?.isGenuine({ ...secret, keySha256: Buffer.alloc(32, 8) })).toBe(false);
    expect(token?.isGenuine({ ...secret, tokenSecret: '' })).toBe(false);
  });

  it('are not genuine when a claim was changed', () => {
    const [, signature] = signStreamToken(claims, secret).slice(4).split('.');
    const forged = Buffer.from(`${claims.keyId}.${createId('task')}.1900000000`).toString('base64url');
    expect(readStreamToken(`nst_${forged}.${signature}`)?.isGenuine(secret)).toBe(false);
  });

  it('are nothing else', () => {
    for (const text of ['', 'nst_', 'nst_a.b', 'nst_a.b.c', `nst_${'a'.repeat(500)}.b`, 'nsk_0123456789']) {
      expect(readStreamToken(text)).toBeUndefined();
    }
  });
});
