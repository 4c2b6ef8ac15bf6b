import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Day, region and service a signature is good for. */
export interface CredentialScope {
  /** `yyyymmdd` */
  date: string;
  region: string;
  service: string;
}

/** Derives the SigV4 key of one scope from the secret. */
export function deriveSigningKey(secretAccessKey: string, scope: CredentialScope): Buffer {
  return [scope.date, scope.region, scope.service, 'aws4_request'].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
}

/** `yyyymmdd/region/service/aws4_request` */
export function formatScope(scope: CredentialScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
}

/** Lower-case hex HMAC-SHA256 of a string to sign. */
export function signText(signingKey: Buffer, text: string): string {
  return createHmac('sha256', signingKey).update(text).digest('hex');
}

/** Lower-case hex SHA-256. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Compares two hex signatures without leaking where they differ. */
export function isSameSignature(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
