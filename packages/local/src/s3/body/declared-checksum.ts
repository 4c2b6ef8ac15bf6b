import { S3Error } from '../s3-error.ts';
import { type ChecksumAlgorithm, parseChecksumAlgorithm, toChecksumHeader } from './checksum.ts';

/** The checksum a request declares for its body. */
export interface DeclaredChecksum {
  algorithm: ChecksumAlgorithm;
  /** Base64; null when it comes in a trailing header, or when only the algorithm was named. */
  value: string | null;
  isTrailing: boolean;
}

const HEADER = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256|sha512|md5|xxhash\w+)$/;

/**
 * Finds the checksum of a body in the headers `x-amz-checksum-*`, `x-amz-trailer` or `x-amz-sdk-checksum-algorithm`.
 * @throws S3Error `InvalidRequest` when there are two, or one of an algorithm this server does not know
 */
export function findDeclaredChecksum(headers: ReadonlyMap<string, string>): DeclaredChecksum | null {
  const direct = [...headers].filter(([name]) => HEADER.test(name));
  const trailing = (headers.get('x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => HEADER.test(name));
  if (direct.length + trailing.length > 1) {
    throw new S3Error('InvalidRequest', { message: 'Expecting a single x-amz-checksum- header' });
  }
  const [given] = direct;
  if (given !== undefined) {
    const [name, value] = given;
    const algorithm = parseChecksumAlgorithm(HEADER.exec(name)?.[1] ?? '');
    return { algorithm, value, isTrailing: false };
  }
  const [trailer] = trailing;
  if (trailer !== undefined) {
    return { algorithm: parseChecksumAlgorithm(HEADER.exec(trailer)?.[1] ?? ''), value: null, isTrailing: true };
  }
  const named = headers.get('x-amz-sdk-checksum-algorithm');
  return named === undefined ? null : { algorithm: parseChecksumAlgorithm(named), value: null, isTrailing: false };
}

/** The value to compare with, once the body has ended. @throws S3Error when a promised trailing header is missing */
export function resolveChecksumValue(declared: DeclaredChecksum, trailers: ReadonlyMap<string, string>): string | null {
  if (!declared.isTrailing) return declared.value;
  const header = toChecksumHeader(declared.algorithm);
  const value = trailers.get(header);
  if (value !== undefined) return value;
  throw new S3Error('InvalidRequest', { message: `The trailing header '${header}' was announced but not sent.` });
}
