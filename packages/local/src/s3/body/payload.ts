import { createHash } from 'node:crypto';
import type { PayloadSigning } from '../auth/payload-signing.ts';
import { S3Error } from '../s3-error.ts';
import { type ChecksumAlgorithm, createChecksumHasher } from './checksum.ts';
import { findDeclaredChecksum, resolveChecksumValue } from './declared-checksum.ts';
import { decodeAwsChunked } from './decode-aws-chunked.ts';

/** The most one PUT may carry; larger objects go through multipart. */
const MAX_PUT_BYTES = 5 * 1024 ** 3;

export interface PayloadDigests {
  sizeBytes: number;
  md5Hex: string;
  /** Base64, of the algorithm the request declared or the caller asked for. */
  checksum: { algorithm: ChecksumAlgorithm; value: string } | null;
}

export interface ReadOptions {
  /** The checksum to compute when the request declares none. */
  fallbackAlgorithm?: ChecksumAlgorithm | null;
  /** False for CompleteMultipartUpload, whose `x-amz-checksum-*` is of the object and not of the document it sends. */
  isChecksumOfBody?: boolean;
}

export interface PayloadOptions {
  source: AsyncIterator<Buffer>;
  headers: ReadonlyMap<string, string>;
  signing: PayloadSigning;
}

/**
 * The body of a request with its framing stripped. It is streamed; what the request declared (length, MD5, SHA-256,
 * checksum, chunk signatures) is verified at its end, so a consumer that got to the end has what the client sent.
 */
export class Payload {
  readonly #options: PayloadOptions;
  #digests: PayloadDigests | null = null;

  constructor(options: PayloadOptions) {
    this.#options = options;
  }

  /**
   * The bytes, once.
   * @throws S3Error `MissingContentLength`, `EntityTooLarge`, `IncompleteBody`, `BadDigest`, `InvalidDigest`, `XAmzContentSHA256Mismatch`
   */
  async *read({ fallbackAlgorithm = null, isChecksumOfBody = true }: ReadOptions = {}): AsyncGenerator<Buffer> {
    const { source, headers, signing } = this.#options;
    const expectedBytes = readExpectedBytes(headers, signing);
    const contentMd5 = readContentMd5(headers);
    const declared = isChecksumOfBody ? findDeclaredChecksum(headers) : null;
    const algorithm = declared?.algorithm ?? fallbackAlgorithm;
    const trailers = new Map<string, string>();
    const chunks =
      signing.kind === 'chunked'
        ? decodeAwsChunked(source, { seed: signing.seed, trailers })
        : { [Symbol.asyncIterator]: () => source };

    const md5 = createHash('md5');
    const sha256 = signing.kind === 'hashed' ? createHash('sha256') : null;
    const checksum = algorithm === null ? null : createChecksumHasher(algorithm);
    let sizeBytes = 0;
    for await (const chunk of chunks) {
      sizeBytes += chunk.length;
      if (sizeBytes > expectedBytes) throw new S3Error('IncompleteBody');
      md5.update(chunk);
      sha256?.update(chunk);
      checksum?.update(chunk);
      yield chunk;
    }

    if (sizeBytes !== expectedBytes) throw new S3Error('IncompleteBody');
    if (signing.kind === 'hashed' && sha256?.digest('hex') !== signing.sha256Hex) {
      throw new S3Error('XAmzContentSHA256Mismatch');
    }
    const md5Digest = md5.digest();
    if (contentMd5 !== null && !contentMd5.equals(md5Digest)) throw new S3Error('BadDigest');
    const value = checksum?.digest().toString('base64') ?? null;
    const expectedValue = declared === null ? null : resolveChecksumValue(declared, trailers);
    if (expectedValue !== null && expectedValue !== value) {
      throw new S3Error('BadDigest', {
        message: `The ${algorithm} you specified did not match the calculated checksum.`,
      });
    }
    this.#digests = {
      sizeBytes,
      md5Hex: md5Digest.toString('hex'),
      checksum: algorithm === null || value === null ? null : { algorithm, value },
    };
  }

  /** What was read. Only after `read` has ended. */
  get digests(): PayloadDigests {
    if (this.#digests === null) throw new Error('the digests of a payload are known only after it was read to its end');
    return this.#digests;
  }

  /** The whole body as text, for the XML documents. @throws S3Error `MalformedXML` when it is larger than `maxBytes` */
  async readText(maxBytes: number, options: ReadOptions = {}): Promise<string> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of this.read(options)) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new S3Error('MalformedXML');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

function readExpectedBytes(headers: ReadonlyMap<string, string>, signing: PayloadSigning): number {
  const isFramed = signing.kind === 'chunked';
  const text = headers.get(isFramed ? 'x-amz-decoded-content-length' : 'content-length');
  if (text === undefined) {
    if (!isFramed && !headers.has('transfer-encoding')) return 0;
    throw new S3Error('MissingContentLength');
  }
  if (!/^\d{1,15}$/.test(text))
    throw new S3Error('InvalidArgument', { message: 'The length of the body is not a number.' });
  if (Number(text) > MAX_PUT_BYTES) {
    throw new S3Error('EntityTooLarge', { fields: { ProposedSize: text, MaxSizeAllowed: String(MAX_PUT_BYTES) } });
  }
  return Number(text);
}

function readContentMd5(headers: ReadonlyMap<string, string>): Buffer | null {
  const text = headers.get('content-md5');
  if (text === undefined) return null;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 16) throw new S3Error('InvalidDigest');
  return bytes;
}
