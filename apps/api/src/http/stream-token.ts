import { createHmac, timingSafeEqual } from 'node:crypto';
import { isId, type KeyId, type TaskId } from '@nightshift/domain';

/** What a stream token allows: reading one task until a moment. */
export interface StreamToken {
  keyId: KeyId;
  taskId: TaskId;
  expiresAt: Date;
}

const PREFIX = 'nst_';
const MAX_LENGTH = 400;

/**
 * Signs a token. The secret is the digest of the API key that asked for it together with the installation's own: the
 * token ends when the key is revoked, every API process can check it, and nothing has to be stored.
 */
export function signStreamToken(token: StreamToken, secret: { keySha256: Buffer; tokenSecret: string }): string {
  const claims = `${token.keyId}.${token.taskId}.${Math.floor(token.expiresAt.getTime() / 1000)}`;
  return `${PREFIX}${Buffer.from(claims).toString('base64url')}.${toSignature(claims, secret).toString('base64url')}`;
}

/** Takes a token apart without trusting it; `isGenuine` decides, once the key it names was found. */
export function readStreamToken(
  text: string,
): (StreamToken & { isGenuine(secret: { keySha256: Buffer; tokenSecret: string }): boolean }) | undefined {
  if (text.length > MAX_LENGTH || !text.startsWith(PREFIX)) return undefined;
  const [claimsPart, signaturePart, ...rest] = text.slice(PREFIX.length).split('.');
  if (!claimsPart || !signaturePart || rest.length > 0) return undefined;
  const claims = Buffer.from(claimsPart, 'base64url').toString();
  const [keyId, taskId, seconds] = claims.split('.');
  if (!isId('key', keyId) || !isId('task', taskId) || !/^\d{1,12}$/.test(seconds ?? '')) return undefined;
  const given = Buffer.from(signaturePart, 'base64url');
  return {
    keyId,
    taskId,
    expiresAt: new Date(Number(seconds) * 1000),
    isGenuine(secret) {
      const expected = toSignature(claims, secret);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

function toSignature(claims: string, secret: { keySha256: Buffer; tokenSecret: string }): Buffer {
  return createHmac('sha256', secret.keySha256).update(secret.tokenSecret).update('\0').update(claims).digest();
}
