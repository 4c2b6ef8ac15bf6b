import { createHash } from 'node:crypto';
import { hashText, isSameSignature, signText } from '../auth/signing-key.ts';
import { S3Error } from '../s3-error.ts';

/** What the chain of chunk signatures starts from: the signature of the request's headers. */
export interface ChunkSeed {
  signingKey: Buffer;
  /** `yyyymmdd/region/s3/aws4_request` */
  scope: string;
  amzDate: string;
  signature: string;
}

const EMPTY_SHA256 = hashText('');

/**
 * Verifies the signatures of an aws-chunked body; each covers its chunk and the signature before it
 * ("Signature calculations for the authorization header: transferring payload in multiple chunks", S3 API reference).
 */
export class ChunkSignatureChain {
  readonly #seed: ChunkSeed;
  #previous: string;
  #hash = createHash('sha256');

  constructor(seed: ChunkSeed) {
    this.#seed = seed;
    this.#previous = seed.signature;
  }

  update(data: Buffer): void {
    this.#hash.update(data);
  }

  /** Ends the current chunk. @throws S3Error `SignatureDoesNotMatch` */
  endChunk(given: string): void {
    const dataHash = this.#hash.digest('hex');
    this.#hash = createHash('sha256');
    this.#verify('AWS4-HMAC-SHA256-PAYLOAD', [EMPTY_SHA256, dataHash], given);
  }

  /** @param lines the trailing headers as they were sent, `name:value` with a line feed each */
  endTrailer(lines: string, given: string): void {
    this.#verify('AWS4-HMAC-SHA256-TRAILER', [hashText(lines)], given);
  }

  #verify(algorithm: string, hashes: readonly string[], given: string): void {
    const { amzDate, scope, signingKey } = this.#seed;
    const expected = signText(signingKey, [algorithm, amzDate, scope, this.#previous, ...hashes].join('\n'));
    if (!isSameSignature(expected, given)) {
      throw new S3Error('SignatureDoesNotMatch', { message: 'The signature of a chunk of the body does not match.' });
    }
    this.#previous = expected;
  }
}
