import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { S3Error } from '../s3-error.ts';
import { crc32c } from './crc32c.ts';

/** The additional checksums this server knows, by their names in the API. */
export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** `FULL_OBJECT` covers all bytes; `COMPOSITE` is the checksum of the parts' checksums, with `-<count>` behind it. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

export interface Checksum {
  algorithm: ChecksumAlgorithm;
  type: ChecksumType;
  /** Base64; a composite one ends in `-<parts>`. */
  value: string;
}

export interface ChecksumHasher {
  update(data: Buffer): void;
  digest(): Buffer;
}

export function createChecksumHasher(algorithm: ChecksumAlgorithm): ChecksumHasher {
  switch (algorithm) {
    case 'CRC32':
      return createCrcHasher(crc32);
    case 'CRC32C':
      return createCrcHasher(crc32c);
    case 'SHA1':
    case 'SHA256': {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (data) => void hash.update(data), digest: () => hash.digest() };
    }
  }
}

function createCrcHasher(crc: (data: Buffer, previous?: number) => number): ChecksumHasher {
  let value = 0;
  return {
    update(data) {
      value = crc(data, value);
    },
    digest() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    },
  };
}

/** `x-amz-checksum-sha256` and its like. */
export function toChecksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** The element of the XML documents, `ChecksumSHA256` and its like. */
export function toChecksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`;
}

/** @throws S3Error `InvalidRequest` for an algorithm this server does not compute, rather than to accept bytes unchecked */
export function parseChecksumAlgorithm(name: string): ChecksumAlgorithm {
  const known = CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === name.toUpperCase());
  if (known !== undefined) return known;
  throw new S3Error('InvalidRequest', { message: `The checksum algorithm '${name.slice(0, 40)}' is not supported.` });
}

/** The checksum of the parts' checksums, as S3 computes it for a multipart upload. */
export function combineChecksums(algorithm: ChecksumAlgorithm, partValues: readonly string[]): Checksum {
  const hasher = createChecksumHasher(algorithm);
  for (const value of partValues) hasher.update(Buffer.from(value, 'base64'));
  return { algorithm, type: 'COMPOSITE', value: `${hasher.digest().toString('base64')}-${partValues.length}` };
}
